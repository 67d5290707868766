"""`[lab]` of study.toml and lab.toml files above it -> Lab.

Said once for all studies of a laboratory: `lab.toml` stands in any folder above them. What a study says itself comes
first, then the nearest file, key by key. A table of a named instrument and own numbers is

    [lab]
    balance = "five-place analytical balance"
    cycler = { instrument = "MACCOR Series 4000", current_range = "5 mA", voltage_error = "1 mV" }
    die = { diameter_tolerance = "0.02 mm" }

    [lab.reproducibility]
    xps = "3 %"
    lattice_a = "40 ppm"
"""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nacre.core import units, vocabulary
from nacre.core.errors import NacreError, unknown
from nacre.core.lab import ROLES, Accuracy, Instrument, Lab, accuracy, check_role
from nacre.core.quantity import Quantity, parse
from nacre.materials.instruments import data_sheet
from nacre.pipeline.loading.problems import Problems

FILE = "lab.toml"


def read_lab(own: Mapping[str, Any], folder: Path, techniques: Mapping[str, Any], problems: Problems) -> Lab:
    """The lab of a study in `folder`: its own `[lab]`, then every lab.toml from that folder upwards, nearest first."""
    layers = [("study.toml", dict(own))] if own else []
    layers += _files(folder, problems)
    instruments: dict[str, Instrument] = {}
    for role in dict.fromkeys(key for _, layer in layers for key in layer if key != "reproducibility"):
        said = [(file, layer[role]) for file, layer in layers if role in layer]
        with problems.catch(("lab", role), *_place(said[0][0])):
            check_role(role, f"{said[0][0]} [lab]")
            instruments[role] = _instrument(role, said, problems)
    return Lab(instruments, _reproducibility(layers, techniques, problems), tuple(file for file, _ in layers))


def _files(folder: Path, problems: Problems) -> list[tuple[str, dict[str, Any]]]:
    """(name as seen from the study, content) of each lab.toml from the folder upwards."""
    found = []
    for up, place in enumerate((folder, *folder.parents)):
        path = place / FILE
        if path.is_file():
            name = "../" * up + FILE
            with problems.catch(("lab",), *_place(name)):
                found.append((name, _parsed(path, name)))
    return found


def _parsed(path: Path, name: str) -> dict[str, Any]:
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise NacreError("cannot read the lab's file", where=name, found=str(error), expected="TOML, UTF-8") from None
    beside = [key for key in raw if key != "lab"]
    if beside or not isinstance(raw.get("lab", {}), dict):
        key = beside[0] if beside else "lab"
        raise NacreError(f"'{key}' cannot stand here", where=name, expected="one table, [lab], as in study.toml")
    return raw.get("lab", {})


def _place(file: str) -> tuple[str, int]:
    """File and line of a problem: of study.toml the line is looked up by its path."""
    return ("", 0) if file == "study.toml" else (file, 1)


def _instrument(role: str, said: list[tuple[str, Any]], problems: Problems) -> Instrument:
    """One instrument from all that is said of it, the nearest first; a farther file adds what a nearer leaves out."""
    name = ""
    figures: dict[str, tuple[str, str, bool]] = {}
    words: dict[str, tuple[Any, str]] = {}
    for file, content in said:
        table = {"instrument": content} if isinstance(content, str) else content
        if not isinstance(table, dict):
            expected = 'a name of the table, or { repeatability = "0.02 mg", ... }'
            raise NacreError(f"'{role}' is no instrument", where=f"{file} [lab]", found=str(content), expected=expected)
        for key, value in table.items():
            words.setdefault(key, (value, file))
    if "instrument" in words:
        title, file = words.pop("instrument")
        sheet = data_sheet(role, str(title), f"{file} [lab]")
        name = sheet.name
        figures = {key: (text, sheet.source, sheet.verified) for key, text in sheet.figures.items()}
    for key, (value, file) in words.items():
        figures[key] = (value, file, True)
    return Instrument(role, name, _accuracies(role, figures, said[0][0], problems), said[0][0])


def _accuracies(role: str, figures: Mapping[str, tuple], file: str, problems: Problems) -> dict[str, Accuracy]:
    found: dict[str, Accuracy] = {}
    settings = [key for key in figures if ROLES[role].get(key, ("", ""))[1] == "setting"]
    for key in (*settings, *(key for key in figures if key not in settings)):  # ranges before what is a part of them
        text, source, verified = figures[key]
        made = accuracy(role, key, text, f"{file} [lab] {role}", source, verified, found)
        if made is not None:
            found[key] = made
        else:
            words = f"{file} [lab]: the {key} of the {role} is {text}, and the range is not given: it stays unknown."
            problems.add(("lab", role), words, level="warning")
    return found


def _reproducibility(layers, techniques: Mapping[str, Any], problems: Problems) -> dict[str, Quantity]:
    found: dict[str, Quantity] = {}
    for file, layer in layers:
        table = layer.get("reproducibility", {})
        for name, text in table.items() if isinstance(table, dict) else ():
            with problems.catch(("lab", "reproducibility", name), *_place(file)):
                found.setdefault(name, _reproduced(name, text, f"{file} [lab.reproducibility]", techniques))
    return found


def _reproduced(name: str, text: Any, where: str, techniques: Mapping[str, Any]) -> Quantity:
    """A standard deviation between specimens: relative, or in the unit of the quantity it is said of."""
    quantities = vocabulary.words("quantity")
    if name not in quantities and name not in techniques:
        raise unknown("technique or quantity", name, [*techniques, *quantities], where)
    quantity = parse(str(text), where=where)
    wanted = quantities[name].unit if name in quantities else "1"
    if not (units.same_kind(quantity.unit, "1") or units.same_kind(quantity.unit, wanted)):
        raise NacreError(f"'{name}' is not in {quantity.unit}", where=where, expected=f'"3 %" or "... {wanted}"')
    if not quantity.value > 0:
        raise NacreError(f"the reproducibility of '{name}' is not above zero", where=where, found=f"'{text}'")
    return quantity

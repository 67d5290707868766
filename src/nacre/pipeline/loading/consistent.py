"""What declared numbers say together: parts above the whole, a window that is none, a formula of no electrode."""

from collections.abc import Mapping

from nacre.core.errors import NacreError
from nacre.core.quantity import Quantity
from nacre.core.study import Study
from nacre.physics.chemistry.stoichiometry import parse_formula
from nacre.pipeline.loading.problems import Problems

Inputs = Mapping[str, Quantity | str]
WHOLES = {
    "the cathode composite": ("cam_fraction", "se_fraction", "carbon_fraction"),
    "the anode composite": ("anode_fraction", "anode_se_fraction", "anode_carbon_fraction"),
}
SLACK = 1.005  # parts written to three digits
NEVER_ALONE = frozenset({"H", "O", "N", "He", "Ne", "Ar", "Kr", "Xe"})  # made of these alone nothing stores lithium


def check_together(study: Study, problems: Problems) -> None:
    """Adds what contradicts itself in [cell], in each cell that says more than it, and in each sample."""
    _check_cell(study.inputs, ("cell",), "[cell]", problems)
    for name, cell in study.cells.items():
        sample = study.samples.get(cell.sample)
        whole = {**study.inputs, **(sample.inputs if sample else {}), **cell.inputs}
        if set(cell.inputs) & {"lower_voltage", "upper_voltage", *sum(WHOLES.values(), ())}:
            _check_cell(whole, ("cell", name), f"cell '{name}'", problems)
    for i, sample in enumerate(study.samples.values()):
        with problems.catch(("sample", i, "cam")):
            _check_cam(sample.inputs.get("cam"))


def _check_cell(inputs: Inputs, path: tuple, where: str, problems: Problems) -> None:
    for words, names in WHOLES.items():
        with problems.catch((*path, names[0])):
            _check_whole(inputs, words, names, where)
    with problems.catch((*path, "lower_voltage")):
        _check_window(inputs, where)


def _check_whole(inputs: Inputs, words: str, names: tuple[str, ...], where: str) -> None:
    parts = {name: q.to("wt%").value for name in names if isinstance(q := inputs.get(name), Quantity)}
    if sum(parts.values()) > 100 * SLACK:
        found = " + ".join(f"{name} {value:g}" for name, value in parts.items())
        found = f"{found} = {sum(parts.values()):g} wt%"
        what = f"the parts of {words} are more than the whole"
        raise NacreError(what, where=where, found=found, expected="100 wt% at the most")


def _check_window(inputs: Inputs, where: str) -> None:
    low, high = (inputs.get(name) for name in ("lower_voltage", "upper_voltage"))
    if not isinstance(low, Quantity) or not isinstance(high, Quantity):
        return
    lower, upper = low.to("V").value, high.to("V").value
    if lower >= upper:
        found = f"lower_voltage {lower:g} V, upper_voltage {upper:g} V"
        raise NacreError("the lower cut-off is not below the upper", where=where, found=found, do="swap them")


def _check_cam(formula: Quantity | str | None) -> None:
    """A formula that is read as one holds something that can take up charge; a trade name is left alone."""
    try:
        elements = set(parse_formula(formula)) if isinstance(formula, str) else set()
    except (NacreError, ValueError):
        return
    if elements and elements <= NEVER_ALONE:
        expected = 'the active material\'s formula, like "LiNi0.85Co0.10Mn0.05O2"'
        raise NacreError("'cam' is no active material", found=f"'{formula}'", expected=expected)

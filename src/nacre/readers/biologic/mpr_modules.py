"""The modules that a BioLogic .mpr file is made of, as `biologic_mpr` describes them."""

import struct
from dataclasses import dataclass

from nacre.core.errors import ReadError

MAGIC = b"BIO-LOGIC MODULAR FILE\x1a"
FIRST_MODULE = 52
WORD = b"MODULE"
_NEW = 0xFFFFFFFF
_AGAIN = "copy the file again, or export it as text (.mpt) in EC-Lab"


@dataclass(frozen=True)
class Module:
    """One module: `length` is what its header announces, `data` what the file holds of it."""

    name: str
    length: int
    version: int
    new_header: bool
    date: str
    data: bytes


def split(raw: bytes, where: str) -> dict[str, Module]:
    """Modules by their short name ("VMP Set", "VMP data", "VMP LOG", "VMP loop"). Raises ReadError.

    A file that is cut yields the modules up to the cut, the last of them incomplete.
    """
    if not raw.startswith(MAGIC[:22]):
        raise ReadError(
            "this is not a BioLogic .mpr file",
            where=where,
            found=f"{raw[:22]!r} at its start",
            expected=repr(MAGIC[:22]),
            do="give the .mpr that EC-Lab or BT-Lab wrote, or its .mpt export",
        )
    modules: dict[str, Module] = {}
    at = FIRST_MODULE
    while raw[at : at + len(WORD)] == WORD:
        module, at = _module(raw, at + len(WORD), where)
        if module is None:
            break
        modules.setdefault(module.name, module)
    return modules


def _module(raw: bytes, at: int, where: str) -> tuple[Module | None, int]:
    name = raw[at : at + 10].decode("ascii", errors="replace").strip()
    try:
        (length,) = struct.unpack_from("<I", raw, at + 35)
        new = length == _NEW
        if new:
            _, length, old, version = struct.unpack_from("<4I", raw, at + 35)
            version = old or version
        else:
            (version,) = struct.unpack_from("<I", raw, at + 39)
    except struct.error:
        return None, at
    start = at + (59 if new else 51)
    date = raw[start - 8 : start].decode("ascii", errors="replace")
    return Module(name, length, version, new, date, raw[start : start + length]), start + length


def need(modules: dict[str, Module], name: str, size: int, where: str) -> Module:
    """A module of which at least `size` bytes are there. Raises ReadError where the file is cut before."""
    found = modules.get(name)
    if found is None or len(found.data) < size:
        raise ReadError(
            f"the file ends before its data: module '{name}' is " + ("incomplete" if found else "missing"),
            where=where,
            found=", ".join(f"'{known}'" for known in modules) or "no module",
            expected="'VMP Set', 'VMP data'",
            do=_AGAIN,
        )
    return found

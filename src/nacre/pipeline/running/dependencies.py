"""Versions of what a number may depend on beside our own code: Python and every package that Nacre declares.

Declared is what pyproject.toml lists, of the extras too, except the tools of development. An extra counts as in use
where its packages are installed: a technique that finds an engine uses it. Processor and BLAS are not asked for: they
change the last digits only, and results carried to another machine should not be computed again for these.
"""

import platform
import re
import tomllib
from functools import lru_cache
from importlib import metadata
from pathlib import Path

from nacre.core.errors import NacreError
from nacre.core.version import VERSION

TOOLS = {"dev", "docs", "test"}  # extras that no result depends on
# engines that declared packages stand on and that have versions of their own
BENEATH = ("llvmlite", "pybaselines", "rietx-kernels", "casadi", "pybammsolvers")
# what a report names: one line for people; the key of an analysis holds all
NAMED = ("numpy", "scipy", "numba", "polars", "pint", "gemmi", "scikit-image", "h5py", "rietx", "pybamm")
_NAME = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)")
PACKAGE = Path(__file__).resolve().parents[2]  # the folder of our sources
_EXTRA = re.compile(r"""\bextra\s*==\s*['"]([^'"]+)['"]""")


@lru_cache(maxsize=1)
def versions() -> dict[str, str]:
    """Versions of Nacre and of the packages that matter most, as far as installed: for people to read."""
    everything = all_versions()
    return {"nacre": VERSION} | {name: everything[name] for name in NAMED if name in everything}


@lru_cache(maxsize=1)
def all_versions() -> dict[str, str]:
    """Versions of Python and of every package that may change a number and is installed, by name."""
    names = {name for name, extra in declared() if extra not in TOOLS} | set(BENEATH)
    python = f"{platform.python_implementation()} {platform.python_version()}"
    return {"python": python} | {name: version for name in sorted(names) if (version := _find_installed(name))}


def _find_installed(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""


def declared() -> list[tuple[str, str]]:
    """(package, extra that asks for it or "") of all that Nacre declares, names as the index writes them.

    A checkout's own pyproject.toml counts before the metadata, which were written when it was installed and may be
    those of an earlier state. Raises NacreError where there is neither.
    """
    pyproject = PACKAGE.parents[1] / "pyproject.toml"
    found = _read_checkout(pyproject) if PACKAGE.parent.name == "src" and pyproject.is_file() else []
    if not found:
        found = _read_metadata()
    return sorted({(re.sub(r"[-_.]+", "-", name).lower(), extra) for name, extra in found})


def _read_checkout(pyproject: Path) -> list[tuple[str, str]]:
    project = tomllib.loads(pyproject.read_text(encoding="utf-8")).get("project", {})
    if project.get("name") != "nacre":
        return []
    groups = {"": project["dependencies"], **project.get("optional-dependencies", {})}
    return [(_find_name(text), extra) for extra, texts in groups.items() for text in texts]


def _find_name(requirement: str) -> str:
    match = _NAME.match(requirement)
    return match[1] if match else requirement


def _read_metadata() -> list[tuple[str, str]]:
    try:
        texts = metadata.requires("nacre") or []
    except metadata.PackageNotFoundError:
        raise NacreError(
            "cannot determine which packages the results depend on",
            found="neither the metadata of an installed nacre nor the pyproject.toml of a checkout",
            do="install Nacre with pip, or run it from its checkout",
        ) from None
    extras = [_EXTRA.search(text) for text in texts]
    return [(_find_name(text), extra[1] if extra else "") for text, extra in zip(texts, extras, strict=True)]

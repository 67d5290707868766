"""Which families of lines a STEM-EDS map is looked at for, where the analysis does not say: from what is declared."""

from dataclasses import replace
from typing import Any

from nacre.core.context import Context
from nacre.core.errors import NacreError, NotAssessable
from nacre.materials.library import composition
from nacre.materials.spectra import xray_lines

_EVERYWHERE = ("H", "Li", "C", "N", "O")  # identify neither a coating nor a core
_ANIONS = ("B", "F", "P", "S", "Cl")  # may identify a coating, but not a core
_STRAY = ("Cu", "Ga")  # of the grid, and of the ion beam that cut the lamella
_NEAR = 1.0  # keV beside the lines asked for, within which others disturb
_WEAK = 10.0  # % of a family's main line, below which a line disturbs nothing


def complete_options(options: Any, context: Context, where: str) -> Any:
    """Options whose `shell`, `core` and `others` are those that are `declared` where they do not say."""
    shell, core, others = choose_families(context, options.shell, options.core, options.others, where)
    return replace(options, shell=shell, core=core, others=others)


def choose_families(
    context: Context, shell: str, core: str, others: tuple[str, ...], where: str
) -> tuple[str, str, tuple[str, ...]]:
    """(coating's family, core's family, others), each as given, else of what the sample declares.

    The coating's is of the one element of its precursor that the core does not hold; the core's of its most abundant
    metal; the others are the core's further metals, Cu and Ga, where their lines lie near. Raises NotAssessable where
    nothing is declared, NacreError for a formula that cannot be read.
    """
    metals = [element for element in _list_elements(context.text("cam")) if element not in _ANIONS]
    shell = shell or _find_coating(context, metals, where)
    if not core and not metals:
        raise NotAssessable(
            "the core's element is not known",
            where=where,
            expected="a family like 'Ni K' or 'Co K'",
            do='set core = "..." among the options, or cam = "..." of the sample',
        )
    core = core or xray_lines.find_main_line(metals[0], where=where).family
    stray = [family for metal in (*metals, *_STRAY) for family in _list_nearby(metal, (shell, core))]
    return shell, core, others or tuple(dict.fromkeys(stray))


def _find_coating(context: Context, metals: list[str], where: str) -> str:
    precursor = str(context.sample.coating.get("precursor", "")) if context.sample else ""
    try:
        own = [element for element in _list_elements(precursor) if element not in metals]
    except NacreError:
        own = []
    if len(own) != 1:
        cure = 'set shell = "..." among the options, or precursor = "..." under [sample.coating]'
        raise NotAssessable("the coating's element is not known", where=where, expected="a family like 'Hf L'", do=cure)
    return xray_lines.find_main_line(own[0], where=where).family


def _list_elements(formula: str) -> list[str]:
    """What a formula or material holds beside lithium, oxygen and the like, the most abundant first."""
    atoms = composition(formula) if formula else {}
    return sorted((element for element in atoms if element not in _EVERYWHERE), key=lambda element: -atoms[element])


def _list_nearby(metal: str, families: tuple[str, str]) -> list[str]:
    """The metal's families with a line near those asked for, itself not among them."""
    asked = [line for name in families for line in _list_strong(name)]
    low, high = (bound(line.energy for line in asked) for bound in (min, max))
    near = [line.family for line in _list_strong(metal) if low - _NEAR < line.energy < high + _NEAR]
    return [family for family in dict.fromkeys(near) if family not in families]


def _list_strong(words: str) -> list[xray_lines.XrayLine]:
    element, family = xray_lines.parse_line(words)
    mine = [line for line in xray_lines.list_lines(element) if not family or line.name[0] == family]
    return [line for line in mine if line.weight >= _WEAK]

"""Names of the elements in English and German, as instrument programs and laboratories write them.

Source: IUPAC, "Nomenclature of Inorganic Chemistry. Recommendations 2005", table I; German names as in the periodic
table of the Gesellschaft Deutscher Chemiker.
"""

from nacre.physics.chemistry.elements import ATOMIC_WEIGHTS

_NAMES = {
    "H": "hydrogen wasserstoff", "He": "helium", "Li": "lithium", "Be": "beryllium", "B": "boron bor",
    "C": "carbon kohlenstoff", "N": "nitrogen stickstoff", "O": "oxygen sauerstoff", "F": "fluorine fluor",
    "Ne": "neon", "Na": "sodium natrium", "Mg": "magnesium", "Al": "aluminium aluminum",
    "Si": "silicon silicium silizium",
    "P": "phosphorus phosphor", "S": "sulfur sulphur schwefel", "Cl": "chlorine chlor", "Ar": "argon",
    "K": "potassium kalium", "Ca": "calcium kalzium", "Sc": "scandium", "Ti": "titanium titan",
    "V": "vanadium vanadin",
    "Cr": "chromium chrom", "Mn": "manganese mangan", "Fe": "iron eisen", "Co": "cobalt kobalt", "Ni": "nickel",
    "Cu": "copper kupfer", "Zn": "zinc zink", "Ga": "gallium", "Ge": "germanium", "As": "arsenic arsen",
    "Se": "selenium selen", "Br": "bromine brom", "Kr": "krypton", "Rb": "rubidium", "Sr": "strontium",
    "Y": "yttrium", "Zr": "zirconium zirkonium", "Nb": "niobium niob", "Mo": "molybdenum molybdän molybdaen",
    "Ru": "ruthenium", "Rh": "rhodium", "Pd": "palladium", "Ag": "silver silber", "Cd": "cadmium kadmium",
    "In": "indium", "Sn": "tin zinn", "Sb": "antimony antimon", "Te": "tellurium tellur", "I": "iodine iod jod",
    "Xe": "xenon", "Cs": "caesium cesium cäsium", "Ba": "barium", "La": "lanthanum lanthan", "Ce": "cerium cer",
    "Pr": "praseodymium praseodym", "Nd": "neodymium neodym", "Sm": "samarium", "Eu": "europium",
    "Gd": "gadolinium", "Tb": "terbium", "Dy": "dysprosium", "Ho": "holmium", "Er": "erbium", "Tm": "thulium",
    "Yb": "ytterbium", "Lu": "lutetium", "Hf": "hafnium", "Ta": "tantalum tantal", "W": "tungsten wolfram",
    "Re": "rhenium", "Os": "osmium", "Ir": "iridium", "Pt": "platinum platin", "Au": "gold",
    "Hg": "mercury quecksilber", "Tl": "thallium", "Pb": "lead blei", "Bi": "bismuth bismut wismut",
    "Th": "thorium", "U": "uranium uran",
}  # fmt: skip
_SYMBOLS = {name: symbol for symbol, names in _NAMES.items() for name in names.split()}


def find_symbol(text: str) -> str | None:
    """The symbol that a word means: itself where it is one, that of an element's name; None for any other word.

    Examples
    --------
    >>> find_symbol("Hafnium"), find_symbol("Co"), find_symbol("Copper"), find_symbol("Ha")
    ('Hf', 'Co', 'Cu', None)
    """
    word = text.strip()
    if word in ATOMIC_WEIGHTS:
        return word
    if len(word) <= 2 and word.isupper() and word.capitalize() in ATOMIC_WEIGHTS:
        return word.capitalize()
    return _SYMBOLS.get(word.lower())

"""Capacity of host materials for lithium, where the end of insertion is a fact of the crystal."""

from nacre.core.errors import NotAssessable
from nacre.physics.chemistry.stoichiometry import compute_theoretical_capacity, parse_formula, read_composition

# formula -> (lithium taken up per formula unit, source)
HOSTS = {
    "Li4Ti5O12": (3.0, "to Li7Ti5O12: T. Ohzuku, A. Ueda, N. Yamamoto, J. Electrochem. Soc. 1995, 142, 1431"),
    "C6": (1.0, "to LiC6"),
}


def compute_insertion_capacity(formula: str) -> float:
    """Charge per mass, mAh/g, that a negative electrode's host takes up: Li4Ti5O12 175.1, graphite 372.

    Raises NotAssessable for any other: how much lithium it takes is not a fact of its formula.
    """
    atoms = parse_formula(formula)
    for host, (lithium, _) in HOSTS.items():
        reference = read_composition(host)
        scale = next(iter(atoms.values())) / next(iter(reference.values()))
        if atoms.keys() == reference.keys() and all(atoms[e] == scale * n for e, n in reference.items()):
            return compute_theoretical_capacity(host, lithium) / 3600
    raise NotAssessable(
        f"how much lithium {formula} takes up is not known",
        expected=" or ".join(HOSTS),
        do='declare anode_theoretical_capacity = "... mAh/g" under [cell]',
    )

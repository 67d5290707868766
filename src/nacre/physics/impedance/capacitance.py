"""Effective capacitance of a constant-phase element beside a resistance, by named formulas.

    brug           a surface distribution: C = Q^(1/n) (1/R_s + 1/R_p)^((n-1)/n)
                   Brug et al., J. Electroanal. Chem. 176 (1984) 275
    hsu_mansfeld   a distribution through the layer: C = (Q R_p)^(1/n) / R_p
                   Hsu and Mansfeld, Corrosion 57 (2001) 747

Q in S s^n, R in ohm, C in F (or all per area: S s^n cm-2, ohm cm2, F cm-2). Both expect Q > 0, 0 < n <= 1 and R > 0.
"""


def compute_brug_capacitance(q: float, n: float, r_parallel: float, r_series: float) -> float:
    """The capacitance of a distribution over the surface, which the series resistance decides too."""
    return q ** (1 / n) * (1 / r_series + 1 / r_parallel) ** ((n - 1) / n)


def compute_hsu_mansfeld_capacitance(q: float, n: float, r_parallel: float) -> float:
    """The capacitance of a distribution through the layer."""
    return (q * r_parallel) ** (1 / n) / r_parallel

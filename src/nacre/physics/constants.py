"""Physical constants, each written down once.

Source: CODATA recommended values, E. Tiesinga et al., Rev. Mod. Phys. 93 (2021) 025010 (2018 adjustment), the vacuum
permittivity from the 2022 adjustment (https://physics.nist.gov/cuu/Constants). Those that follow from the defining
constants of the SI (e, h, c, k, N_A) are exact and cut to the digits given.
"""

FARADAY = 96485.33212331  # C/mol, e N_A: exact
GAS = 8.31446261815324  # J/(mol K), k N_A: exact
AVOGADRO = 6.02214076e23  # 1/mol, exact
BOLTZMANN_EV = 8.617333262145e-5  # eV/K, k/e: exact
HC_EV_ANGSTROM = 12398.41984  # eV angstrom, h c/e: exact
VACUUM_PERMITTIVITY = 8.8541878188e-12  # F/m, measured (2022)
ELECTRON_RADIUS = 2.8179403262e-5  # angstrom, the classical one, measured (2018)
ZERO_CELSIUS = 273.15  # K, by definition

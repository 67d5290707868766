"""`nacre warm`: every kernel is compiled and every room imported once, so that the first study starts quickly."""

import numpy as np

from nacre.core import registry
from nacre.physics import p2d
from nacre.physics.impedance.drt import compute_drt
from nacre.physics.impedance.fit import fit_circuit
from nacre.physics.impedance.kramers_kronig import check_kramers_kronig
from nacre.physics.xps_ir.fit import warm_up


def run() -> None:
    """Import and compile."""
    registry.readers()
    registry.techniques()
    p2d.warm()
    warm_up()
    f = np.geomspace(1e5, 1, 40)
    z = 10 + 50 / (1 + 2j * np.pi * f * 1e-3)
    check_kramers_kronig(f, z)
    compute_drt(f, z, draws=2)
    fit_circuit("R_0-(R_1|Q_1)", f, z)

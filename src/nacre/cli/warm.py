"""`nacre warm`: every kernel is compiled and every room imported once, so that the first study starts quickly."""

import numpy as np

from nacre.core import registry
from nacre.physics import p2d
from nacre.physics.impedance.drt import drt
from nacre.physics.impedance.fit import fit
from nacre.physics.impedance.kramers_kronig import kramers_kronig
from nacre.physics.xps_ir.fit import warm


def run() -> None:
    """Import and compile."""
    registry.readers()
    registry.techniques()
    p2d.warm()
    warm()
    f = np.geomspace(1e5, 1, 40)
    z = 10 + 50 / (1 + 2j * np.pi * f * 1e-3)
    kramers_kronig(f, z)
    drt(f, z, draws=2)
    fit("R_0-(R_1|Q_1)", f, z)

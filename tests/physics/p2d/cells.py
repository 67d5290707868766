"""A plausible sulfide cell in closed form, shared by the tests and the benchmark."""

from dataclasses import replace

import numpy as np

from nacre.physics.ocp import sample_function
from nacre.physics.p2d import Diffusivity, Electrode, Exchange, SolverCell, constant_diffusivity

LOG_D = (-35.8, 0.9, 2.2, -4.6)  # ln D of the layered oxide in powers of x; D in m2/s
ONE_C = 20.0  # A/m2


def layered_oxide(x, exp=np.exp, tanh=np.tanh):
    """U of a nickel-rich layered oxide, V: closed form, so that another code can evaluate exactly the same."""
    return (
        4.42
        - 0.92 * x
        - 0.045 * tanh(14.0 * (x - 0.26))
        - 0.05 * tanh(10.0 * (x - 0.55))
        - 0.06 * tanh(12.0 * (x - 0.84))
        - 0.5 * exp(60.0 * (x - 1.0))
    )


def titanate(x, exp=np.exp, tanh=np.tanh):
    """U of lithium titanate, V."""
    return 1.55 + 0.35 * exp(-60.0 * x) - 0.3 * exp(50.0 * (x - 1.0)) - 0.004 * (x - 0.5)


CATHODE_OCP = sample_function(layered_oxide, 0.0, 1.0)
ANODE_OCP = sample_function(titanate, 0.0, 1.0)

CATHODE = Electrode(
    thickness=54e-6,
    radii=(2.5e-6,),
    volume_fractions=(0.41,),
    c_max=48730.0,
    ocp=CATHODE_OCP,
    diffusivity=Diffusivity(LOG_D),
    exchange=Exchange(2.0),
    ionic_conductivity=0.04,
    electronic_conductivity=1.0,
    stoichiometry=0.25,
    coating_thickness=12e-9,
    coating_conductivity=2.3e-7,
    interphase_thickness=5e-9,
    interphase_resistivity=1e5,
    contact=0.6,
)
ANODE = Electrode(
    thickness=448e-6,
    radii=(1.0e-6,),
    volume_fractions=(0.16,),
    c_max=22700.0,
    ocp=ANODE_OCP,
    diffusivity=constant_diffusivity(2e-16),
    exchange=Exchange(1.5),
    ionic_conductivity=0.3,
    electronic_conductivity=10.0,
    stoichiometry=0.65,
)
CELL = SolverCell(
    cathode=CATHODE,
    anode=ANODE,
    separator_thickness=800e-6,
    separator_conductivity=0.6,
    temperature=318.15,
    grain_boundary_resistance=2e-4,
)


def with_cathode(**changes):
    return replace(CELL, cathode=replace(CATHODE, **changes))


def with_anode(**changes):
    return replace(CELL, anode=replace(ANODE, **changes))

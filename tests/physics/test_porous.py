"""Pressed layers: the reference paper's pellet cell, recomputed, and fractions that are wrong.

Paper: 10 mm die; 12 mg of cathode (69.3 : 29.7 : 1.0 NCM85, Li6PS5Cl, C65), 100 mg of separator, 65 mg of anode
(30 : 60 : 10 Li4Ti5O12, Li6PS5Cl, C65); 1C = 190 mA/g. Values marked "derived" are arithmetic on these.
"""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nacre.physics import porous as p
from nacre.physics.chemistry.stoichiometry import theoretical_capacity

MAH = 3.6  # C
MAH_CM2 = 1e-4 / MAH  # of C/m2
AREA = p.disc_area(10e-3)
CATHODE, CATHODE_RHO = (0.693, 0.297, 0.010), (4750.0, 1866.0, 1900.0)
ANODE, ANODE_RHO = (0.30, 0.60, 0.10), (3480.0, 1866.0, 1900.0)
CAM = 12e-6 * 0.693
NCM85 = theoretical_capacity("LiNi0.85Co0.1Mn0.05O2")
ONE_C = 190.0  # A/kg


def test_loading_and_areal_capacity():
    loading = p.areal(CAM, AREA)  # kg/m2; 1 kg/m2 = 100 mg/cm2
    assert 100 * loading == pytest.approx(10.588, abs=1e-3)  # G1; stated "about 11"
    assert pytest.approx(274.98, abs=0.01) == NCM85 / 3600  # G2; stated 274
    # G3; stated "~3" mAh/cm2 for its 274 mAh/g; 2.912 with the computed 274.98
    assert p.areal(p.capacity(CAM, 274 * 3600), AREA) * MAH_CM2 == pytest.approx(2.9012, abs=1e-3)
    assert p.areal(p.capacity(CAM, NCM85), AREA) * MAH_CM2 == pytest.approx(2.9115, abs=1e-3)
    assert pytest.approx(3.014) == 11 * 274e-3  # G4


def test_fractions_of_the_paper():
    p.check_fractions(CATHODE)  # G5
    p.check_fractions(ANODE)  # G6
    assert CATHODE[0] / CATHODE[1] == pytest.approx(70 / 30)  # G7


@pytest.mark.parametrize(
    ("mass_mg", "fractions", "densities", "porosity", "um"),
    [
        (100, (1.0,), (1866.0,), 0.15, 802.75),  # S2
        (100, (1.0,), (1866.0,), 0.0, 682.34),  # S3
        (12, CATHODE, CATHODE_RHO, 0.0, 47.414),  # S4
        (12, CATHODE, CATHODE_RHO, 0.12, 53.879),  # S5
        (65, ANODE, ANODE_RHO, 0.0, 381.01),  # S6
        (65, ANODE, ANODE_RHO, 0.15, 448.25),  # S7
    ],
)
def test_thicknesses(mass_mg, fractions, densities, porosity, um):
    areal = p.areal(mass_mg * 1e-6, AREA)
    thickness = p.layer_thickness(areal, p.solid_density(fractions, densities), porosity)
    assert 1e6 * thickness == pytest.approx(um, rel=1e-4)
    assert p.porosity_from_thickness(areal, p.solid_density(fractions, densities), thickness) == pytest.approx(porosity)


def test_separator_areal_mass():
    assert 100 * p.areal(100e-6, AREA) == pytest.approx(127.32, abs=0.01)  # S1, mg/cm2


def test_balance_of_the_electrodes():
    lto = p.capacity(65e-6 * 0.30, theoretical_capacity("Li4Ti5O12", electrons=3))
    first_charge = p.capacity(CAM, 226.94 * 3600)
    assert lto / MAH == pytest.approx(3.4152, abs=1e-3)  # N1, mAh
    assert p.n_over_p(lto, p.capacity(CAM, NCM85)) == pytest.approx(1.4935, abs=1e-3)  # N2
    assert p.n_over_p(lto, first_charge) == pytest.approx(1.81, abs=1e-3)  # N3
    assert first_charge / lto == pytest.approx(0.5525, abs=1e-3)  # N4: state of charge of the anode


@pytest.mark.parametrize(("rate", "ma_cm2"), [(0.1, 0.20118), (0.2, 0.40235), (0.5, 1.0059), (1.0, 2.0118)])
def test_currents(rate, ma_cm2):
    assert p.areal(p.rate_current(CAM, ONE_C, rate), AREA) * 0.1 == pytest.approx(ma_cm2, rel=1e-4)  # I0.1 ... I1


def test_durations():
    assert p.duration(187 * 3600, ONE_C, 0.1) / 3600 == pytest.approx(9.8421, abs=1e-4)  # I5, h
    assert p.duration(71 * 3600, ONE_C, 1.0) / 3600 == pytest.approx(0.37368, abs=1e-5)  # I6, h


WEIGHTS = st.lists(st.floats(0.01, 1), min_size=1, max_size=5)


@given(weights=WEIGHTS, porosity=st.floats(0, 0.9), seed=st.integers(0, 99))
def test_volume_fractions_sum_to_the_solids_and_turn_back_into_masses(weights, porosity, seed):
    masses = np.array(weights) / math.fsum(weights)
    densities = np.random.default_rng(seed).uniform(900, 12000, len(masses))
    volumes = p.volume_fractions(masses, densities, porosity)
    assert volumes.sum() == pytest.approx(1 - porosity)
    assert p.mass_fractions_from_volume(volumes / volumes.sum(), densities) == pytest.approx(masses)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (
            lambda: p.check_fractions((0.693, 0.297), ("NCM85", "Li6PS5Cl")),
            r"the fractions sum to 0.99, not 1 \(NCM85 0.693, Li6PS5Cl 0.297\)",
        ),
        (lambda: p.check_fractions((1.2, -0.2), ("NCM85", "C65")), "the fraction of C65 is -0.2; expected 0 to 1"),
        (lambda: p.solid_density((69.3, 29.7, 1.0), CATHODE_RHO), "the fractions sum to 100, not 1"),
        (lambda: p.solid_density((1.0,), (0.0,)), "a density is 0 kg/m3"),
        (lambda: p.solid_density((0.5, 0.5), (1000.0,)), "2 mass fractions and 1 densities"),
        (
            lambda: p.layer_thickness(1.0, 2000.0, 15),
            "the porosity is 15; expected a fraction from 0 to below 1, not in %",
        ),
        (
            lambda: p.porosity_from_thickness(2.0, 2000.0, 0.9e-3),
            "the porosity comes out as -0.111: .* contradict each other",
        ),
    ],
)
def test_impossible_layers_say_what_is_wrong(call, words):
    with pytest.raises(p.LayerError, match=words):
        call()

"""Thickness from mass, density and area: the reference paper's coating on spheres, and limits known exactly."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nacre.physics.chemistry import film as f
from nacre.physics.chemistry.coating import phase_fractions

CAM = 4750.0  # kg/m3, layered NCM
COATING = f.coating_volume(phase_fractions(0.0084, 1.02, "HfO2", "Li2HfO3"), (9680.0, 6600.0))


def test_the_area_of_a_dense_film_of_12_nm():
    # T1, derived: 0.114 m2/g, which smooth spheres of 11 um have
    area = f.film_area(COATING, 12e-9)
    assert 1e-3 * area == pytest.approx(0.11375, abs=1e-4)
    assert 1e6 * f.sphere_diameter(area, CAM) == pytest.approx(11.1, abs=0.05)


@pytest.mark.parametrize(("um", "nm"), [(3, 3.2419), (4, 4.3225), (5, 5.4032), (6, 6.4838), (10, 10.806)])
def test_dense_thickness_on_spheres(um, nm):
    # T2, derived
    area = f.sphere_area(um * 1e-6, CAM)
    assert 1e9 * f.film_thickness(COATING, area) == pytest.approx(nm, rel=1e-3)
    assert 1e9 * f.shell_thickness(COATING, um * 1e-6, CAM) == pytest.approx(nm, rel=0.01)


def test_12_nm_on_5_um_means_less_than_half_is_covered_or_packed():
    area = f.sphere_area(5e-6, CAM)
    assert f.coverage_times_packing(COATING, area, 12e-9) == pytest.approx(0.45, abs=0.005)
    assert f.coverage_bound(COATING, area, 12e-9, least_packing=0.6) == pytest.approx(0.75, abs=0.01)
    assert f.coverage_bound(COATING, area, 1e-9, least_packing=0.6) == 1  # cannot cover more than all


def test_a_band_holds_every_thickness_that_its_ranges_allow():
    band = f.thickness_band(COATING, (114.0, 421.0), packing=(0.6, 1.0), coverage=(0.8, 1.0))
    assert 1e9 * band.low == pytest.approx(3.24, abs=0.01)
    assert 1e9 * band.high == pytest.approx(24.9, abs=0.1)
    assert band.low < 12e-9 < band.high


@given(area=st.floats(10, 1e4), packing=st.floats(0.3, 1), coverage=st.floats(0.1, 1), volume=st.floats(1e-9, 1e-5))
def test_thickness_and_coverage_undo_each_other(area, packing, coverage, volume):
    thickness = f.film_thickness(volume, area, packing, coverage)
    assert f.coverage_times_packing(volume, area, thickness) == pytest.approx(coverage * packing, rel=1e-12)


@given(diameter=st.floats(1e-7, 1e-4), thickness=st.floats(1e-10, 1e-8))
def test_a_shell_is_the_difference_of_two_spheres(diameter, thickness):
    volume = ((diameter / 2 + thickness) ** 3 - (diameter / 2) ** 3) * 4 / 3 * math.pi
    mass = CAM * math.pi / 6 * diameter**3
    assert f.shell_thickness(volume / mass, diameter, CAM) == pytest.approx(thickness, rel=1e-5)


def test_nanoparticle_layers():
    # 12 nm of nanoparticles of 5 nm is 2.4 of them upon another, 2.7 close-packed layers
    band = f.nanoparticle_layers(12e-9, 5e-9)
    assert band.low == pytest.approx(2.4) and band.high == pytest.approx(1 + 1.4 * math.sqrt(1.5))
    assert f.nanoparticle_layers(3e-9, 5e-9) == f.Band(0.6, 0.6)
    # one hexagonal layer of spheres of diameter d holds pi d / (3 sqrt 3) of volume per area: exactly one monolayer
    assert f.monolayers(math.pi * 5e-9 / (3 * math.sqrt(3)) * 250.0, 250.0, 5e-9) == pytest.approx(1)


def test_arrays_go_through():
    assert f.film_thickness(COATING, np.array([100.0, 200.0])).shape == (2,)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: f.sphere_area(-5e-6, CAM), "diameter is -5e-06; expected a number above 0"),
        (lambda: f.film_thickness(COATING, 0.0), "specific area is 0.0"),
        (
            lambda: f.film_thickness(COATING, 250.0, packing=60),
            "packing is 60; expected a part above 0 and up to 1, not in %",
        ),
        (
            lambda: f.thickness_band(COATING, (400.0, 100.0)),
            r"the range of specific area runs from 400.0 to 100.0; expected \(low, high\)",
        ),
        (lambda: f.coating_volume((0.5,), (9680.0, 6600.0)), "1 mass fractions and 2 densities; expected one each"),
        (lambda: f.nanoparticle_layers(12e-9, 0.0), "diameter of the nanoparticles is 0.0"),
    ],
)
def test_impossible_films_say_what_is_wrong(call, words):
    with pytest.raises(f.FilmError, match=words):
        call()

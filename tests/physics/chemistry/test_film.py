"""Thickness from mass, density and area: the reference paper's coating, and limits known exactly."""

import numpy as np
import pytest

from nacre.physics.chemistry import film as f

COATING = f.compute_coating_volume((0.0050, 0.0056), (9680.0, 6600.0))  # HfO2 and Li2HfO3 of the paper


@pytest.mark.parametrize(("um", "nm"), [(3, 3.2419), (4, 4.3225), (5, 5.4032), (6, 6.4838), (10, 10.806)])
def test_dense_thickness_on_spheres(um, nm):
    area = f.sphere_area(um * 1e-6, 4750.0)  # of layered NCM
    assert 1e9 * f.compute_film_thickness(COATING, area) == pytest.approx(nm, rel=1e-3)
    assert f.compute_film_thickness(COATING, area, packing=0.5, coverage=0.5) == pytest.approx(4e-9 * nm, rel=1e-3)


def test_arrays_go_through():
    assert f.compute_film_thickness(COATING, np.array([100.0, 200.0])).shape == (2,)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: f.sphere_area(-5e-6, 4750.0), "diameter is -5e-06; expected a number above 0"),
        (lambda: f.compute_film_thickness(COATING, 0.0), "specific area is 0.0"),
        (
            lambda: f.compute_film_thickness(COATING, 250.0, packing=60),
            "packing is 60; expected a part above 0 .*, not in %",
        ),
        (
            lambda: f.compute_coating_volume((0.5,), (9680.0, 6600.0)),
            "1 mass fractions and 2 densities; expected one each",
        ),
    ],
)
def test_impossible_films_say_what_is_wrong(call, words):
    with pytest.raises(f.FilmError, match=words):
        call()

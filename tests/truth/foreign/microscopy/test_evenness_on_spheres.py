"""Even shells on spheres, which brighten as 1/cos of the slope, and uneven layers on flat ground.

The counts are drawn from geometry alone: along the beam a thin shell on a sphere of radius R is R / sqrt(R^2 - r^2)
times as thick as it is at the middle (down to where it is as thick as a chord can be), while the bulk line comes from a
depth that is small against R and stays as it is.
"""

import numpy as np
import pytest

from nacre.core import registry
from nacre.core.context import Context
from nacre.core.signal import Signal, Variable
from nacre.core.study import Sample
from nacre.techniques.microscopy import eds_evenness

registry.techniques()
SIDE, PIXEL = 96, 0.2
OPTIONS = eds_evenness.EdsEvennessOptions(element="Hf", reference="Ni")


def draw_counts(thickness, ground, rng, hf=4.0, ni=20.0):
    place = (np.arange(SIDE) + 0.5) * PIXEL
    variables = {
        "Hf La1": Variable(rng.poisson(hf * thickness * ground).astype(float), "1", ("y", "x")),
        "Ni Ka1": Variable(rng.poisson(ni * ground).astype(float), "1", ("y", "x")),
        "y": Variable(place, "um", ("y",)),
        "x": Variable(place, "um", ("x",)),
    }
    return Signal("element_map", variables, name="map")


def draw_spheres(rng, radius):
    """Way of the beam through an even shell over its thickness, and where there is a sphere, on a packed layer."""
    rows, columns = np.mgrid[:SIDE, :SIDE] * PIXEL
    thickness, ground, top = np.ones((SIDE, SIDE)), np.zeros((SIDE, SIDE)), np.full((SIDE, SIDE), -np.inf)
    for y in np.arange(0, SIDE * PIXEL + radius, 2 * radius):
        for x in np.arange(0, SIDE * PIXEL + radius, 2 * radius):
            jitter = rng.normal(0, 0.1 * radius, 3)
            r2 = (rows - y - jitter[0]) ** 2 + (columns - x - jitter[1]) ** 2
            inside = r2 < radius**2
            height = np.sqrt(np.where(inside, radius**2 - r2, 0.0))
            above = inside & (height + jitter[2] > top)
            top[above], ground[above] = (height + jitter[2])[above], 1.0
            thickness[above] = np.minimum(radius / np.maximum(height, 0.05 * radius), 8.0)[above]
    return thickness, ground


def judge(signal):
    (result,) = eds_evenness.analyse({"signal": signal}, Context(sample=Sample("lho")), OPTIONS)
    (text,) = (c.text for c in result.checks if "against Ni Ka1" in c.text)
    return text


@pytest.mark.parametrize("radius", [1.0, 2.0, 4.0])
def test_even_shells_on_spheres_are_not_called_uneven(radius):
    texts = [judge(draw_counts(*draw_spheres(rng, radius), rng)) for rng in map(np.random.default_rng, range(14))]
    assert not [text for text in texts if "is not even" in text]


def test_a_variation_of_a_fifth_is_found_on_flat_ground_and_an_even_layer_is_not_doubted():
    found = even = 0
    for seed in range(20):
        rng = np.random.default_rng(seed)
        rows, columns = np.mgrid[:SIDE, :SIDE] * PIXEL
        waves = sum(np.sin((rows * np.cos(a) + columns * np.sin(a)) / 1.2 + p) for a, p in rng.uniform(0, 6.28, (6, 2)))
        flat = np.ones((SIDE, SIDE))
        found += "is not even" in judge(draw_counts(np.clip(1 + 0.2 * waves / waves.std(), 0, None), flat, rng))
        even += "is even" in judge(draw_counts(flat, flat, rng))
    assert found >= 16 and even >= 18

"""Slow changes of an electrode while a step runs: contact area, film, diffusivity, active share, series resistance.

Contact, film, ln D and the series resistance run in straight lines from their values at a run's begin to those after
`seconds` (and on, where the run lasts longer). The active share is constant within a step: so lithium and charge stay
conserved to rounding. Nothing is packed anew and nothing compiled: the arrays of a `Prepared` are changed in place.
"""

import math
from dataclasses import dataclass

import numpy as np
from numba import njit

from nacre.physics.p2d import layout as at
from nacre.physics.p2d.layout import BUNDLE, LANES
from nacre.physics.p2d.simd import INNER, exponential, get, get_integer, load, put, splat, store


@njit(**INNER)
def _drift(e, time):
    sizes, sc, lanes = e[0], e[1], e[4]
    now = splat(time)
    for bundle in range(get_integer(sizes, at.N_BUNDLES)):
        base = bundle * BUNDLE
        area = load(lanes, base + at.AREA0 * LANES) + now * load(lanes, base + at.AREA1 * LANES)
        mask = load(lanes, base + at.MASK * LANES)
        store(lanes, base + at.AREA * LANES, area)
        store(lanes, base + at.RAREA * LANES, mask / (area + (1.0 - mask)))
        film = load(lanes, base + at.FILM0 * LANES) + now * load(lanes, base + at.FILM1 * LANES)
        store(lanes, base + at.FILM * LANES, film)
        source = load(lanes, base + at.SOURCE0 * LANES) + now * load(lanes, base + at.SOURCE1 * LANES)
        store(lanes, base + at.SOURCE * LANES, source)
        scale = load(lanes, base + at.SCALE0 * LANES) + now * load(lanes, base + at.SCALE1 * LANES)
        store(lanes, base + at.SCALE * LANES, scale)
        if get_integer(sizes, at.N_DMODE) == at.D_CONSTANT:
            store(lanes, base + at.DLANE * LANES, exponential(scale + get(sc, at.S_P0)))
    put(sc, at.S_CC, math.nan)


@njit(**INNER)
def drift(cathode, anode, series, time):
    """Bring the electrodes to `time` of the step; returns the series resistance there.

    series: (value, slope per second of the run, seconds of the run when the step begins).
    """
    time += series[2]
    if get_integer(cathode[0], at.N_DRIFT) != 0:
        _drift(cathode, time)
    if get_integer(anode[0], at.N_DRIFT) != 0:
        _drift(anode, time)
    return series[0] + series[1] * time


@njit(**INNER)
def isolate(e, kept):
    """Leave a share of the active particles of a drifting electrode."""
    lanes = e[4]
    for bundle in range(get_integer(e[0], at.N_BUNDLES)):
        base = bundle * BUNDLE
        store(lanes, base + at.AREA0 * LANES, kept * load(lanes, base + at.AREA0 * LANES))
        store(lanes, base + at.AREA1 * LANES, kept * load(lanes, base + at.AREA1 * LANES))


@dataclass(frozen=True)
class Course:
    """Values at a run's begin and end, one number for all depths or one per node: contact (true / geometric area),
    film (ohm m2 of true contact area, all films together), diffusivity (a factor). active: one value."""

    contact: tuple
    active: float | np.ndarray
    film: tuple
    diffusivity: tuple = (1.0, 1.0)


class Drifting:
    """One electrode of a `Prepared` that changes while steps run; its cell's own values are the fresh ones."""

    def __init__(self, arrays: tuple, electrode):
        sizes, _, _, _, lanes = arrays[:5]
        planes = lanes.reshape(sizes[at.N_BUNDLES], at.LANE_PLANES, LANES)
        self._planes, self._sizes = planes, sizes
        lane = np.minimum(np.arange(sizes[at.N_BUNDLES] * LANES), sizes[at.N_LANES] - 1)
        self._node = (lane % sizes[at.N_NODES]).reshape(-1, LANES)
        contact, active = self._spread(electrode.contact), self._spread(electrode.active)
        self._area = planes[:, at.AREA] / (contact * active)
        self._source, self._scale = planes[:, at.SOURCE] / contact, planes[:, at.SCALE].copy()

    def _spread(self, value):
        if isinstance(value, float):
            return value
        value = np.asarray(value, float)
        return value if value.ndim == 0 else value[self._node]

    def set(self, course: Course, seconds: float) -> None:
        """The course of the runs from now on, each beginning at its begin."""
        planes, per = self._planes, 1.0 / seconds if seconds > 0.0 else 0.0
        active = self._spread(course.active)
        begin, end = (self._spread(v) for v in course.contact)
        planes[:, at.AREA0], planes[:, at.AREA1] = (
            self._area * (active * begin),
            self._area * (active * (end - begin) * per),
        )
        planes[:, at.SOURCE0], planes[:, at.SOURCE1] = self._source * begin, self._source * ((end - begin) * per)
        begin, end = (self._spread(v) for v in course.film)
        planes[:, at.FILM0], planes[:, at.FILM1] = begin, (end - begin) * per
        begin, end = (np.log(self._spread(v)) for v in course.diffusivity)
        planes[:, at.SCALE0], planes[:, at.SCALE1] = self._scale + begin, (end - begin) * per
        self._sizes[at.N_DRIFT] = 1

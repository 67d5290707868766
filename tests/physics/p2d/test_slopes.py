"""Resistance by cause, and derivatives of the impedance: exact sums, limits, central differences."""

from dataclasses import replace

import numpy as np
import pytest

from nacre.physics.p2d import EVEN, Mesh, SolverStep, impedance, linearise, prepare
from nacre.physics.p2d.frequency.causes import by_cause
from nacre.physics.p2d.frequency.derivatives import NAMES, derivatives
from physics.p2d.cells import ANODE, CELL
from physics.p2d.test_linear import CELLS, DEPRESSED, LAYERED, F, discharged

FACTORS = ("radii", "volume_fractions", "diffusivity", "contact", "active", "interphase_thickness")


def moved(cell, name, share):
    """(the cell with one number changed by a share of itself; the change, or its logarithm)."""
    part, _, field = name.rpartition(".")
    owner = getattr(cell, part) if part else cell
    value = getattr(owner, field.partition("_")[0] if field.startswith("exchange") else field)
    if field.startswith("exchange"):
        key = {"exchange": "reference"}.get(field, field.removeprefix("exchange_"))
        change = share * getattr(value, key)
        value = replace(value, **{key: getattr(value, key) + change})
    elif field == "diffusivity":
        value, change = value.times(1 + share), np.log1p(share)
    elif field in FACTORS:
        value = tuple(v * (1 + share) for v in value) if isinstance(value, tuple) else value * (1 + share)
        change = np.log1p(share)
    else:
        change = share * value
        value = value + change
    field = "exchange" if field.startswith("exchange") else field
    return (replace(cell, **{part: replace(owner, **{field: value})} if part else {field: value}), change)


CASES = {
    "at rest": (LAYERED, lambda p: None, 0.0),
    "two sizes, after a discharge": (DEPRESSED, discharged, 0.0),
    "while discharging": (LAYERED, discharged, -20.0),
}


@pytest.mark.parametrize("case", CASES)
def test_derivatives_are_those_of_central_differences(case):
    """Of all numbers, to 1e-4 of the largest over the spectrum."""
    cell, of, current = CASES[case]
    films = {"interphase_thickness": 4e-9, "interphase_resistivity": 2e5, "interphase_permittivity": 8.0,
             "coating_thickness": 5e-9, "coating_conductivity": 1e-6, "coating_permittivity": 15.0}  # fmt: skip
    layer = {"double_layer_exponent": 0.9, "active": 0.8, "contact": 0.7}
    cell = replace(
        cell,
        cathode=replace(cell.cathode, **layer),
        anode=replace(cell.anode, **films, **layer),
        contact_resistance=2e-4,
        grain_boundary_exponent=0.9,
    )
    mesh = Mesh(6, 5, 8, 6)
    state, f = of(prepare(cell, mesh)), F[::6]
    found = derivatives(linearise(prepare(cell, mesh), state, current), f)
    assert len(found) == len(NAMES) > 40
    for name in NAMES:
        (low, down), (high, up) = (moved(cell, name, share) for share in (-1e-4, 1e-4))
        z = [impedance(c, state, f, mesh, current) for c in (low, high)]
        wanted = (z[1] - z[0]) / (up - down)
        assert np.abs(wanted).max() > 0.0, name
        assert np.abs(found[name] - wanted).max() < 1e-4 * np.abs(wanted).max(), name


def test_a_derivative_nobody_knows_is_refused_in_words():
    with pytest.raises(
        ValueError, match=r"no derivative is known by 'cathode.colour'; there are separator_thickness, "
    ):
        derivatives(linearise(prepare(CELL)), F, ["cathode.colour"])


# --- causes ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", CELLS)
def test_causes_sum_to_the_impedance(name):
    p = prepare(CELLS[name], EVEN)
    for state in (None, discharged(p)):
        linear = linearise(p, state)
        terms = by_cause(linear, F)
        assert sum(terms.values()) == pytest.approx(linear.impedance(2j * np.pi * F), rel=1e-10)
        assert all((term.real > -1e-15).all() for term in terms.values())


def test_a_resistor_by_cause_is_what_it_adds_where_all_are_resistors():
    """dZ/d(ln R) = R |i/I|^2 where no part stores: far below the double layers, far above the diffusion."""
    cell = replace(CELL, cathode=replace(CELL.cathode, diffusivity=CELL.cathode.diffusivity.times(1e-12)),
                   anode=replace(ANODE, diffusivity=ANODE.diffusivity.times(1e-12)))  # fmt: skip
    linear = linearise(prepare(cell, EVEN))
    terms, slopes = by_cause(linear, [1.0]), derivatives(linear, [1.0])
    for term, name, value in (
        ("cathode coating", "cathode.coating_thickness", cell.cathode.coating_thickness),
        ("cathode interphase", "cathode.interphase_thickness", 1.0),
        ("cathode charge transfer", "cathode.exchange", -cell.cathode.exchange.reference),
        ("anode charge transfer", "anode.exchange", -cell.anode.exchange.reference),
        ("cathode ions", "cathode.ionic_conductivity", -cell.cathode.ionic_conductivity),
        ("anode electrons", "anode.electronic_conductivity", -cell.anode.electronic_conductivity),
    ):
        assert terms[term][0].real == pytest.approx(slopes[name][0].real * value, rel=1e-5), term


def test_causes_that_are_not_there_are_zero():
    terms = by_cause(linearise(prepare(CELL)), F)
    for name in ("contact", "anode coating", "anode interphase", "cathode double layer"):
        assert np.abs(terms[name]).max() < 1e-16


def test_an_even_current_gives_the_resistance_of_the_film_over_its_area():
    """One node: the whole current passes every cause once."""
    terms = by_cause(linearise(prepare(CELL, Mesh(1, 1, 10, 10))), [1e5])
    area = 3 * CELL.cathode.volume_fractions[0] / CELL.cathode.radii[0] * CELL.cathode.contact * CELL.cathode.thickness
    assert terms["cathode coating"][0] == pytest.approx(12e-9 / 2.3e-7 / area, rel=1e-12)
    assert terms["bulk"][0] == pytest.approx(800e-6 / 0.6)
    assert terms["grain boundary"][0] == pytest.approx(2e-4)


def test_frequencies_must_be_positive_here_too():
    linear = linearise(prepare(CELL))
    for function in (by_cause, derivatives):
        with pytest.raises(ValueError, match="frequencies must be positive and finite, in Hz; found -1"):
            function(linear, [-1.0])


def test_a_step_at_rest_leaves_no_currents_behind():
    p = prepare(CELL, EVEN)
    rested = p.run([SolverStep("current", -20.0, seconds=900.0), SolverStep("current", 0.0, seconds=1e7)]).final
    assert np.abs(linearise(p, rested).cathode.j).max() < 1e-6

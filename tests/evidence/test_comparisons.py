"""Contrasts of single cells, of unequal numbers of cells, and of many quantities at once."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from nacre.core.errors import NacreError
from nacre.core.quantity import Quantity
from nacre.core.result import Check, Entry, Result, Subject
from nacre.core.study import Study
from nacre.evidence.contrasts.contrast import contrasts

STUDY = Study("s", Path("."), contrasts=(("bare", "lho"),))
STATE = {"cycle": 1, "rate_C": 0.1}


def result(sample, cell, *entries):
    return Result("cycling", f"cycling:{cell or sample}", Subject(sample, cell, "m"), entries=tuple(entries))


def capacities(values, name="discharge_capacity", unit="mAh/g", std=None, state=None):
    """Results of cells: {"bare": [162, ...], "lho": [...]}."""
    return [
        result(sample, f"{sample}-{i}", Entry(name, Quantity(v, unit, std, origin="measured"), state or STATE))
        for sample, mine in values.items()
        for i, v in enumerate(mine, 1)
    ]


def test_one_cell_each_has_no_interval_but_its_measurement():
    (c,) = contrasts(STUDY, capacities({"bare": [162.0], "lho": [187.0]}, std=1.0))
    assert (c.lo95, c.hi95, c.effect) == (None, None, None)
    assert c.difference == 25
    assert c.std == pytest.approx(np.sqrt(2))
    assert "one cell on a side: the spread between cells is unknown, no interval can be given" in c.method
    assert "the measurements alone leave it uncertain by +- 2.8 mAh/g (95 %)" in c.method
    (c,) = contrasts(STUDY, capacities({"bare": [162.0], "lho": [187.0]}))
    assert c.std is None
    assert "nobody estimated the uncertainty of the measurements" in c.method


def test_replicates_of_different_length():
    """Three cells against one: no interval; a cycle that one cell did not reach counts those that did."""
    (c,) = contrasts(STUDY, capacities({"bare": [162.0], "lho": [187.0, 188.0, 186.0]}))
    assert c.lo95 is None
    assert "one cell on a side" in c.method
    early = capacities({"bare": [162.0, 160.0, 161.0], "lho": [187.0, 186.0, 188.0]})
    late = capacities({"bare": [70.0, 72.0], "lho": [150.0, 151.0, 152.0]}, state={"cycle": 200, "rate_C": 0.2})
    found = {c.state["cycle"]: c for c in contrasts(STUDY, [*early, *late])}
    assert (found[1].n_reference, found[200].n_reference) == (3, 2)
    assert found[200].lo95 > 0


def test_a_shared_error_drops_out_of_the_difference():
    a = Quantity(2.12, "V", 0.005).tagged("choice")
    b = Quantity(2.11, "V", 0.005).tagged("choice")
    found = [result(s, f"{s}-1", Entry("h1_m_peak", q, STATE)) for s, q in (("bare", a), ("lho", b))]
    (c,) = contrasts(STUDY, found)
    assert c.std == pytest.approx(0, abs=1e-12)


def test_more_cycles_and_more_quantities_weaken_no_verdict():
    """A test of 12, of 200 cycles, and with energies beside: the first capacity has the same p value, and is shown."""
    rng = np.random.default_rng(2)
    first = capacities({"bare": [160.0, 162.0, 161.0], "lho": [185.0, 187.0, 188.0]}, state={"cycle": 1, "rate_C": 0.1})
    verdicts = []
    for cycles in (1, 12, 200):
        more = []
        for cycle in range(2, cycles + 1):
            cells = {"bare": rng.normal(150, 1, 3).tolist(), "lho": rng.normal(150, 1, 3).tolist()}
            more += capacities(cells, state={"cycle": cycle, "rate_C": 0.1})
            more += capacities(cells, "charge_energy", "mWh/g", state={"cycle": cycle, "rate_C": 0.1})
        found = next(
            c for c in contrasts(STUDY, first + more) if c.name == "discharge_capacity" and c.state["cycle"] == 1
        )
        verdicts.append((found.endpoint, found.verdict, found.p_adjusted))
    assert {(e, v) for e, v, _ in verdicts} == {("primary", "shown")} and len({p for _, _, p in verdicts}) == 1


def test_the_first_cycle_is_the_endpoint_and_who_says_it_again_has_its_verdict():
    """The rate technique gives the same capacity without a cycle, and its mean over the part beside it."""
    cells = {"bare": [160.0, 162.0, 161.0], "lho": [185.0, 187.0, 188.0]}
    again = capacities(cells, state={"rate_C": 0.1})
    other = capacities({"bare": [158.0, 161.0, 160.0], "lho": [181.0, 186.0, 185.0]}, state={"rate_C": 0.2})
    found = {str(c.state): c for c in contrasts(STUDY, [*other, *again, *capacities(cells)])}
    first, same, mean = (found[str(s)] for s in (STATE, {"rate_C": 0.1}, {"rate_C": 0.2}))
    assert (first.endpoint, first.verdict) == (same.endpoint, same.verdict) == ("primary", "shown")
    assert same.p_adjusted == first.p_adjusted and mean.endpoint != "primary"


def test_what_nobody_asked_is_exploratory_and_never_shown():
    found = capacities({"bare": [50.0, 51.0, 50.5], "lho": [90.0, 91.0, 90.5]}, "charge_energy", "mWh/g")
    (c,) = contrasts(STUDY, found)
    assert (c.endpoint, c.verdict, c.p_adjusted) == ("exploratory", "seen", None) and c.p < 0.001


def test_a_study_names_its_own_endpoints_and_relevance():
    asked = {"primary": ["charge_energy first"], "relevance": {"charge_energy": "5 %"}}
    study = Study("s", Path("."), contrasts=(("bare", "lho"),), extra={"endpoints": asked})
    found = capacities({"bare": [50.0, 51.0, 50.5], "lho": [90.0, 91.0, 90.5]}, "charge_energy", "mWh/g")
    (c,) = contrasts(study, found)
    assert (c.endpoint, c.verdict) == ("primary", "shown") and c.margin == pytest.approx(0.05 * 50.5)
    near = capacities({"bare": [50.0, 50.2, 50.1], "lho": [50.2, 50.1, 50.3]}, "charge_energy", "mWh/g")
    (c,) = contrasts(study, near)
    assert c.verdict == "equal" and c.p_equal <= 0.05


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"primary": ["discharge_capacty first"]}, "unknown quantity name 'discharge_capacty'.*discharge_capacity"),
        ({"primary": ["discharge_capacity frist"]}, "unknown time 'frist' of an endpoint.*first"),
        ({"primary": ["the first capacity, please"]}, "this is no endpoint"),
        ({"relevance": {"discharge_capacity": "0 %"}}, "what matters has to be above zero"),
        ({"relevance": {"discharge_capacity": "5 mV"}}, "mV"),
    ],
)
def test_endpoints_that_nobody_knows_are_refused(asked, words):
    with pytest.raises(NacreError, match=words):
        contrasts(Study("s", Path("."), extra={"endpoints": asked}), [])


def test_no_difference_says_how_many_cells_would_do():
    (c,) = contrasts(STUDY, capacities({"bare": [160.0, 170.0, 165.0], "lho": [166.0, 172.0, 169.0]}))
    assert c.verdict == "no_difference"
    assert "a side would show it if it is as large as it looks" in c.method and "show equality within" in c.method


def test_a_failed_check_of_some_cells_vetoes_nothing_that_stands_without_them():
    """Eight cells a side, 850 against 50 ohm cm2: fits of three were doubted, their values kept without an error."""
    rng, made = np.random.default_rng(4), []
    for sample, typical in (("bare", 850.0), ("lho", 50.0)):
        for i, value in enumerate(typical * np.exp(rng.normal(0, 0.2, 8))):
            doubted = i < 3
            q = Quantity(float(value), "ohm cm2", None if doubted else 0.02 * value, origin="measured")
            checks = (Check("fail", "the circuit does not describe these data"),) if doubted else ()
            entry = Entry("r_cam_se", q, {"cycle": 200})
            made.append(
                Result("impedance", f"{sample}-{i}", Subject(sample, f"{sample}-{i}", "eis"), (entry,), checks=checks)
            )
    study = Study("s", Path("."), contrasts=(("bare", "lho"),), extra={"endpoints": {"primary": ["r_cam_se last"]}})
    (c,) = contrasts(study, made)
    assert (
        c.verdict == "shown"
        and "a check of the data failed for 6 of 16 cells" in c.method
        and "on logarithms" in c.method
    )
    assert c.lo95 < -790 < -700 < c.hi95 or c.lo95 < c.difference < c.hi95 < 0
    alike = [r for r in made if not r.checks]
    doubtful = [
        replace(r, entries=(replace(r.entries[0], quantity=Quantity(900.0, "ohm cm2")),))
        for r in made
        if r.checks and r.subject.sample == "bare"
    ]
    shifted = [
        replace(r, entries=(replace(r.entries[0], quantity=Quantity(850.0 + i, "ohm cm2", 1.0)),))
        for i, r in enumerate(alike)
    ]
    (c,) = contrasts(study, [*shifted, *doubtful])
    assert c.verdict != "shown", "a difference that the doubted cells alone make is not shown"


def test_first_cycle_shift_is_bare_less_coated():
    def entry(volts, **state):
        return Entry("h1_m_peak", Quantity(volts, "V", 1e-3), {"direction": "charge", **state})

    first, ageing = (
        {"cycle": 1, "rate_C": 0.1, "segment": "formation"},
        {"cycle": 1, "rate_C": 0.2, "segment": "ageing"},
    )
    found = [
        result(sample, f"{sample}-{i}", entry(volts + 1e-4 * i, **first), entry(volts + 0.02, **ageing))
        for sample, volts in (("bare", 2.120), ("lho", 2.110))
        for i in (1, 2, 4)
    ]
    made = contrasts(STUDY, found)
    (shift,) = [c for c in made if c.name == "h1_m_shift"]
    assert (shift.reference, shift.treated) == ("lho", "bare")
    assert shift.difference == pytest.approx(10)
    assert shift.unit == "mV"
    assert shift.state["rate_C"] == 0.1
    assert shift.lo95 < 10 < shift.hi95
    peak = next(c for c in made if c.name == "h1_m_peak" and c.state["rate_C"] == 0.1)
    assert (peak.reference, peak.difference) == ("bare", pytest.approx(-0.010))
    assert shift.hi95 == pytest.approx(-1e3 * peak.lo95)


def test_the_shift_of_single_cells_is_said_in_its_own_unit():
    first = {"cycle": 1, "rate_C": 0.1, "direction": "charge"}
    found = capacities({"bare": [2.120], "lho": [2.110]}, "h1_m_peak", "V", std=1e-3, state=first)
    shift = next(c for c in contrasts(STUDY, found) if c.name == "h1_m_shift")
    assert "the measurements alone leave it uncertain by +- 2.8 mV (95 %)" in shift.method
    assert shift.std == pytest.approx(np.sqrt(2))
    assert shift.lo95 is None


def test_no_first_cycle_no_shift():
    late = {"cycle": 10, "direction": "charge"}
    found = capacities({"bare": [2.12], "lho": [2.11]}, "h1_m_peak", "V", state=late)
    assert [c.name for c in contrasts(STUDY, found)] == ["h1_m_peak"]

import math
from pathlib import Path

import numpy as np
import pytest

from nacre.core.quantity import Quantity, derive, parse
from nacre.core.result import Entry, Result, Subject
from nacre.core.study import Study
from nacre.evidence.contrasts.contrast import contrasts

STUDY = Study("toy", Path("."), contrasts=(("bare", "lho"),))


def of_cell(sample, cell, value, *, name="discharge_capacity", unit="mAh/g", technique="cycling", analysis="", **state):
    q = value if isinstance(value, Quantity) else Quantity(float(value), unit, 1.0, origin="measured")
    where = analysis or f"{technique}:{cell or sample}:x"
    return Result(technique, where, Subject(sample, cell), (Entry(name, q, state or {"cycle": 1}),))


def replicates(bare, lho):
    cells = [of_cell("bare", f"bare-{i}", v) for i, v in enumerate(bare)]
    return cells + [of_cell("lho", f"lho-{i}", v) for i, v in enumerate(lho)]


def one(results):
    (found,) = contrasts(STUDY, results)
    return found


@pytest.mark.parametrize(("n_bare", "n_lho", "spread"), [(3, 3, 1.0), (2, 4, 3.0), (5, 3, 0.3)])
def test_intervals_cover_the_truth(n_bare, n_lho, spread):
    """400 studies each; two cells against four are given more than they need (see two_samples)."""
    rng = np.random.default_rng(20240611)
    runs, p, true = 400, 0.95, 9.0
    hits = 0
    for _ in range(runs):
        found = one(replicates(rng.normal(180, 4, n_bare), rng.normal(180 + true, 4 * spread, n_lho)))
        hits += found.lo95 <= true <= found.hi95
    slack = 3 * math.sqrt(p * (1 - p) / runs)
    assert p - slack <= hits / runs <= (1.0 if n_bare == 2 else p + slack), hits / runs


def test_two_tests_of_one_cell_are_never_one_state():
    """Cycle 1 of the rate test is not averaged with cycle 1 of the ageing test."""

    def both(sample, cell, rate, ageing):
        for test, value in (("rate", rate), ("ageing", ageing)):
            q = Quantity(value, "mAh/g", 1.0, origin="measured")
            subject = Subject(sample, cell, f"{cell}:{test}")
            yield Result("cycling", f"cycling:{cell}:{test}", subject, (Entry("discharge_capacity", q, {"cycle": 1}),))

    results = [*both("bare", "b1", 160.0, 150.0), *both("lho", "l1", 190.0, 170.0)]
    found = {row.measurement: row for row in contrasts(STUDY, results)}
    assert {test: row.difference for test, row in found.items()} == {"rate": 30.0, "ageing": 20.0}
    assert found["rate"].state == found["ageing"].state == {"cycle": 1}


def test_student_and_hedges_by_hand():
    found = one(replicates([170, 180, 190], [200, 204, 202]))
    assert found.difference == 22 and found.ratio == pytest.approx(202 / 180)
    assert (found.reference_value, found.treated_value, found.n_reference, found.n_treated) == (180, 202, 3, 3)
    # variances 100 and 4, pooled 52: standard error sqrt(52 * 2/3), four degrees of freedom
    assert found.hi95 - found.difference == pytest.approx(2.7764 * math.sqrt(52 * 2 / 3), rel=1e-4)
    assert found.df == 4 and found.effect == pytest.approx(22 / math.sqrt(52) * (1 - 3 / 15))
    assert found.method == "pooled t over 3 and 3 cells" and found.level == "cell"


def test_an_error_that_one_side_alone_has_in_common_is_added():
    """The mass fraction of one powder: its cells do not scatter with it."""
    fraction = Quantity(0.70, "1", 0.014).tagged("fraction of lho")
    lho = [derive(lambda v, f: v / f, Quantity(v, "mAh/g", 0.0), fraction, unit="mAh/g") for v in (131.0, 132.0, 133.0)]
    bare = [of_cell("bare", f"b{i}", Quantity(v, "mAh/g", 0.0)) for i, v in enumerate((160.0, 161.0, 162.0))]
    found = one([*bare, *(of_cell("lho", f"l{i}", q) for i, q in enumerate(lho))])
    scatter = math.sqrt((1.0 + (1 / 0.7) ** 2) / 3)
    assert found.hi95 - found.difference > 1.96 * math.hypot(scatter, 0.02 * 132 / 0.7)
    shared = [
        of_cell(s, c, derive(lambda v, f: v / f, Quantity(v, "mAh/g", 0.0), fraction, unit="mAh/g"))
        for s, c, v in (("bare", "b1", 112.0), ("bare", "b2", 113.0), ("lho", "l1", 112.5), ("lho", "l2", 113.5))
    ]
    assert one(shared).std == pytest.approx(0.02 * 0.5 / 0.7, rel=1e-3), "what both share cancels but for its scale"


@pytest.mark.parametrize("turned", [False, True])
def test_one_cell_against_several_is_told_how_far_one_more_would_lie(turned):
    found = one(replicates([189, 190, 191], [180]) if turned else replicates([180], [189, 190, 191]))
    assert found.lo95 is None and abs(found.difference) == 10
    assert found.scatter95 == pytest.approx(4.303 * 1.0 * math.sqrt(4 / 3), rel=1e-3), "t(0.975; 2) of any table"
    words = "one cell on a side: no interval can be given; one more cell like the 3 of the other side would lie within"
    assert found.method.startswith(f"{words} +- 5 mAh/g of their mean (95 %); the measurements alone leave")


def test_one_more_equal_cell_is_inside_in_nineteen_of_twenty():
    rng, runs, hits = np.random.default_rng(7), 2000, 0
    for _ in range(runs):
        found = one(replicates(rng.normal(180, 4, 3), rng.normal(180, 4, 1)))
        hits += abs(found.difference) < found.scatter95
    assert abs(hits / runs - 0.95) <= 3 * math.sqrt(0.95 * 0.05 / runs), hits / runs


def test_one_cell_each_gives_a_difference_and_says_why_no_interval():
    found = one(replicates([180], [190]))
    assert found.difference == 10 and found.lo95 is None and found.hi95 is None and found.effect is None
    words = "one cell on a side: the spread between cells is unknown, no interval can be given; the measurements"
    assert found.method.startswith(words) and found.scatter95 is None


def test_measurements_of_one_cell_are_no_replicates():
    results = replicates([180], [190])
    results += [of_cell("bare", "bare-0", 182, analysis="again"), of_cell("lho", "lho-0", 194, analysis="again 2")]
    found = one(results)
    assert (found.n_reference, found.n_treated, found.lo95) == (1, 1, None)
    assert found.difference == pytest.approx(192 - 181) and len(found.quantities) == 4


def test_two_techniques_are_not_each_others_replicates():
    rows = [("icp", "bare", 0.9), ("icp", "lho", 1.0), ("eds", "bare", 3.0), ("eds", "lho", 5.0)]
    results = [of_cell(s, "", v, name="element_content", unit="wt%", technique=t) for t, s, v in rows]
    assert [c.difference for c in contrasts(STUDY, results)] == pytest.approx([0.1, 2.0])


def test_cells_that_agree_to_the_last_digit_tell_no_interval():
    found = one(replicates([180, 180], [190, 190]))
    assert found.lo95 is None and found.method.startswith("all cells of a sample agree to the last digit")


def powders(*values, name="element_content", unit="wt%"):
    made = [(s, v if isinstance(v, Quantity) else Quantity(v, unit, 0.01)) for s, v in values]
    return [of_cell(s, "", q, name=name, analysis=f"{s}{i}") for i, (s, q) in enumerate(made)]


def test_one_specimen_each_is_never_shown_and_what_is_shared_cancels():
    standard = Quantity(1.0, "1", 0.05)
    bare, lho = (
        derive(lambda v, s: v * s, Quantity(v, "wt%", 0.01), standard, unit="wt%", origin="measured")
        for v in (1.0, 1.2)
    )
    found = one(powders(("bare", bare), ("lho", lho)))
    half = 1.959964 * math.sqrt(2 * 0.01**2 + (0.2 * 0.05) ** 2)
    assert found.hi95 - found.difference == pytest.approx(half, rel=1e-4)
    assert found.p is None and (found.verdict, found.level) == ("seen", "specimen")
    assert "without the spread between specimens" in found.method
    found = one(powders(("bare", bare), ("lho", parse("1.2 wt%"))))
    assert found.lo95 is None and found.method == "one specimen each, and no uncertainty estimated"


def test_spots_on_one_specimen_are_one_specimen():
    spots = powders(*(("bare", v) for v in (1.00, 1.02, 0.98)), *(("lho", v) for v in (1.20, 1.24, 1.16)))
    found = one(spots)
    assert (found.n_reference, found.n_treated, found.level, found.p) == (1, 1, "specimen", None)
    assert found.verdict == "seen" and found.std == pytest.approx(math.hypot(0.02, 0.04) / math.sqrt(3), rel=0.2)


def test_batches_are_units():
    values = [("bare", 1.0, "A"), ("bare", 1.02, "A"), ("bare", 1.1, "B"), ("lho", 1.5, "C"), ("lho", 1.6, "D")]
    found = one([of_cell(s, "", Quantity(v, "wt%", 0.01), name="element_content", analysis=f"{s}{v}", batch=b)
                 for s, v, b in values])  # fmt: skip
    assert (found.n_reference, found.n_treated, found.level) == (2, 2, "batch") and found.state == {}
    assert found.method.startswith("pooled t over 2 and 2 batches")


def test_units_states_and_what_only_one_sample_has():
    results = [
        of_cell("bare", "b", 180),
        of_cell("lho", "l", Quantity(0.19, "Ah/g")),
        of_cell("lho", "l", 150, cycle=2),
        of_cell("other", "o", 150),
        of_cell("bare", "b", math.nan, cycle=3),
        of_cell("lho", "l", 150, cycle=3),
    ]
    found = one(results)
    assert found.difference == pytest.approx(10) and found.unit == "mAh/g" and found.state == {"cycle": 1}


def test_ids_lead_back_to_the_quantities_and_synthetic_is_said():
    results = replicates([180], [190])
    virtual = Quantity(191.0, "mAh/g", 1.0, origin="synthetic")
    results.append(of_cell("lho", "lho-2", virtual))
    found = one(results)
    assert found.origin == "synthetic"
    assert set(found.quantities) == {r.entry_id(r.entries[0]) for r in results}
    assert one(replicates([0], [190])).ratio is None

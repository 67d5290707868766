import numpy as np
import pytest

from nacre.core.errors import NacreError
from nacre.core.quantity import Quantity, correlated
from nacre.core.result import Check, Curve, Entry, Result, Subject


def capacity(value=180.0):
    return Quantity(value, "mAh/g", 1.0, origin="measured")


def result(**rest):
    entries = tuple(
        Entry("discharge_capacity", capacity(), {"cycle": cycle, "rate_C": rate}) for cycle, rate in ((1, 0.1), (5, 1))
    )
    return Result("cycling", "cycling:lho-1:rate", Subject("lho", "lho-1", "rate"), entries, **rest)


def test_get_by_name_and_state():
    assert result().get("discharge_capacity", cycle=5).value == 180.0
    with pytest.raises(
        NacreError, match=r"several quantities 'discharge_capacity'; found .*'cycle': 5.* Say the state"
    ):
        result().get("discharge_capacity")
    with pytest.raises(NacreError, match=r"cycling lho-1:rate: no quantity 'charge_capacity'; expected one of"):
        result().get("charge_capacity")
    with pytest.raises(NacreError, match=r"no quantity 'discharge_capacity at {'cycle': 2}'"):
        result().get("discharge_capacity", cycle=2)


def test_an_entry_twice_in_one_state_is_refused():
    entry = Entry("discharge_capacity", capacity(), {"cycle": 1})
    with pytest.raises(NacreError, match=r"'discharge_capacity' is given twice in one state"):
        Result("cycling", entries=(entry, entry))
    other = Entry("discharge_capacity", capacity(), {"cycle": 1}, Subject("bare"))
    assert len(Result("cycling", entries=(entry, other)).entries) == 2


def test_names_units_and_states_are_words_of_the_vocabulary():
    with pytest.raises(
        NacreError, match=r"unknown quantity name 'discharge_capacty'. Did you mean 'discharge_capacity'"
    ):
        Result("cycling", entries=(Entry("discharge_capacty", capacity()),))
    with pytest.raises(NacreError, match=r"'discharge_capacity' is given in 'mAh'; expected a unit like 'mAh/g'"):
        Result("cycling", entries=(Entry("discharge_capacity", Quantity(1.0, "mAh")),))
    with pytest.raises(NacreError, match=r"unknown state name 'cylce'. Did you mean 'cycle'"):
        Result("cycling", entries=(Entry("discharge_capacity", capacity(), {"cylce": 1}),))


def test_ids_are_unique_and_name_the_subject_once():
    assert str(Subject("lho", "lho-1", "lho-1:rate")) == "lho-1:rate" and str(Subject("lho")) == "lho"
    ids = [result().entry_id(entry) for entry in result().entries]
    assert ids == [
        "cycling:lho-1:rate/discharge_capacity@cycle=1,rate_C=0.1",
        "cycling:lho-1:rate/discharge_capacity@cycle=5,rate_C=1",
    ]
    two = (Entry("species_ratio", Quantity(1.0), subject=Subject(sample)) for sample in ("bare", "lho"))
    joint = Result("xps", "both", entries=tuple(two))
    assert [joint.entry_id(e) for e in joint.entries] == ["both:bare/species_ratio", "both:lho/species_ratio"]
    apart = [
        Result("xps", "both", Subject(sample), (Entry("species_ratio", Quantity(1.0)),)) for sample in ("bare", "lho")
    ]
    assert [r.entry_id(r.entries[0]) for r in apart] == ["both:bare/species_ratio", "both:lho/species_ratio"]
    spaced = Result("sem", "a", entries=(Entry("crack_fraction", Quantity(1.0, "%"), {"stage": "after 200 cycles"}),))
    assert spaced.entry_id(spaced.entries[0]) == "a/crack_fraction@stage=after_200_cycles"


def test_the_covariance_of_entries_comes_from_their_sources():
    matrix = np.array([[0.04, 0.01], [0.01, 0.09]])
    fit = correlated(["r_bulk", "r_gb"], [5.0, 9.0], matrix, ["ohm cm2"] * 2, source="fit")
    made = Result("eis", entries=tuple(Entry(name, q) for name, q in fit.items()))
    assert made.covariance() == pytest.approx(matrix)


def test_curves_and_checks():
    made = result(curves=(Curve("profile", {"U": (np.zeros(3), "V")}),))
    assert made.curve("profile").columns["U"][1] == "V"
    with pytest.raises(NacreError, match=r"no curve 'profil'; expected profile"):
        made.curve("profil")
    with pytest.raises(ValueError, match=r"a check is one of"):
        Check("good", "fine")

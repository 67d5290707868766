"""Ageing mechanisms: closed forms, whatever the pieces; a user's own; what cannot be, in words."""

import math
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import pytest

from cell.cells import BARE, LHO, fixed_share
from nacre.cell.ageing import slow_states as module
from nacre.cell.ageing.mechanisms.contact import ContactLoss
from nacre.cell.ageing.mechanisms.diffusivity import DiffusivityLoss
from nacre.cell.ageing.mechanisms.fracture import Fracture
from nacre.cell.ageing.mechanisms.interphase import Interphase
from nacre.cell.ageing.mechanisms.series import SeriesGrowth
from nacre.cell.ageing.mechanisms.side import SideReaction
from nacre.cell.ageing.slow_states import Ageing, Drive, SlowState, list_built_in
from nacre.core.errors import NacreError
from nacre.physics.constants import FARADAY, GAS

HOUR = 3600.0
DAY = Drive(24 * HOUR, 318.15, 3.9, 1.1, 2.0)


def after(ageing, hours, pieces=1, **changes):
    drive = replace(DAY, seconds=hours * HOUR / pieces, **changes)
    state = ageing.start
    for _ in range(pieces):
        state = ageing.advance(state, drive)
    return state


# --- truth ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("exponent", [0.25, 0.5, 1.0])
@pytest.mark.parametrize("pieces", [1, 7, 400])
def test_the_interphase_grows_by_its_law(exponent, pieces):
    state = after(Ageing((Interphase(2e-9, exponent),)), 1000.0, pieces)
    assert state.interphase == pytest.approx(2e-9 * 1000.0**exponent, rel=1e-10)
    assert state.growth == pytest.approx(1000.0**exponent, rel=1e-10)
    assert state.hours == pytest.approx(1000.0)


def test_the_growth_constant_goes_with_coating_temperature_and_potential():
    bare = after(Ageing((Interphase(1e-9),)), 100.0).interphase
    # a coating: thickness by the slowing itself, by the root of what is left exposed
    assert after(Ageing((Interphase(1e-9, slowing=0.25),)), 100.0).interphase == pytest.approx(0.25 * bare)
    exposed = fixed_share(BARE, coverage="0.9", coating_leak="0.04", interphase_growth="1 nm")
    half = Ageing.of(exposed).without("contact loss", "fracture")
    assert after(half, 100.0).interphase == pytest.approx(math.sqrt(0.1 + 0.9 * 0.04) * bare)
    # Arrhenius on the growth constant: the thickness feels its root
    warm = Interphase(1e-9, activation=50e3, kelvin=298.15)
    factor = math.exp(50e3 / GAS * (1 / 298.15 - 1 / 318.15))
    assert after(Ageing((warm,)), 100.0).interphase == pytest.approx(math.sqrt(factor) * bare)
    # Tafel: what it senses at a potential, averaged over time by the caller
    high = Interphase(1e-9, sensitivity=0.5, volts=4.0, kelvin=318.15)
    sensed = Ageing((high,)).senses(np.array([4.0, 4.1]))["interphase"]
    assert sensed == pytest.approx([1.0, math.exp(0.05 * FARADAY / (GAS * 318.15))])
    assert after(Ageing((high,)), 100.0, means={"interphase": 4.0}).interphase == pytest.approx(2 * bare)


@pytest.mark.parametrize("pieces", [1, 30])
def test_what_follows_the_interphase_has_its_closed_form(pieces):
    laws = Interphase(0.0), ContactLoss(0.06), DiffusivityLoss(0.02), SeriesGrowth(3e-5)
    state = after(Ageing(laws), 900.0, pieces)
    assert state.contact == pytest.approx(1 / (1 + 0.06 * 30.0))
    assert state.diffusivity == pytest.approx(1 / (1 + 0.02 * 30.0))
    assert state.series == pytest.approx(30 * 3e-5)
    # with time alone no coating helps
    slow = Ageing((Interphase(0.0, slowing=0.1), ContactLoss(0.0, 0.06), SeriesGrowth(0.0, 3e-5)))
    state = after(slow, 900.0, pieces)
    assert state.contact == pytest.approx(1 / (1 + 0.06 * 30.0)) and state.series == pytest.approx(30 * 3e-5)


def test_two_losses_of_contact_add_up():
    state = after(Ageing((Interphase(0.0), ContactLoss(0.05, 0.02))), 400.0)
    assert state.contact == pytest.approx(1 / (1 + 0.07 * 20.0))


def test_fracture_converges_to_its_closed_form_with_the_square_of_the_pieces():
    # d ln f = - Lambda sqrt(t) dn, t = n T: ln f = - 2/3 Lambda sqrt(T) n^1.5
    errors = []
    for pieces in (50, 100, 200, 400):
        law = Ageing((Interphase(0.0), Fracture(1e-3)))
        state = after(law, 2000.0, pieces, half_cycles=400.0 / pieces)
        errors.append(abs(math.log(state.active) + 2 / 3 * 1e-3 * math.sqrt(10.0) * 200**1.5))
    orders = np.log2(np.array(errors[:-1]) / errors[1:])
    assert errors[-1] < 2e-3 and (orders > 1.4).all()  # the root's start at zero costs half an order
    # a full swing counts as a cycle, a half one as half
    full, half = (after(Ageing((Interphase(0.0), Fracture(1e-3, 0.6))), 10.0, swing=s) for s in (1.2, 0.6))
    assert math.log(full.active) == pytest.approx(-1e-3 * 0.5 * math.sqrt(10.0))
    assert math.log(half.active) == pytest.approx(0.5 * math.log(full.active))


def test_side_charges_add_up():
    state = after(Ageing((SideReaction(1e-3),)), 10.0, 3)
    assert state.side_charge == pytest.approx(1e-3 * 36000)
    sensed = after(Ageing((SideReaction(1e-3, 0.5),)), 10.0, means={"side reaction": 3.0})
    assert sensed.side_charge == pytest.approx(3e-3 * 36000)
    # the interphase takes charge by its volume over the particles' surface
    p = fixed_share(BARE, interphase_growth="1 nm", interphase_charge="1000 C/cm3")
    surface = 6 * p.value("cathode.volume_fraction") * p.value("cathode.thickness", "m") / 5e-6
    surface *= BARE.value("cathode.active")
    assert after(Ageing.of(p), 100.0).side_charge == pytest.approx(10e-9 * 1e9 * surface, rel=1e-9)


def test_the_numbers_of_a_cell_switch_mechanisms_on_and_off():
    assert [m.name for m in Ageing.of(BARE).mechanisms] == ["interphase", "contact loss", "fracture"]
    assert Ageing.of(LHO).mechanisms[0].slowing == LHO.value("ageing.slowing") < 0.3
    assert Ageing.of(BARE).mechanisms[0].slowing == 1.0
    grams = BARE.value("cell.cam_mass", "g") / BARE.area
    assert Ageing.of(BARE).first_charge == pytest.approx(BARE.value("ageing.first_charge") * 3.6 * grams)
    every = fixed_share(
        BARE, diffusivity_loss="0.1", series_growth="1 ohm cm2", side_current="0.1 uA/cm2", leak="0.2 uA/cm2"
    )
    assert Ageing.of(every).mechanisms[0].name == "interphase"
    assert {m.name for m in Ageing.of(every).mechanisms} == {kind.name for kind in list_built_in()}
    assert Ageing.of(every).leak == pytest.approx(2e-3)
    assert Ageing.of(fixed_share(BARE, fracture="0", contact_loss="0")).mechanisms[1:] == ()
    for kind in list_built_in():
        assert kind.words and any(c.isdigit() for c in kind.citation)


# --- a user's own ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Creep:
    """Contact that heals: theta rises towards the fresh one."""

    hours: float
    name: ClassVar[str] = "creep"
    words: ClassVar[str] = "the electrolyte creeps back"
    citation: ClassVar[str] = "a test"

    def advance(self, before: SlowState, after: SlowState, drive: Drive) -> SlowState:
        gone = (1 - after.contact) * math.exp(-drive.seconds / HOUR / self.hours)
        return replace(after, contact=1 - gone, own={**after.own, "creeps": after.own.get("creeps", 0.0) + 1})


def test_a_mechanism_of_ones_own_needs_no_entry_anywhere():
    ageing = Ageing.of(fixed_share(BARE, contact_loss="0.06"), plus=[Creep(1e-3)])
    state = after(ageing, 100.0, 4)
    assert state.contact == pytest.approx(1.0) and state.own == {"creeps": 4.0}
    assert after(ageing.without("creep"), 100.0).contact == pytest.approx(1 / 1.6)


# --- bad input ------------------------------------------------------------------------------------------------


class Wrong(Creep):
    name = "wrong"

    def advance(self, before, after, drive):
        return replace(after, contact=self.hours)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Ageing((Creep(1), Creep(2))), "two ageing mechanisms are named 'creep'"),
        (lambda: Ageing((object(),)), "this is no ageing mechanism; found object; expected name, words, citation and"),
        (lambda: Ageing.of(BARE).without("contct loss"), "no ageing mechanism 'contct loss' is at work; expected"),
        (lambda: after(Ageing((Wrong(-1.0),)), 1.0), "the ageing mechanism 'wrong' gives an impossible cell; found"),
        (lambda: after(Ageing((Wrong(2.0),)), 1.0), "expected contact and active above 0 and at most 1"),
        (lambda: after(Ageing((Wrong(math.nan),)), 1.0), "the ageing mechanism 'wrong' gives an impossible cell"),
        (lambda: fixed_share(BARE, coverage="1.2"), "ageing.coverage (the share of the surface that the coating"),
        (lambda: fixed_share(BARE, exponent="0"), "ageing.exponent (the power of time by which the interphase grows)"),
        (lambda: fixed_share(BARE, contactloss="0.1"), "unknown parameter 'ageing.contactloss'"),
        (lambda: fixed_share(BARE, leak="0.1 mA"), "ageing.leak"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_said(make, words):
    with pytest.raises(NacreError) as caught:
        make()
    assert words in str(caught.value)


def test_every_file_of_mechanisms_is_found():
    assert len(list_built_in()) == 6 and all(isinstance(kind.name, str) for kind in list_built_in())
    assert module.list_built_in()[0] is Interphase

"""Residual lithium by titration: truth back from a virtual titrator, coverage, and what cannot be told."""

import os
from dataclasses import replace

import numpy as np
import pytest

from nacre.core import registry
from nacre.core.context import Context
from nacre.core.errors import NacreError, NotAssessable
from nacre.core.quantity import derive, parse
from nacre.core.study import Measurement, Sample
from nacre.techniques.chemistry import lithium_consumed
from nacre.techniques.chemistry.titration import TECHNIQUE, TitrationOptions
from nacre.virtual.chemistry.titrator import LI2CO3, LIOH, Bench, TitratedPowder, Titrator, TitratorFlaws, titrate

registry.techniques()
MANY = int(os.environ.get("NACRE_COVERAGE", "60"))  # 400 for the full count, which takes three minutes
STATED = {
    "extract_volume": "50.00(5) mL",
    "aliquot_volume": "40.00(4) mL",
    "acid_concentration": "0.0500(1) mol/L",
    "co2_uptake": "3.3(10) %",
    "soak_time": "10 min",
}
OPTIONS = TitrationOptions(mass_error=0.5, burette_error=0.1)
POWDER = TitratedPowder(0.05, 0.22)


def context(stated=STATED, name="bare"):
    inputs = {key: parse(text).tagged(f"sample:{key}") for key, text in stated.items()}
    return Context(
        "s", Sample(name, "", inputs), None, Measurement(f"{name}:titration", name), analysis=f"titration:{name}"
    )


def without(*names):
    return context({key: text for key, text in STATED.items() if key not in names})


def analysed(signal, options=OPTIONS, where=None):
    (result,) = TECHNIQUE.analyse({"signal": signal}, where or context(), options)
    return result


def truth(powder):
    base = (powder.lioh / LIOH + 2 * powder.li2co3 / LI2CO3) * 1e4
    return {"residual_lioh": powder.lioh, "residual_li2co3": powder.li2co3, "residual_lithium": base}


def recovered(n, seed):
    """(error, std, inside) of each quantity, (3, 3, n): every declared input and flaw is drawn anew."""
    rows = []
    for i in range(n):
        rng = np.random.default_rng((seed, i))
        powder = TitratedPowder(rng.uniform(0.03, 0.08), rng.uniform(0.05, 0.3))
        bench = Bench(
            mass=2.0 + 5e-4 * rng.normal(),
            water=50 * (1 + 1e-3 * rng.normal()),
            aliquot=40 * (1 + 1e-3 * rng.normal()),
            strength=0.05 * (1 + 2e-3 * rng.normal()),
        )
        flaws = TitratorFlaws(
            slope=rng.uniform(0.97, 1.0),
            zero=rng.normal(0, 0.05),
            drift=rng.normal(0, 0.02),
            gain=1e-3 * rng.normal(),
            uptake=max(0.0, rng.normal(0.02, 0.008)),
        )
        signal = titrate(powder, Titrator(bench, flaws), seed=i)
        result = analysed(replace(signal, metadata={**signal.metadata, "sample_mass": 2.0}))
        found = [(result.get(name), true) for name, true in truth(powder).items()]
        rows.append([(q.value - true, q.std, q.lo95 <= true <= q.hi95) for q, true in found])
    return np.array(rows, float).transpose(1, 2, 0)


@pytest.mark.slow
def test_coverage(n=MANY):
    for error, std, inside in recovered(n, seed=3):
        assert abs(inside.mean() - 0.95) <= 3 * np.sqrt(0.95 * 0.05 / n), inside.mean()
        assert 0.8 <= std.mean() / np.sqrt(np.mean(error**2)) <= 1.3
        assert abs(error.mean()) <= 0.5 * std.mean()


def test_the_powder_comes_back_and_the_old_ways_stand_beside():
    result = analysed(titrate(POWDER, seed=1))
    for name, true in truth(POWDER).items():
        found = result.get(name)
        assert found.value == pytest.approx(true, abs=3 * found.std)
    assert result.get("electrode_slope").value == pytest.approx(98.5, abs=0.5)
    gran, second = result.get("gran_end_point").value, result.get("second_end_point").value
    text = next(check.text for check in result.checks if "Gran's end point by" in check.text)
    foretold = float(text.rpartition("Gran's end point by ")[2].rstrip(" %"))
    # the electrode's slope bends Gran's line: said beforehand, and so it is
    assert foretold < -0.3 and 100 * (gran / second - 1) == pytest.approx(foretold, abs=0.2)
    assert result.get("warder_lioh").std is None
    assert any("Warder's end points are off by" in check.text for check in result.checks)
    assert result.figures[0].key == "titration"


def test_uptake_that_nobody_declared_leaves_only_the_lithium_in_all_certain():
    result = analysed(titrate(POWDER, seed=1), where=without("co2_uptake"))
    assert result.get("residual_lioh").std is None and result.get("residual_li2co3").std is None
    assert result.get("residual_lithium").std < 0.005 * result.get("residual_lithium").value
    assert any("the uptake of CO2 is not declared" in check.text for check in result.checks)


def test_carbon_dioxide_does_not_touch_the_lithium_in_all():
    fresh, stale = (
        analysed(titrate(POWDER, Titrator(flaws=TitratorFlaws(uptake=u)), seed=2)).get("residual_lithium")
        for u in (0.0, 0.3)
    )
    assert stale.value == pytest.approx(fresh.value, rel=2e-3)


def test_several_extracts_of_one_powder():
    signals = [titrate(POWDER, seed=s, name=f"extract {s}") for s in range(3)]
    one, three = analysed(signals[0]), analysed(signals)
    assert three.get("residual_lithium").std < one.get("residual_lithium").std
    assert three.get("second_end_point", determination=3).value > 0
    apart = [titrate(TitratedPowder(0.05, c), seed=s, name=f"extract {s}") for s, c in enumerate((0.20, 0.22, 0.24))]
    wide = analysed(apart)
    assert wide.get("residual_lithium").std > 5 * three.get("residual_lithium").std
    assert any("determinations scatter beyond their errors" in check.text for check in wide.checks)


def test_lithium_consumed_counts_the_shared_acid_once():
    before = analysed(titrate(TitratedPowder(0.05, 0.25), seed=4))
    after = analysed(titrate(TitratedPowder(0.05, 0.078), seed=5), where=context(name="lho"))
    (result,) = lithium_consumed.TECHNIQUE.analyse({"before": before, "after": after}, context(name="lho"), None)
    lost = result.get("lithium_consumed")
    assert lost.value == pytest.approx(2 * 0.172 / LI2CO3 * 1e4, abs=3 * lost.std)
    a, b = before.get("residual_lithium"), after.get("residual_lithium")
    assert lost.std < 0.8 * np.hypot(a.std, b.std)
    with pytest.raises(NacreError, match=r"no titration before the step; found nothing"):
        lithium_consumed.TECHNIQUE.analyse({"after": after}, context(), None)


# --- bad input ----------------------------------------------------------------------------------------------


def test_a_titration_without_a_second_step_is_refused():
    short = titrate(POWDER, Titrator(Bench(last=1.4)))
    with pytest.raises(NotAssessable, match=r"ends before its second step: the lowest pH is 9\.\d\d") as caught:
        analysed(short)
    assert "Titrate on to pH 3.5" in str(caught.value)


def test_a_missing_mass_is_asked_for_and_taken_from_each_place():
    signal = titrate(POWDER, seed=1)
    bare = replace(signal, metadata={})
    with pytest.raises(NacreError, match=r"extracted is not given, and the residual lithium per gram") as caught:
        analysed(bare)
    assert 'titration_mass = "... g"' in str(caught.value)
    told = analysed(signal).get("residual_lithium")
    declared = analysed(bare, where=context({**STATED, "titration_mass": "2.0000(5) g"})).get("residual_lithium")
    chosen = analysed(bare, replace(OPTIONS, mass="2.0000(5) g")).get("residual_lithium")
    assert declared.value == chosen.value == told.value
    assert chosen.std == pytest.approx(told.std) == pytest.approx(declared.std)
    with pytest.raises(NacreError, match="the mass of powder must be above 0"):
        analysed(bare, where=context({**STATED, "titration_mass": "0 g"}))


def test_what_else_must_be_known_is_asked_for():
    signal = titrate(POWDER, seed=1)
    for name, words in (("acid_concentration", "the concentration of the acid"), ("aliquot_volume", "was titrated")):
        with pytest.raises(NacreError, match=words):
            analysed(signal, where=without(name))
    unstated = analysed(signal, TitrationOptions())
    assert unstated.get("residual_lithium").std is None
    assert any("the mass (mass_error), the volume dosed (burette_error)" in c.text for c in unstated.checks)
    cold = {name: v for name, v in signal.variables.items() if name != "temperature"}
    with pytest.raises(NacreError, match="the temperature of the bath is not known"):
        analysed(replace(signal, variables=cold))


# --- CO2 taken up during the titration ------------------------------------------------------------------------


def test_uptake_during_the_titration_is_fitted_along_where_it_is_asked_for():
    """0.4 umol of CO2 per minute turns 24 % of the hydroxide: unseen it is a bias, fitted along it is not."""
    bench, options = Titrator(flaws=TitratorFlaws(uptake=0.0, breathing=0.4)), replace(OPTIONS, fit_uptake=True)
    where = context({**STATED, "co2_uptake": "0.0(5) %"})
    errors = {True: [], False: []}
    for seed in range(20):
        signal = titrate(POWDER, bench, seed=seed)
        for fitted in errors:
            q = analysed(signal, options if fitted else OPTIONS, where).get("residual_lioh")
            errors[fitted].append(((q.value - POWDER.lioh) / POWDER.lioh, q.std / POWDER.lioh))
    blind, seeing = (np.array(errors[fitted]) for fitted in (False, True))
    assert blind[:, 0].mean() < -0.2
    assert abs(seeing[:, 0].mean()) < 3.5 * seeing[:, 0].std() / np.sqrt(20)
    assert 0.7 < seeing[:, 1].mean() / seeing[:, 0].std() < 1.4
    words = [check.text for check in analysed(signal, options, where).checks]
    assert any("CO2 taken up during the titration, fitted along: " in text for text in words)


def test_uptake_cannot_be_fitted_without_times():
    signal = titrate(POWDER, seed=1)
    timeless = replace(signal, variables={k: v for k, v in signal.variables.items() if k != "time"})
    with pytest.raises(NacreError, match="cannot be fitted: the file holds no times"):
        analysed(timeless, replace(OPTIONS, fit_uptake=True))


def test_what_two_powders_took_up_does_not_cancel_in_their_difference():
    """Same hydroxide, other carbonate, another uptake each: the difference of the hydroxides covers nought."""
    inside = []
    for seed in range(40):
        found = []
        for name, carbonate in (("bare", 0.25), ("lho", 0.08)):
            rng = np.random.default_rng((seed, len(name)))
            flaws = TitratorFlaws(uptake=max(0.0, rng.normal(0.02, 0.01)))
            signal = titrate(TitratedPowder(0.05, carbonate), Titrator(flaws=flaws), seed=seed + 100 * len(name))
            found.append(analysed(signal, where=context(name=name)).get("residual_lioh"))
        apart = derive(lambda a, b: a - b, *found, unit="wt%")
        inside.append(abs(apart.value) < 1.96 * apart.std)
    assert np.mean(inside) > 0.84  # 95 % less three standard deviations of 40 cases

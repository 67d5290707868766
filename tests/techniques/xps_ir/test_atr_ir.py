"""ATR infrared: carbonate against the oxide's flank, coated against bare, on virtual loads with known truth."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from nacre.core.context import Context
from nacre.core.errors import NacreError, NotAssessable
from nacre.core.registry import techniques
from nacre.core.signal import Variable
from nacre.core.study import Measurement, Sample
from nacre.physics.xps_ir import infrared as physics
from nacre.readers.xps_ir import infrared_text, opus
from nacre.techniques.xps_ir import atr_ir
from nacre.techniques.xps_ir.atr_ir import AtrIrOptions
from nacre.virtual.xps_ir.infrared import InfraredFlaws, InfraredPowder, measure_infrared

RAW = Path(__file__).resolve().parents[3] / "studies/lho-ncm85/raw"
TRUE = 0.35
techniques()


def of(name):
    return Context("s", sample=Sample(name), measurement=Measurement(f"{name}:ir", sample=name))


def pair(seed, loads=3, flaws=None, ratio=TRUE):
    bare = [measure_infrared(InfraredPowder(0.045), "bare", seed + j, flaws) for j in range(loads)]
    coated = [measure_infrared(InfraredPowder(0.045 * ratio), "lho", seed + loads + j, flaws) for j in range(loads)]
    both = Context("s", others={"bare": of("bare"), "lho": of("lho")})
    (result,) = atr_ir.analyse({"bare": bare, "lho": coated}, both, AtrIrOptions())
    return result


def ratios(result):
    return [e.quantity for e in result.entries if e.name == "carbonate_ratio"]


def texts(result, status):
    return " | ".join(check.text for check in result.checks if check.status == status)


def test_the_study_s_ratio_is_found():
    loads = {name: [infrared_text.read(RAW / f"{name}_ir_{i}.dpt")[0] for i in (1, 2, 3)] for name in ("bare", "lho")}
    (result,) = atr_ir.analyse(loads, Context("s", others={n: of(n) for n in loads}), AtrIrOptions())
    for q in ratios(result):
        assert q.lo95 < TRUE < q.hi95 and q.basis == "replicates"
    assert result.figures[0].place == "Fig. 2j"
    assert {e.subject.sample for e in result.entries if e.name == "carbonate_ratio"} == {"lho"}
    assert "600 to 1800 cm-1 cannot show LiOH, O-H stretch (3676 cm-1)" in texts(result, "info")
    assert "by the stretch" in texts(result, "pass")


def test_contact_and_baseline_cancel_without_noise():
    still = InfraredFlaws(contact=0.5, drift=0.0, vapour=0.0, noise=1e-9)
    stretch, bend = ratios(pair(5, flaws=still))
    assert bend.value == pytest.approx(TRUE, rel=3e-3)  # arpls is not linear
    assert stretch.value == pytest.approx(TRUE, rel=0.03)  # adsorbed water reaches under it


@pytest.mark.slow
def test_intervals_of_the_ratio_cover_it():
    found = [ratios(pair(1000 + 6 * i)) for i in range(60)]
    for k in (0, 1):
        errors = np.array([np.log(q[k].value / TRUE) for q in found])
        stds = np.array([q[k].std / q[k].value for q in found])
        covered = np.mean([q[k].lo95 <= TRUE <= q[k].hi95 for q in found])
        assert covered >= 0.95 - 3 * np.sqrt(0.95 * 0.05 / len(found))
        assert 0.6 < stds.mean() / errors.std() < 1.6
        assert abs(errors.mean()) < 0.04


def test_one_load_gives_no_interval():
    result = pair(7, loads=1)
    assert all(q.std is None and q.lo95 is None for q in ratios(result))
    assert "one load only" in texts(result, "warn")


def test_no_carbonate_is_an_answer():
    result = pair(8, ratio=0.0)
    assert "is not seen in every load: no ratio of it" in texts(result, "info")
    assert len(ratios(result)) < 2


def test_water_beside_the_carbonate_is_told():
    wet = [measure_infrared(InfraredPowder(0.02, water=0.05), "bare", 9 + j) for j in range(3)]
    (result,) = atr_ir.analyse({"signal": wet}, of("bare"), AtrIrOptions())
    assert "the water band at 1635 cm-1 has" in texts(result, "warn")


@pytest.mark.parametrize("kind", physics.BASELINES)
def test_areas_above_a_sloping_baseline(kind):
    x = np.arange(600.0, 1801.0, 2.0)
    y = 0.02 + 1e-5 * x + 0.1 * np.exp(-0.5 * ((x - 870.0) / 6.0) ** 2)
    area = physics.measure_band_area(x, y, (840.0, 900.0), kind, ((800.0, 838.0), (902.0, 940.0)))
    assert area == pytest.approx(0.1 * 6.0 * np.sqrt(2 * np.pi), rel=0.01)


def test_penetration_of_diamond():
    """n 2.4 against 1.5 at 45 degrees and 1000 cm-1: 2.0 um, and twice that at 500."""
    depth = physics.compute_penetration(np.array([1000.0, 500.0]), 2.4, 1.5, np.pi / 4)
    assert depth[0] == pytest.approx(2.0e-6, rel=0.01) and depth[1] == pytest.approx(2 * depth[0])
    with pytest.raises(ValueError, match="no total reflection"):
        physics.compute_penetration(1000.0, 2.4, 2.2, np.pi / 4)


def test_transmittance_is_turned_and_taken_for_absorbance_is_refused():
    loads = [measure_infrared(InfraredPowder(0.045), "bare", 20 + j) for j in range(3)]
    turned, mistaken = [], []
    for load in loads:
        passed = 10 ** -load["absorbance"].values
        variables = {"wavenumber": load["wavenumber"], "transmittance": Variable(passed, "1", ("wavenumber",))}
        turned.append(replace(load, variables=variables, metadata={"quantity": "transmittance"}))
        variables = {"wavenumber": load["wavenumber"], "absorbance": Variable(passed, "1", ("wavenumber",))}
        mistaken.append(replace(load, variables=variables))
    (a,), (b,) = (atr_ir.analyse({"signal": s}, of("bare"), AtrIrOptions()) for s in (loads, turned))
    assert b.entries[0].quantity.value == pytest.approx(a.entries[0].quantity.value, rel=1e-9)
    with pytest.raises(
        NacreError, match=r"the carbonate bands point downwards; found an area of -.* This is transmittance"
    ):
        atr_ir.analyse({"signal": mistaken}, of("bare"), AtrIrOptions())


def test_a_range_without_the_band_is_refused():
    load = measure_infrared(InfraredPowder(0.045), "bare", 30)
    keep = load["wavenumber"].values > 1000
    variables = {n: replace(v, values=v.values[keep]) for n, v in load.variables.items()}
    words = r"does not hold the band of carbonate, out-of-plane bend; found 1002 to 1800 cm-1, expected 815 to 940"
    with pytest.raises(NotAssessable, match=words.replace(", expected", "; expected")):
        atr_ir.analyse({"signal": replace(load, variables=variables)}, of("bare"), AtrIrOptions())


@pytest.mark.realdata
def test_a_soil_with_carbonate_is_analysed(realdata):
    (signal,) = opus.read(realdata / "infrared/opusreader2/BF_lo_01_soil_cal.1")
    (result,) = atr_ir.analyse({"signal": signal}, of("soil"), AtrIrOptions(normalise=False))
    assert result.figures[0].panels[0].series
    assert "one load only" in texts(result, "warn") and "cannot show" not in texts(result, "info")


# --- depth of penetration -----------------------------------------------------------------------------------


@pytest.mark.parametrize("indices", [(2.4, 1.5, 45.0), (4.0, 1.7, 30.0), (2.4, 1.65, 60.0)])
def test_effective_path_is_the_weak_limit_of_fresnel(indices):
    """-dR/dk of the complex Fresnel coefficients, both polarisations: independent of the formula."""
    crystal, sample, angle = indices[0], indices[1], np.radians(indices[2])
    absorbing, nu = 1e-7, 1000.0
    index = complex(sample, absorbing)
    inner = np.cos(angle)
    outer = np.sqrt(1 - (crystal / index * np.sin(angle)) ** 2 + 0j)
    outer = outer if outer.imag > 0 else -outer
    across = (crystal * inner - index * outer) / (crystal * inner + index * outer)
    along = (index * inner - crystal * outer) / (index * inner + crystal * outer)
    lost = 1 - 0.5 * (abs(across) ** 2 + abs(along) ** 2)
    path = lost / (4 * np.pi * absorbing * 100 * nu)
    assert physics.compute_effective_path(nu, crystal, sample, angle) == pytest.approx(path, rel=1e-5)


@pytest.mark.parametrize("way", ["wavenumber", "path"])
def test_corrected_bands_have_the_ratio_of_the_absorption(way):
    """Absorption known, absorbance = absorption x effective path: the stretch is seen weaker than the bend by 1.66."""
    still = InfraredFlaws(contact=0.0, drift=0.0, vapour=0.0, noise=1e-9)
    load = measure_infrared(InfraredPowder(0.045), "bare", 1, still)
    x, truth = load["wavenumber"].values, load["absorbance"].values
    seen = truth * physics.compute_effective_path(x, 2.4, 1.6, np.pi / 4) / 1e-6
    variables = {**load.variables, "absorbance": replace(load["absorbance"], values=seen)}
    options = AtrIrOptions(
        normalise=False, atr_correction=way, crystal_index=2.4, sample_index=1.6, angle=45.0, baselines=("straight",)
    )

    def areas(signal, options):
        (result,) = atr_ir.analyse({"signal": [signal]}, of("bare"), options)
        return np.array([e.quantity.value for e in result.entries if e.name == "carbonate_band"]), result

    plain = AtrIrOptions(normalise=False, baselines=("straight",))
    (true, _), (shrunk, raw) = areas(load, plain), areas(replace(load, variables=variables), plain)
    found, result = areas(replace(load, variables=variables), options)
    assert found[0] / found[1] == pytest.approx(true[0] / true[1], rel=1e-6)
    assert shrunk[0] / shrunk[1] < 0.62 * true[0] / true[1]
    if way == "path":
        assert found == pytest.approx(true, rel=1e-6)
    assert "not corrected" in raw.methods and "not corrected" not in result.methods
    assert any("Harrick" in c for c in result.citations) and "Corrected" in result.figures[0].caption


def test_an_effective_path_without_its_numbers_is_refused():
    loads = [measure_infrared(InfraredPowder(0.045), "bare", 40)]
    with pytest.raises(NacreError, match=r"needs indices and angle; found no crystal_index, no sample_index, no angle"):
        atr_ir.analyse({"signal": loads}, of("bare"), AtrIrOptions(atr_correction="path"))
    steep = AtrIrOptions(atr_correction="path", crystal_index=2.4, sample_index=2.2, angle=45.0)
    with pytest.raises(NacreError, match=r"no total reflection.*found 2\.4 against 2\.2 at 45 degrees"):
        atr_ir.analyse({"signal": loads}, of("bare"), steep)

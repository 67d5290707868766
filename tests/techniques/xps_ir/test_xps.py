"""Core levels: virtual spectra with known truth, a spectrum CasaXPS fitted, and what must be refused."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from nacre.core.context import Context
from nacre.core.errors import NacreError, NotAssessable
from nacre.core.quantity import covariance
from nacre.core.registry import techniques
from nacre.core.study import Measurement, Sample
from nacre.materials.spectra import xps_species
from nacre.readers.xps_ir import vamas
from nacre.techniques.xps_ir import region_fit, xps, xps_models
from nacre.techniques.xps_ir.xps import XpsOptions
from nacre.virtual.xps_ir.xps import TrueSpectrum, XpsBackground, XpsPeak, XpsScan, compute_expected, measure_spectra

RAW = Path(__file__).resolve().parents[3] / "studies/lho-ncm85/raw"
techniques()


def context(name="lho", stage=""):
    state = {"stage": stage} if stage else {}
    return Context(
        "s", sample=Sample(name), measurement=Measurement(f"{name}:xps", sample=name, state=state), analysis="a"
    )


def carbon(shift=0.0):
    peaks = (XpsPeak(6000.0, 284.8, 1.4), XpsPeak(1500.0, 286.3, 1.4), XpsPeak(4000.0, 289.9, 1.4))
    return TrueSpectrum("C 1s", XpsScan(272.0, 302.0), peaks, XpsBackground(2000.0, 0.0, 0.03), shift)


def hafnium(shift=0.0, scan=XpsScan(11.0, 26.0), ratio=1.02, oxygen=2000.0):
    second = 12000.0 / (1 + ratio)
    peaks = (
        XpsPeak(12000.0 - second, 18.1, 1.6, 1.71, 0.75),
        XpsPeak(second, 15.6, 1.6, 1.71, 0.75),
        XpsPeak(oxygen, 22.4, 3.1),
    )
    return TrueSpectrum("Hf 4f", scan, peaks, XpsBackground(1500.0, 80.0, 0.05), shift)


def analyse(signals, options=None, name="lho"):
    (result,) = xps.analyse({"signal": signals}, context(name), options or XpsOptions())
    return result


def texts(result, status):
    return " | ".join(check.text for check in result.checks if check.status == status)


def test_the_study_s_hafnium_returns_the_paper_s_ratio():
    result = analyse(vamas.read(RAW / "lho_xps.vms"))
    ratio = result.get("species_ratio")
    assert ratio.lo95 < 1.02 < ratio.hi95
    assert 0.02 < (ratio.hi95 - ratio.lo95) / 2 < 0.08
    assert ratio.basis == "model-spread"
    assert result.get("binding_energy", line="Hf 4f7/2", species="HfO2").value == pytest.approx(18.1, abs=0.1)
    assert result.get("binding_energy", line="Hf 4f7/2", species="Li-Hf-O").value == pytest.approx(15.6, abs=0.1)
    assert "with O 2s in the model the ratio is" in texts(result, "warn")
    assert "Li-Hf-O independently supported: no" in texts(result, "warn")
    assert "with cross-sections instead of 4:3" in texts(result, "info")
    assert {f.place for f in result.figures} >= {"Fig. 2k", "Tab. S2"}


def test_leaving_the_oxygen_line_out_shifts_the_ratio():
    signals = vamas.read(RAW / "lho_xps.vms")
    inside = analyse(signals, XpsOptions(regions=("Hf 4f",)))
    outside = analyse(signals, XpsOptions(regions=("Hf 4f",), models=("step", "loss", "step+slope")))
    a, b = inside.get("species_ratio").value, outside.get("species_ratio").value
    assert b / a < 0.9
    assert "no model describes the counts" in texts(outside, "warn")


def test_the_ratio_and_the_share_are_one_error():
    result = analyse(measure_spectra([hafnium(), carbon()], "lho", 1), XpsOptions(regions=("Hf 4f",)))
    ratio, share = result.get("species_ratio"), result.get("species_fraction", species="HfO2")
    assert covariance(ratio, share) == pytest.approx(ratio.std * share.std, rel=1e-6)
    other = result.get("species_fraction", species="Li-Hf-O")
    assert covariance(share, other) == pytest.approx(-share.std * other.std, rel=1e-6)


@pytest.mark.parametrize("shift", [-4.2, 1.7, 5.5])
def test_charge_is_found_on_adventitious_carbon(shift):
    """Even where carbonate is as strong as the reference line: the ratio does not feel it, positions do not move."""
    result = analyse(
        measure_spectra([hafnium(shift, XpsScan(4.0, 34.0)), carbon(shift)], "lho", 2),
        XpsOptions(regions=("Hf 4f",), shapes=("sum",)),  # a tail would add an error of its own to the position
    )
    position = result.get("binding_energy", species="HfO2")
    assert position.value == pytest.approx(18.1, abs=0.08)
    assert position.std == pytest.approx(0.2, abs=0.02)  # the convention's own error dominates
    assert f"moved by {-shift:.2f}" in texts(result, "info").replace("(20)", "")


def test_two_hafnium_species_are_not_seen_where_there_are_none():
    bare = replace(hafnium(), peaks=(XpsPeak(2500.0, 22.4, 3.1),))
    result = analyse(measure_spectra([bare, carbon()], "bare", 3), XpsOptions(regions=("Hf 4f",)), "bare")
    assert not result.entries
    assert "nothing in Hf 4f is above the detection limit" in texts(result, "info")


def test_one_model_alone_says_so():
    options = XpsOptions(regions=("Hf 4f",), models=("step+slope+overlap",))
    result = analyse(measure_spectra([hafnium(), carbon()], "lho", 4), options)
    assert result.get("species_ratio").basis == "fit-covariance"
    assert "one model only (step+slope+overlap): the interval leaves the choice of model out" in texts(result, "warn")


def test_without_counts_there_is_no_counting_error():
    signals = measure_spectra([hafnium(), carbon()], "lho", 5)
    rates = []
    for signal in signals:
        variables = dict(signal.variables)
        old = variables["intensity"]
        variables["intensity"] = replace(old, values=old.values * 3.7, unit="arb")
        rates.append(replace(signal, variables=variables))
    counted, scaled = (analyse(s, XpsOptions(regions=("Hf 4f",))) for s in (signals, rates))
    a, b = counted.get("species_ratio"), scaled.get("species_ratio")
    assert b.value == pytest.approx(a.value, rel=0.01) and 0.6 < b.std / a.std < 1.6
    assert "no counting error" in texts(scaled, "warn")


def test_several_samples_are_fitted_as_one():
    """Shared positions and widths; shares of cycled cathodes as the virtual instrument made them."""
    signals = {name: vamas.read(RAW / f"{name}_xps.vms") for name in ("electrolyte", "bare_cycled", "lho_cycled")}
    others = {name: context(name, "cycled") for name in signals}
    joint = replace(context("x"), others=others, sample=None, measurement=None)
    (result,) = xps.analyse(signals, joint, XpsOptions(regions=("S 2p", "P 2p")))
    truth = {
        "electrolyte": {"sulfide": 17, "PS4": 76, "polysulfide": 7, "oxygenated sulfur": 0},
        "bare_cycled": {"sulfide": 12, "PS4": 52, "polysulfide": 24, "oxygenated sulfur": 12},
        "lho_cycled": {"sulfide": 14, "PS4": 63, "polysulfide": 17, "oxygenated sulfur": 6},
    }
    found = {
        (e.subject.sample, e.state["species"]): e.quantity
        for e in result.entries
        if e.state.get("line") == "S 2p" and e.subject
    }
    for sample, shares in truth.items():
        for species, share in shares.items():
            q = found[sample, species]
            assert abs(q.value - share) < 4 * q.std, (sample, species, q)
    assert [len(f.panels) for f in result.figures if f.place == "Fig. S4a"] == [3, 3]
    assert result.get("binding_energy", line="S 2p3/2", species="polysulfide").value == pytest.approx(163.6, abs=0.1)
    assert "fitted together" in result.methods


@pytest.mark.slow
def test_joint_shares_are_closer_than_single_ones():
    signals = {name: vamas.read(RAW / f"{name}_xps.vms") for name in ("electrolyte", "bare_cycled", "lho_cycled")}
    joint = replace(context("x"), others={n: context(n) for n in signals}, sample=None, measurement=None)
    options = XpsOptions(regions=("S 2p",))
    (together,) = xps.analyse(signals, joint, options)
    alone = analyse(signals["lho_cycled"], options)
    a = next(
        e.quantity
        for e in together.entries
        if e.subject and e.subject.sample == "lho_cycled" and e.state["species"] == "sulfide"
    )
    assert a.std < alone.get("species_fraction", species="sulfide").std


@pytest.mark.realdata
def test_w_4f_of_casaxps_is_where_casaxps_has_it(realdata):
    """Own fit of the calibrated data: W 4f7/2 of sulfide and oxide within 0.1 eV of CasaXPS's components."""
    blocks = [s for s in vamas.read(realdata / "xps/cheminfo/assigned.vms") if s.name == "W 4f"]
    level = xps_species.load_species().levels["W 4f"]
    sulfide = xps_species.Species("sulfide", 32.3, 32.0, 33.4, 0.4, True, "CasaXPS")
    oxide = xps_species.Species("oxide", 35.7, 35.0, 36.4, 0.4, True, "CasaXPS")
    region = xps_species.CoreLevelRegion(level, (30.0, 41.0), 1.0, (sulfide, oxide))
    for signal in blocks:
        components = signal.metadata.get("casa_components")
        if not components:
            continue
        energy = signal.array("binding_energy", "eV") + signal.metadata["calibration_shift_eV"]
        spectrum = xps_models.prepare_spectrum(energy, signal["intensity"].values, "counts", region, signal.where)
        best = xps_models.fit_all(xps_models.list_candidates(region), [spectrum]).best
        assert best.value("position sulfide") == pytest.approx(components[0]["position"], abs=0.1)
        assert best.value("position oxide") == pytest.approx(components[2]["position"], abs=0.1)


@pytest.mark.realdata
def test_a_file_of_many_regions_is_fitted_where_regions_are_known(realdata):
    """Kratos data of a sulfide film: C 1s is known, Br 3d and Mo 3d are passed over; its charge is CasaXPS's."""
    blocks = vamas.read(realdata / "xps/cheminfo/assigned.vms")
    chosen = [s for s in blocks if s.metadata["sample"] == "RW_WS2_MoS2_thicker"]
    result = analyse(chosen, XpsOptions(regions=("C 1s",)))
    assert result.get("binding_energy", line="C 1s", species="C-C").value == pytest.approx(284.8, abs=0.2)
    shift = float(next(c.text for c in result.checks if "moved by" in c.text).rsplit("moved by ", 1)[1].split("(")[0])
    assert shift == pytest.approx(chosen[0].metadata["calibration_shift_eV"], abs=0.3)


# --- bad input ----------------------------------------------------------------------------------------------


def test_a_window_that_cuts_a_peak_is_refused():
    signals = measure_spectra([hafnium(scan=XpsScan(11.0, 19.5)), carbon()], "lho", 6)
    words = r"the window cuts the Hf 4f5/2 line of HfO2; found a window from 11\.0 to 19\.5 eV, the line at 19\.8 eV"
    with pytest.raises(NotAssessable, match=words):
        analyse(signals, XpsOptions(regions=("Hf 4f",)))
    assert "Hf 4f is not assessed" in texts(analyse(signals), "fail")


def test_a_region_of_another_element_is_refused():
    wrong = replace(hafnium(), region="S 2p")
    words = r"the spectrum called 'S 2p' does not hold that region; found 11\.\d to 26\.\d eV; "
    words += r"expected lines of S 2p at 160\.1"
    with pytest.raises(NacreError, match=words):
        analyse(measure_spectra([wrong, carbon()], "lho", 7))


def test_a_species_that_is_not_the_assumed_one_does_not_pass():
    """A line where none of the table's lies: its position is not given, and the fit is said to fail."""
    peaks = (XpsPeak(20000.0, 130.3, 1.3, 0.84, 0.5),)
    wrong = TrueSpectrum("P 2p", XpsScan(126.0, 140.0), peaks, XpsBackground(500.0))
    result = analyse(measure_spectra([wrong], "lho", 11), XpsOptions(calibration="none"))
    assert "ran to the limit of where it may lie" in texts(result, "fail")
    assert not [e for e in result.entries if e.name == "binding_energy" and e.state["species"] == "PS4"]


def test_negative_counts_are_refused():
    signals = measure_spectra([hafnium(), carbon()], "lho", 8)
    variables = dict(signals[0].variables)
    variables["intensity"] = replace(variables["intensity"], values=variables["intensity"].values - 1600.0)
    with pytest.raises(
        NacreError, match=r"intensities must not be negative; found -\d+ at .* eV\. Give the data as counted"
    ):
        analyse([replace(signals[0], variables=variables), signals[1]])


def test_an_absent_calibration_peak_is_told():
    with pytest.raises(NotAssessable, match="there is no C 1s spectrum to calibrate the energies on; found Hf 4f"):
        analyse(measure_spectra([hafnium()], "lho", 9))
    empty = replace(carbon(), peaks=())
    with pytest.raises(NotAssessable, match="no C 1s line stands out: the energies cannot be calibrated on it"):
        analyse(measure_spectra([hafnium(), empty], "lho", 9))
    result = analyse(measure_spectra([hafnium()], "lho", 9), XpsOptions(calibration="none"))
    assert "positions have no calibration error" in texts(result, "warn")


def test_swapped_splittings_do_not_pass():
    table = xps_species.load_species()
    assert table.region("S 2p").level.splitting == pytest.approx(1.18)
    assert table.region("P 2p").level.splitting == pytest.approx(0.84)
    with pytest.raises(
        NacreError, match=r"0\.84 eV is not that of S 2p; found 0\.84 eV, as P 2p has; expected 1\.15 to 1\.21"
    ):
        xps_models.list_candidates(table.region("S 2p"), splitting=0.84)
    with pytest.raises(NacreError, match=r"2\.4 eV is not that of Hf 4f"):
        xps_models.list_candidates(table.region("Hf 4f"), splitting=2.4)
    swapped = {"splitting": 0.84, "range": [0.82, 0.88], "source": "swapped"}
    with pytest.raises(NacreError, match="the splitting of S 2p is not one it can have"):
        xps_species.read_species({"levels": {"S 2p": swapped}, "regions": {}})


def test_ratios_of_doublets_follow_from_the_level():
    ratios = {name: level.ratio for name, level in xps_species.load_species().levels.items()}
    assert ratios["Hf 4f"] == 3 / 4 and ratios["S 2p"] == 1 / 2 and ratios["Zr 3d"] == 2 / 3


def test_a_file_without_a_known_region_says_what_is_known():
    strange = replace(hafnium(), region="Valence")
    with pytest.raises(
        NacreError, match="no spectrum is of a region that is known; found Valence; expected Hf 4f, S 2p"
    ):
        analyse(measure_spectra([strange], "lho", 10), XpsOptions(calibration="none"))


def test_the_error_counts_noise_of_the_virtual_counts():
    """Shares over 40 draws of the virtual instrument: the truth lies in the intervals."""
    inside = []
    for seed in range(40):
        result = analyse(measure_spectra([hafnium()], "lho", 1000 + seed), XpsOptions(calibration="none"))
        q = result.get("species_ratio")
        inside.append(q.lo95 < 1.02 < q.hi95)
    assert np.mean(inside) >= 0.95 - 3 * np.sqrt(0.95 * 0.05 / 40)


# --- line shapes and single models --------------------------------------------------------------------------


@pytest.mark.parametrize("shape", ["product", "voigt", "tail"])
def test_a_shape_of_the_lines_may_be_chosen(shape):
    options = XpsOptions(regions=("Hf 4f",), models=("step+slope+overlap",), shapes=(shape,), calibration="none")
    result = analyse(measure_spectra([hafnium()], "lho", 12), options)
    ratio = result.get("species_ratio")
    assert abs(np.log(ratio.value / 1.02)) < 3.3 * ratio.std / ratio.value  # one draw
    assert f"one model only (step+slope+overlap{', ' + shape})" in texts(result, "warn")
    assert xps.SHAPE_WORDS[shape] in result.methods and "Of Hf 4f one model alone was fitted" in result.methods


def test_shapes_are_weighed_against_each_other():
    """An asymmetric truth: the ensemble of both shapes leans on the asymmetric one and holds the truth."""
    second = 12000.0 / 2.02
    rest = {"splitting": 1.71, "ratio": 0.75, "tail": 0.45}
    peaks = (XpsPeak(12000.0 - second, 18.1, 1.3, **rest), XpsPeak(second, 15.6, 1.3, **rest))
    spectrum = replace(hafnium(), peaks=tuple(replace(p, area=20 * p.area) for p in peaks))
    signals = measure_spectra([spectrum], "lho", 13)
    options = XpsOptions(regions=("Hf 4f",), calibration="none", models=("step+slope", "step+slope+widths"))
    options = replace(options, shapes=("sum", "tail"))
    result = analyse(signals, options)
    ratio = result.get("species_ratio")
    assert ratio.lo95 < 1.02 < ratio.hi95 and ratio.basis == "model-spread"
    table = next(c for c in result.curves if c.name == "Hf 4f models")
    weights = dict(zip(table.columns["model"][0], table.columns["weight"][0], strict=True))
    assert weights["step+slope, tail"] + weights["step+slope+widths, tail"] > 0.99
    (alone,) = xps.analyse({"signal": signals}, context(), replace(options, shapes=("sum",)))
    assert "no model describes the counts" in texts(alone, "warn") + texts(alone, "fail")


def test_the_species_table_may_name_a_shape():
    row = {"name": "metal", "position": 14.3, "range": [14.0, 14.6], "sd": 0.1, "supported": True, "source": "x"}
    level = {"splitting": 1.71, "range": [1.66, 1.72], "source": "x"}
    region = {"window": [10.0, 20.0], "fwhm": 1.0, "species": [row | {"shape": "tail"}, row | {"name": "oxide"}]}
    found = xps_species.read_species({"levels": {"Hf 4f": level}, "regions": {"Hf 4f": region}}).regions["Hf 4f"]
    model = xps_models.list_candidates(found, names=("step",), shapes=("voigt",))[0]
    assert [line.shape for line in model.lines] == ["tail", "tail", "voigt", "voigt"]
    assert {line.tail for line in model.lines} == {"tail", ""}
    region["species"][0]["shape"] = "voight"
    with pytest.raises(NacreError, match=r"line shape of Hf 4f of metal.*voight.*voigt"):
        xps_species.read_species({"levels": {"Hf 4f": level}, "regions": {"Hf 4f": region}})


def test_every_interval_of_one_model_is_labelled():
    signals = measure_spectra([hafnium(), carbon()], "lho", 14)
    result = analyse(signals, XpsOptions(regions=("Hf 4f",)))
    table = next(c for c in result.curves if c.name == "Hf 4f models")
    assert sum("of this model alone" in name for name in table.columns) == 2
    assert "by one model (step)" in texts(result, "info")
    single = analyse(signals, XpsOptions(models=("step+slope",)))
    for region in ("Hf 4f", "C 1s"):
        assert f"{region}: one model only (step+slope)" in texts(single, "warn")
    mine = [e.quantity for e in single.entries if e.name in ("species_fraction", "species_ratio", "peak_width")]
    assert mine and all(q.basis == "fit-covariance" for q in mine)
    assert all("alone" in figure.caption for figure in single.figures)
    assert "the spread between them is part" not in single.methods


def test_bare_and_coated_powder_are_fitted_together():
    """The bare one shows O 2s by itself; what only the coated one shows is the coated one's."""
    signals = {name: vamas.read(RAW / f"{name}_xps.vms") for name in ("bare", "lho")}
    joint = replace(context("x"), others={n: context(n) for n in signals}, sample=None, measurement=None)
    (result,) = xps.analyse(signals, joint, XpsOptions(regions=("Hf 4f",)))
    (ratio,) = [e for e in result.entries if e.name == "species_ratio"]
    assert ratio.subject.sample == "lho" and ratio.quantity.lo95 < 1.02 < ratio.quantity.hi95
    (alone,) = [e for e in analyse(signals["lho"], XpsOptions(regions=("Hf 4f",))).entries if e.name == "species_ratio"]
    assert ratio.quantity.std < alone.quantity.std
    places = [e for e in result.entries if e.name == "binding_energy"]
    assert len(places) == 2 and all(e.subject.sample == "lho" for e in places)
    assert "bare: nothing in Hf 4f is above the detection limit" in texts(result, "info")


@pytest.mark.slow
@pytest.mark.parametrize("kind", [{"tail": 0.3}, {"shape": "voigt"}, {"shape": "product"}])
def test_an_ensemble_of_shapes_covers_the_truth(kind):
    """A fixed subset of the full study (400 draws)."""
    region, second, draws = xps_species.load_species().region("Hf 4f"), 12000.0 / 2.02, 40
    rest = {"splitting": 1.71, "ratio": 0.75} | kind
    peaks = (
        XpsPeak(12000.0 - second, 18.1, 1.5, **rest),
        XpsPeak(second, 15.6, 1.5, **rest),
        XpsPeak(2000.0, 22.4, 3.1),
    )
    x, counts = compute_expected(replace(hafnium(scan=XpsScan(11.0, 25.5)), peaks=peaks))
    chosen = xps_models.list_candidates(region, shapes=("sum", "tail" if "tail" in kind else kind["shape"]))
    rng, errors, stds = np.random.default_rng(21), [], []
    for _ in range(draws):
        ensemble = xps_models.fit_all(chosen, [xps_models.XpsSpectrum(x, rng.poisson(counts).astype(float))])
        fit = region_fit.RegionFit(region, (None,), (), ensemble)
        mean, within, between = ensemble.average(region_fit.make_log_ratio(fit, 0))
        errors.append(mean[0] - np.log(1.02))
        stds.append(np.sqrt(within[0, 0] + between[0, 0]))
    errors, stds = np.array(errors), np.array(stds)
    assert abs(errors.mean()) < 0.01 + 3 * errors.std() / np.sqrt(draws)
    assert np.mean(np.abs(errors) < 1.96 * stds) >= 0.95 - 3 * np.sqrt(0.95 * 0.05 / draws)
    assert stds.mean() / errors.std(ddof=1) < 1.6 * (1 + 3 / np.sqrt(2 * draws))


def test_a_share_below_zero_takes_the_uncertainty_of_all_shares_away():
    def doublet(area, volts):
        return XpsPeak(area, volts, 1.2, 1.18, 0.5, shape="voigt")

    scan, ground = XpsScan(156.5, 176.5), XpsBackground(3000.0, 50.0, 0.04)
    shares = {}
    for dip in (0.0, -1500.0):  # a charging artefact takes counts away where polysulfide would lie
        sulfur = TrueSpectrum("S 2p", scan, (doublet(20000.0, 161.5), doublet(dip, 163.6)), ground)
        result = analyse(measure_spectra([carbon(), sulfur], "lho", 11), XpsOptions(regions=("S 2p",)))
        shares[dip] = [e.quantity for e in result.entries if e.name == "species_fraction"], texts(result, "fail")
    (sound, none), (bare, said) = shares[0.0], shares[-1500.0]
    assert all(q.std for q in sound) and "negative share" not in none
    assert min(q.value for q in bare) < 0 and all(q.std is None and not q.bounded for q in bare)
    assert "S 2p gives a negative share (polysulfide -" in said and "beyond its error" in said

"""Lithium in virtual energy-loss spectra: found, not found, and not assessable; bad input in words."""

from dataclasses import replace

import numpy as np
import pytest

from nacre.core import registry
from nacre.core.context import Context
from nacre.core.contracts import VIRTUAL_MARK
from nacre.core.errors import NacreError, NotAssessable
from nacre.core.signal import Variable
from nacre.core.study import Sample
from nacre.readers.microscopy import hspy, msa
from nacre.readers.reading import read
from nacre.techniques.microscopy import eels
from nacre.techniques.microscopy.eels import EelsOptions
from nacre.virtual.microscopy import eels as virtual
from nacre.virtual.microscopy.eels import EelsSpectrometer, Matter

registry.techniques()  # makes the technique's own words known


def made(seed, counts=1e4, step=0.2, **matter):
    return virtual.measure_eels(Matter(**matter), EelsSpectrometer(counts=counts, step=step), seed=seed)


REFERENCE = made(1, counts=5e4, thickness=0.4)


def analysed(signal, reference=REFERENCE, options=None, **inputs):
    given = {"signal": signal, "reference": reference} | inputs
    return eels.analyse(given, Context(sample=Sample("lho")), options or EelsOptions())[0]


def words(result):
    return " | ".join(check.text for check in result.checks)


def test_lithium_is_found_through_a_file(tmp_path):
    msa.write(made(2, lithium=0.05, thickness=0.5), tmp_path / "coating.msa")
    assert VIRTUAL_MARK.encode() in (tmp_path / "coating.msa").read_bytes()[:65536]
    (signal,) = read(tmp_path / "coating.msa")
    result = analysed(signal)
    assert "lithium is seen" in words(result)
    ratio, peak = result.get("lithium_edge_ratio"), result.get("lithium_edge_peak")
    assert 1.5 < ratio.value < 6 and ratio.lo95 > 0
    assert peak.lo95 < 60.5 < peak.hi95
    assert result.get("relative_thickness").value == pytest.approx(0.5, abs=0.05)
    limit = result.get("lithium_detection_limit")
    assert limit.value < ratio.value and limit.std == pytest.approx(0.2 * limit.value)  # the shape is not known
    assert result.figures[0].place == "Fig. 3e" and result.figures[0].panels[1].series[1].label == "Li K"
    assert result.origin == "synthetic" and "Fourier-log" in result.methods


def test_no_lithium_is_a_limit_and_not_a_number():
    result = analysed(made(3))
    assert "no lithium is seen" in words(result)
    ratio = result.get("lithium_edge_ratio")
    assert ratio.std is None and ratio.lo95 == 0 < ratio.hi95 < 3
    assert not [entry for entry in result.entries if entry.name == "lithium_edge_peak"]


@pytest.mark.parametrize("lithium", [0.0, 0.1])
def test_spill_over_is_not_assessable(lithium):
    result = analysed(made(4, metals=0.1, lithium=lithium))
    assert "lithium is not assessable: edges of Ni, Co and Mn are" in words(result)
    names = {entry.name for entry in result.entries}
    assert "metals_edge_ratio" in names and "lithium_edge_ratio" not in names


@pytest.mark.slow
def test_rates_of_detection():
    """A fixed few of the runs that the page reports: 1e4 counts per channel, an edge of 2.5 % of the background."""

    def seen(matter, seeds):
        found = 0
        for seed in seeds:
            rng = np.random.default_rng(seed)
            own = eels.read_spectrum(
                made(seed, thickness=rng.uniform(0.35, 0.6), chemistry=rng.uniform(-1, 1), **matter)
            )
            result = eels.measure(own, eels.read_spectrum(REFERENCE), "", EelsOptions(), rng)
            found += result.verdict(EelsOptions().significance) == "seen"
        return found

    assert seen({"lithium": 0.025}, range(100, 125)) >= 20
    assert seen({}, range(200, 230)) <= 1
    assert seen({"metals": 0.1}, range(300, 310)) == 0


def test_a_map_is_summed_over_its_region():
    rows = [made(seed, counts=2e4, lithium=0.05, step=0.5) for seed in (8, 9)]
    spectrum, counts = rows[0], sum(row["counts"].values for row in rows)
    cube = np.stack([np.stack([np.zeros_like(counts), row["counts"].values]) for row in rows])
    place = Variable(np.array([0.0005, 0.0015]), "um", ("y",))
    variables = {"counts": Variable(cube, "1", ("y", "x", "energy")), "energy": spectrum["energy"], "y": place,
                 "x": replace(place, dims=("x",))}  # fmt: skip
    signal = replace(spectrum, kind="spectrum_image", variables=variables)
    box = EelsOptions(region=(1.0, 0.0, 2.0, 2.0))
    assert eels.read_spectrum(signal, box.region).counts == pytest.approx(counts)
    assert "lithium is seen" in words(analysed(signal, options=box))
    with pytest.raises(NacreError, match="the region lies outside of the map"):
        analysed(signal, options=EelsOptions(region=(10.0, 10.0, 20.0, 20.0)))
    with pytest.raises(NotAssessable, match="there are too few counts at the edge"):
        analysed(signal, options=EelsOptions(region=(0.0, 0.0, 1.0, 2.0)))


def cut(signal, low, high):
    energy = signal.array("energy", "eV")
    inside = (energy >= low) & (energy <= high)
    parts = {name: replace(v, values=v.values[inside]) for name, v in signal.variables.items()}
    return replace(signal, variables=parts)


def test_without_the_zero_loss_plural_scattering_is_said_to_be_unknown():
    result = analysed(cut(made(9), 30, 120))
    assert "there is no zero loss in both spectra" in words(result)
    assert not [entry for entry in result.entries if entry.name == "relative_thickness"]


def test_lithium_is_not_claimed_where_a_shift_or_another_edge_may_be_it():
    """What is seen without a zero loss, or beside iron, is doubted; what is not seen stays not seen."""
    lithium = made(2, lithium=0.1, thickness=0.4)
    without = analysed(cut(lithium, 30, 120))
    assert "lithium is not assessable" in words(without) and "looks like an edge" in words(without)
    assert "lithium_edge_ratio" not in {entry.name for entry in without.entries}
    beside = analysed(lithium, options=EelsOptions(present=("Fe",)))
    assert "edges of Fe (54 eV) lie there as well" in words(beside)
    assert "lithium is seen" in words(analysed(lithium))
    assert "no lithium is seen" in words(analysed(made(3), options=EelsOptions(present=("Fe",))))


@pytest.mark.parametrize("offset", [-12.0, -3.0, 5.0, 8.0, 15.0])
def test_the_zero_loss_is_found_wherever_it_lies(offset):
    for lithium, verdict in ((0.0, "no lithium is seen"), (0.1, "lithium is seen")):
        signal = made(3, lithium=lithium)
        moved = replace(signal["energy"], values=signal["energy"].values + 1e-3 * offset)  # keV
        assert verdict in words(analysed(replace(signal, variables=signal.variables | {"energy": moved})))


def test_a_plasmon_is_no_zero_loss():
    signal = cut(made(3), 8, 120)
    assert eels.read_spectrum(signal).zero is None
    assert eels.read_spectrum(made(3)).zero.at == pytest.approx(0.0, abs=0.2)


def test_bad_input_is_refused_in_words():
    signal = made(10)
    with pytest.raises(NotAssessable, match="there is no reference spectrum without lithium"):
        analysed(signal, None)
    with pytest.raises(NotAssessable, match="does not hold lithium's K edge") as caught:
        analysed(cut(signal, -20, 52))
    assert "found -20 to 52 eV" in str(caught.value) and "expected 46 to 86 eV" in str(caught.value)
    with pytest.raises(NacreError, match="the spectrum has no energy axis"):
        analysed(replace(signal, variables={"counts": signal["counts"]}))
    with pytest.raises(NacreError, match="the reference is the spectrum itself"):
        analysed(signal, signal)
    with pytest.raises(NotAssessable, match="the channels are too wide for an edge"):
        analysed(made(11, step=2.0))
    with pytest.raises(NacreError, match="not an energy-loss spectrum"):
        analysed(replace(signal, kind="xps"))


@pytest.mark.realdata
def test_real_spectra_run_sensibly(realdata):
    """A low loss without lithium against itself at another dose of noise; a core loss that holds no low loss."""
    (low,) = msa.read(realdata / "em" / "exspy" / "lowloss_spectrum.msa")
    (photons,) = hspy.read(realdata / "em" / "nist-hyperspy-tutorial" / "core_shell.hspy")
    with pytest.raises(NotAssessable, match="the channels are too wide for an edge; found 20 eV"):
        analysed(photons, low)
    (core,) = msa.read(realdata / "em" / "exspy" / "coreloss_spectrum.msa")
    with pytest.raises(NotAssessable, match="there is no reference spectrum without lithium"):
        analysed(low, None)
    with pytest.raises(NotAssessable, match="found 360 to 769 eV"):
        analysed(core, low)
    noisy = low["intensity"].values + np.random.default_rng(1).normal(0, 1, low["intensity"].values.size) * np.sqrt(
        np.maximum(low["intensity"].values, 1)
    )
    other = replace(low, variables={**low.variables, "intensity": Variable(noisy, "1", ("energy",))})
    result = analysed(other, low)
    assert "no lithium is seen" in words(result)
    assert 0.05 < result.get("relative_thickness").value < 2

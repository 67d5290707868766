"""Coatings in virtual and real STEM-EDS maps: truth comes back, and what cannot be told is refused."""

from dataclasses import replace

import numpy as np
import pytest

from nacre.core import registry
from nacre.core.context import Context
from nacre.core.errors import NacreError, NotAssessable
from nacre.core.signal import Variable
from nacre.core.study import Sample
from nacre.readers.microscopy import hspy, velox
from nacre.readers.reading import read
from nacre.techniques.microscopy.stem import line_families as stem_families
from nacre.techniques.microscopy.stem import shell as stem_shell
from nacre.techniques.microscopy.stem.shell import ShellOptions
from nacre.virtual.microscopy import stem_eds
from nacre.virtual.microscopy.stem_eds import LamellaSpecimen

registry.techniques()  # makes the technique's own words known
HAFNIUM = ShellOptions(shell="Hf L", core="Ni K", others=("Co K", "Mn K", "Cu K", "Ga K"))


def made(seed=1, **changes):
    return stem_eds.measure_map(LamellaSpecimen(**changes), seed=seed)


@pytest.mark.slow
@pytest.mark.parametrize(("counts", "bias"), [(5.0, 0.3), (1.0, 0.6), (0.25, 1.0)])
def test_thickness_spread_and_coverage_come_back(counts, bias):
    """Single maps: the bounds are those of the mean over maps (0.15, 0.3, 0.5 nm), doubled for one."""
    signal, truth = made(counts=counts)
    found = stem_shell.measure(signal, HAFNIUM)
    assert found.mean == pytest.approx(truth.thickness.mean(), abs=bias)
    pieces = np.array_split(truth.thickness, len(found.windows))
    assert found.spread == pytest.approx(np.std([piece.mean() for piece in pieces]), rel=0.25)
    assert found.cover.share > 0.97 and found.cover.low < 0.95 and found.cover.high == 1
    assert not found.tail.found and found.tail.limit < 0.05


@pytest.mark.slow
def test_gaps_and_a_tail_come_back_through_a_file(tmp_path):
    signal, truth = made(2, counts=1.0, gaps=((40, 8), (120, 14)))
    velox.write(signal, tmp_path / "map.emd")
    (signal,) = read(tmp_path / "map.emd")
    assert signal.origin == "synthetic"
    (result,) = stem_shell.analyse(
        {"signal": signal},
        Context(sample=Sample("lho", inputs={"cam": "NCM85"}, coating={"precursor": "HfO2"})),
        ShellOptions(),
    )
    coverage = result.get("shell_coverage")
    assert coverage.value == pytest.approx(100 * truth.covered, abs=3) and coverage.lo95 < 100 * truth.covered
    assert coverage.hi95 > 100 * truth.covered
    assert result.get("shell_thickness").lo95 < 12 < result.get("shell_thickness").hi95
    assert any(check.text.startswith("2 gaps are seen, ") for check in result.checks)
    assert result.get("shell_thickness_edge").std > result.get("shell_thickness").std
    assert len(result.figures[0].panels) == 5 and result.figures[0].place == "Fig. 3b"
    assert "half-height contour of Ni K" in result.methods
    tailed, _ = made(3, counts=5.0, tail=0.04)
    tail = stem_shell.measure(tailed, HAFNIUM).tail
    assert tail.found and tail.share == pytest.approx(0.04, abs=0.015)


@pytest.mark.parametrize(
    ("cam", "precursor", "expected"),
    [
        ("LiNi0.85Co0.10Mn0.05O2", "HfO2", ("Hf L", "Ni K", ("Co K", "Mn K", "Cu K", "Ga K"))),
        ("NCM85", "Li2ZrO3", ("Zr L", "Ni K", ("Co K", "Mn K", "Cu K", "Ga K", "Ga L"))),
        ("LiCoO2", "LiNbO3", ("Nb L", "Co K", ("Cu K",))),
        ("LiFePO4", "Al2O3", ("Al K", "Fe K", ("Fe L", "Cu K", "Cu L", "Ga L"))),
        ("LiNi0.5Mn1.5O4", "Li3PO4", ("P K", "Mn K", ("Ni K", "Ga L"))),
        ("LiNi0.8Co0.15Al0.05O2", "LiTaO3", ("Ta L", "Ni K", ("Co K", "Cu K", "Ga K"))),
    ],
)
def test_the_families_follow_from_what_is_declared(cam, precursor, expected):
    context = Context(sample=Sample("coated", inputs={"cam": cam}, coating={"precursor": precursor}))
    assert stem_families.choose_families(context, "", "", (), "map") == expected
    assert stem_families.choose_families(context, "", "", ("S K",), "map") == (*expected[:2], ("S K",))


def test_the_families_are_asked_for_where_nothing_tells_them():
    with pytest.raises(NotAssessable, match=r"which element is the coating's\?.*shell = "):
        stem_shell.analyse({"signal": small()}, Context(sample=Sample("bare")), ShellOptions())
    coated = Context(sample=Sample("coated", coating={"precursor": "HfO2"}))
    with pytest.raises(NotAssessable, match=r"which element is the core's\?.*core = .*cam = "):
        stem_families.choose_families(coated, "", "", (), "map")
    same = Context(sample=Sample("x", inputs={"cam": "LiCoO2"}, coating={"precursor": "Co3O4"}))
    with pytest.raises(NotAssessable, match="which element is the coating's"):
        stem_families.choose_families(same, "", "", (), "map")
    strange = Context(sample=Sample("x", inputs={"cam": "NiMgic"}, coating={"precursor": "HfO2"}))
    with pytest.raises(NacreError, match="neither a material nor a formula: formula 'NiMgic'"):
        stem_families.choose_families(strange, "", "", (), "map")


def small(**changes):
    """A map of a quarter of the size."""
    return stem_eds.measure_map(LamellaSpecimen(waviness=4.0, **changes), seed=5, pixels=128)[0]


def refused(signal, **options) -> str:
    with pytest.raises(NotAssessable) as caught:
        stem_shell.measure(signal, replace(HAFNIUM, **options))
    return str(caught.value)


def test_what_cannot_be_told_is_refused_in_words():
    signal = small(counts=1.0)
    variables = dict(signal.variables)
    scaleless = replace(signal, variables={n: v for n, v in variables.items() if n not in "xy"})
    assert "the map has no scale" in refused(scaleless)
    empty = Variable(np.zeros_like(signal["counts"].values), "1", ("y", "x", "energy"))
    assert "the map is empty; found 0 counts" in refused(replace(signal, variables=variables | {"counts": empty}))
    renamed = {("intensity" if n == "counts" else n): v for n, v in variables.items()}
    assert "does not hold counts" in refused(replace(signal, variables=renamed))
    assert "do not hold the lines asked for" in refused(signal, shell="Zr K")
    uniform = np.random.default_rng(1).permutation(signal["counts"].values.reshape(-1, 350)).reshape(128, 128, 350)
    even = variables | {"counts": Variable(uniform, "1", ("y", "x", "energy"))}
    assert "no edge of the core is seen" in refused(replace(signal, variables=even))


def test_a_bare_core_has_no_coating():
    signal = small(counts=1.0, gaps=((0.0, 1e4),))
    assert "the spectra of the map hold no Hf L" in refused(signal) and "call the sample bare" in refused(signal)
    assert "the spectra of the map hold no Fe K" in refused(small(counts=1.0), core="Fe K")


def test_an_element_that_lies_everywhere_is_no_coating():
    """Re-deposited hafnium: there, but not along the edge."""
    signal = small(counts=1.0, gaps=((0.0, 1e4),))
    counts = signal["counts"].values.copy()
    peak = np.argmin(abs(signal.array("energy", "keV") - 7.899))
    counts[..., peak - 4 : peak + 5] += np.random.default_rng(2).poisson(0.05, (128, 128, 9)).astype(np.uint16)
    spoiled = replace(
        signal, variables=dict(signal.variables) | {"counts": Variable(counts, "1", ("y", "x", "energy"))}
    )
    assert "no coating of Hf L is seen along the edge" in refused(spoiled)


@pytest.mark.slow
def test_an_element_that_is_not_named_is_pointed_out():
    signal = small(counts=1.0)
    counts = signal["counts"].values.copy()
    peak = np.exp(-(((signal.array("energy", "keV") - 8.637) / 0.085) ** 2))  # Zn Ka, of nothing that is named
    counts += np.random.default_rng(3).poisson(0.05 * peak, counts.shape).astype(np.uint16)
    spoiled = replace(
        signal, variables=dict(signal.variables) | {"counts": Variable(counts, "1", ("y", "x", "energy"))}
    )
    context = Context(sample=Sample("lho", inputs={"cam": "NCM85"}, coating={"precursor": "HfO2"}))
    texts = [
        " ".join(check.text for check in stem_shell.analyse({"signal": of}, context, ShellOptions())[0].checks)
        for of in (signal, spoiled)
    ]
    assert ["the families fit the spectrum badly" in text for text in texts] == [False, True]


@pytest.mark.slow
def test_errors_of_the_mean_thickness_are_true():
    """A part of the run with N = 400: small maps of coatings drawn anew, of which two in a hundred may miss."""
    rows = []
    for seed in range(12):
        specimen = LamellaSpecimen(counts=1.0, waviness=4.0, sampled=True)
        signal, truth = stem_eds.measure_map(specimen, seed=900 + seed, pixels=128)
        found = stem_shell.measure(signal, HAFNIUM)
        rows.append((found.mean - truth.thickness.mean(), found.std, found.whole.low < 12 < found.whole.high))
    error, std, inside = np.array(rows).T
    assert abs(error.mean()) < 0.3
    assert (abs(error) < 1.96 * std).sum() >= 9
    assert 0.6 < np.sqrt((std**2).mean() / (error**2).mean()) < 1.8
    assert inside.sum() >= 10


@pytest.mark.realdata
def test_real_particles_in_projection_are_not_taken_for_cross_sections(realdata):
    (signal,) = hspy.read(realdata / "em" / "nist-hyperspy-tutorial" / "core_shell.hspy")
    words = refused(signal, shell="Fe K", core="Pt L", others=("Cu K",), reach=6.0)
    assert "seen in projection" in words and "a closed edge" in words

"""Indexing of spots in words, and series of patterns with one that fails."""

from dataclasses import replace

import numpy as np
import pytest

from nacre.core import registry
from nacre.core.context import Context
from nacre.core.errors import NacreError
from nacre.core.signal import Signal, Variable, table
from nacre.core.study import Sample
from nacre.materials.crystals import make_layered
from nacre.techniques.diffraction import pattern_series
from nacre.techniques.diffraction.options import RietveldOptions
from nacre.techniques.microscopy.hrtem import spot_indexing
from nacre.virtual.diffraction import diffractometer as virtual

registry.techniques()
FORMULA = "LiNi0.85Co0.10Mn0.05O2"


def spots(d, angle) -> Signal:
    return table("spots", {"d": (np.array(d, float), "Ang"), "angle": (np.array(angle, float), "deg")})


def index(signal, cam=FORMULA, coating=None, **options):
    options = spot_indexing.SpotOptions(trials=60, **options)
    coating = {"phases": ["HfO2", "Li2HfO3"]} if coating is None else coating
    sample = Sample("coated", inputs={"cam": cam} if cam else {}, coating=coating)
    return spot_indexing.analyse({"signal": signal}, Context(analysis="fft", sample=sample), options)[0]


def test_hafnia_and_nothing_else():
    found = index(spots([2.825 * 1.002, 3.146 * 0.996], [0, 71.99]))
    assert [entry.state["phase"] for entry in found.entries if entry.name == "spot_residual"] == ["HfO2"]
    assert any("HfO2 fits: (1 1 1), (-1 1 1)" in check.text for check in found.checks)


def test_what_fits_two_phases_is_said_to():
    found = index(spots([4.491, 4.3565], [0, 60.99]), phases=("Li2HfO3 C2/c", "Li2HfO3 C2/m"))
    texts = [check.text for check in found.checks]
    assert any("Li2HfO3 C2/c and Li2HfO3 C2/m all fit these spots: they cannot be told apart" in text for text in texts)
    assert any("the cell of Li2HfO3 C2/m is estimated" in text for text in texts)


def test_the_phases_tried_are_those_that_the_sample_declares():
    nothing = spots([3.3, 3.1], [0, 40])

    def said(**declared):
        return " | ".join(check.text for check in index(nothing, **declared).checks)

    assert "none of HfO2, Li2HfO3 C2/c, Li2HfO3 C2/m, layered oxide explains all 2 spots" in said()
    assert "none of Al2O3, LiCoO2 explains" in said(cam="LiCoO2", coating={"phases": ["Al2O3"]})
    assert "none of ZrO2, layered oxide explains" in said(coating={"precursor": "ZrO2"})
    niobate = said(coating={"phases": ["LiNbO3"]})
    assert "none of layered oxide explains" in niobate
    assert "no structure of LiNbO3 is in the table: it is not tried" in niobate
    assert "none of TiO2 anatase, TiO2 rutile explains" in said(cam="LiFePO4", coating={"phases": ["TiO2"]})
    bare = said(coating={})
    assert "none of layered oxide explains" in bare and "Hf" not in bare


def test_where_nothing_is_declared_it_is_asked_in_words():
    nothing = spots([3.3, 3.1], [0, 40])
    with pytest.raises(NacreError, match=r"which phases may it be\?; found no coating or core declared") as error:
        index(nothing, cam="", coating={})
    assert 'Add phases = ["HfO2"] to [sample.coating] and cam = "..." to the sample' in str(error.value)
    with pytest.raises(NacreError, match="found no structure of LiNbO3 in the table"):
        index(nothing, cam="LiFePO4", coating={"phases": ["LiNbO3"]})
    with pytest.raises(NacreError, match=r"the core's formula is not given; expected a formula like LiNi0\.85"):
        index(nothing, cam="", phases=("layered",))


def test_spots_that_fit_nothing_and_spots_on_a_line():
    assert any(
        "none of NiO explains all 2 spots" in c.text for c in index(spots([3.3, 3.1], [0, 40]), phases=("NiO",)).checks
    )
    with pytest.raises(NacreError, match="all spots lie on one line"):
        index(spots([3.0, 1.5], [10, 10]))
    with pytest.raises(NacreError, match="too few spots to index"):
        index(spots([3.0], [10]))


@pytest.mark.slow
def test_a_series_hands_on_its_starts_and_isolates_a_failure():
    pytest.importorskip("rietx", reason="Rietveld refinement needs the engine rietx")
    edges = (2.874, 2.876, 2.878)
    made = []
    for i, a in enumerate(edges):
        crystal = make_layered(FORMULA, a=a, c=14.205)
        scan = virtual.DiffractionScan(
            (virtual.DiffractionPowder(crystal, 1.0, 250.0, 0.0015),), replace(virtual.Beam(), points=3000)
        )
        made.append(virtual.simulate_pattern(scan, seed=60 + i))
    flat = Variable(np.full(3000, 500.0), "counts", ("two_theta",))
    made.insert(
        1, Signal("diffraction", {"two_theta": made[0]["two_theta"], "intensity": flat}, dict(made[0].metadata))
    )
    options = RietveldOptions(geometry="capillary", mu_r=0.0, composition=FORMULA)
    found = pattern_series.analyse({"signal": made}, Context(analysis="series"), options)[0]
    columns = found.curve("lattice table").columns
    assert list(columns["pattern"][0]) == [1, 3, 4]
    assert columns["lattice_a"][0] == pytest.approx(edges, abs=1e-4)
    assert any(check.text.startswith("pattern 2") and check.status == "warn" for check in found.checks)

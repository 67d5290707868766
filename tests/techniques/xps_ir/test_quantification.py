"""Survey scans and layers: virtual surveys with known composition, published factors and path lengths, bad input."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from nacre.core.context import Context
from nacre.core.errors import NacreError, NotAssessable
from nacre.core.registry import techniques
from nacre.core.study import Sample
from nacre.materials.spectra.xps_factors import load_factors
from nacre.physics.xps_ir import depth as xps_depth
from nacre.readers.xps_ir import vamas
from nacre.techniques.xps_ir import overlayer, quantification
from nacre.techniques.xps_ir.survey_options import XpsQuantOptions
from nacre.virtual.xps_ir.xps_survey import measure_survey

RAW = Path(__file__).resolve().parents[3] / "studies/lho-ncm85/raw"
ANGLE = math.radians(45.0)
CAM = {"cam": "LiNi0.85Co0.10Mn0.05O2"}
BARE = Sample("bare", inputs=CAM)
COATED = Sample("lho", inputs=CAM, coating={"precursor": "HfO2", "phases": ["HfO2", "Li2HfO3"]})
techniques()


def analyse(signal, sample, options=None):
    (result,) = quantification.analyse({"signal": signal}, Context(sample=sample), options or XpsQuantOptions())
    return result


def texts(result, status):
    return " | ".join(check.text for check in result.checks if check.status == status)


def test_the_composition_of_a_virtual_surface_is_found():
    truth = {"C": 0.25, "O": 0.50, "Ni": 0.10, "Hf": 0.15}
    result = analyse(measure_survey(truth, "lho", 1, shift=2.0), COATED)
    for element, part in truth.items():
        q = result.get("surface_fraction", line=load_factors()[element].name)
        assert abs(q.value - 100 * part) < 2.5 * q.std, (element, q)
    assert sum(e.quantity.value for e in result.entries) == pytest.approx(100.0)


def test_zirconium_of_the_mill_is_flagged():
    signal = next(s for s in vamas.read(RAW / "bare_xps.vms") if s.kind == "xps-survey")
    result = analyse(signal, BARE)
    assert "Zr 3d is seen" in texts(result, "warn") and "but Zr is not declared" in texts(result, "warn")
    assert "Zr 3d" not in texts(analyse(signal, BARE, XpsQuantOptions(expected=("Zr",))), "warn")


def test_where_nothing_is_declared_nothing_is_a_contamination():
    result = analyse(measure_survey({"C": 0.25, "O": 0.50, "Ni": 0.10, "Hf": 0.15}, "lho", 1), Sample("unknown"))
    assert "which of them are expected is not declared" in texts(result, "info") and "Hf" in texts(result, "info")
    assert "is not declared" not in texts(result, "warn")


def test_lines_under_auger_lines_are_upper_limits():
    result = analyse(measure_survey({"C": 0.3, "O": 0.5, "Ni": 0.17, "Co": 0.03}, "bare", 2), BARE)
    assert result.get("surface_fraction", line="Co 2p").std is None
    assert "Co 2p: lines of Ni lie under it: an upper limit" in texts(result, "warn")


def test_niobium_is_not_found_in_hafnium():
    result = analyse(measure_survey({"C": 0.3, "O": 0.5, "Hf": 0.2}, "lho", 3), COATED)
    assert not [e for e in result.entries if e.state["line"] == "Nb 3d"]
    assert "Nb 3d cannot be distinguished from lines of Hf: left out" in texts(result, "info")


def test_factors_are_scofield_s():
    """Published values (C 1s = 1), Al K-alpha: Scofield 1976 as tabulated by several vendors."""
    published = {"O": 2.93, "Hf": 14.97, "S": 1.677, "P": 1.192, "Ni": 22.18, "Cl": 2.285, "Li": 0.0568}
    for element, value in published.items():
        assert load_factors()[element].factor == pytest.approx(value, rel=5e-3), element


def test_factors_agree_with_xraylib():
    xraylib = pytest.importorskip("xraylib", reason="xraylib, the oracle of the cross-sections, is not installed")
    shells = {
        "1s": {"K": 2},
        "2p": {"L2": 2, "L3": 4},
        "3d": {"M4": 4, "M5": 6},
        "4d": {"N4": 4, "N5": 6},
        "4f": {"N6": 6, "N7": 8},
    }

    def cross_section(element, line):
        z = xraylib.SymbolToAtomicNumber(element)
        parts = shells[line].items()
        return sum(n * xraylib.CSb_Photo_Partial(z, getattr(xraylib, f"{s}_SHELL"), 1.4866) for s, n in parts)

    carbon = cross_section("C", "1s")
    for element, factor in load_factors().items():
        assert factor.factor == pytest.approx(cross_section(element, factor.line) / carbon, rel=5e-3), element


def test_mean_free_paths_are_those_of_the_formula():
    """Gold and silica at 1 keV: 1.23 and 3.03 nm by TPP-2M; literature gives about 1.25 and 2.8 to 3.0."""
    assert xps_depth.compute_inelastic_mean_free_path(1000.0, 19.3, 196.97, 11, 0.0) == pytest.approx(1.23, abs=0.01)
    assert xps_depth.compute_inelastic_mean_free_path(1000.0, 2.2, 60.08, 16, 9.1) == pytest.approx(3.03, abs=0.01)
    own, through = xps_depth.compute_inelastic_mean_free_path(np.array([1470.0, 632.0]), 9.68, 210.48, 16, 5.7)
    assert (own, through) == pytest.approx((2.26, 1.21), abs=0.01)


@pytest.mark.parametrize("thickness", [0.3, 1.0, 2.4])
def test_thin_layers_are_measured(thickness):
    ratio = xps_depth.compute_layer_ratio(thickness, 2.26, 1.21, ANGLE)
    assert xps_depth.solve_layer_thickness(ratio, 2.26, 1.21, ANGLE)[0] == pytest.approx(thickness, rel=1e-6)


def test_one_length_is_the_closed_form():
    for d in (0.5, 2.0):
        ratio = math.exp(d / (1.5 * math.cos(ANGLE))) - 1
        assert xps_depth.solve_layer_thickness(ratio, 1.5, 1.5, ANGLE)[0] == pytest.approx(d)


def test_a_thick_layer_with_holes_is_a_coverage_not_a_thickness():
    """12 nm over 95 % of the surface would read 2.7 nm: beyond 3 lambda cos theta of Ni 2p, 2.6 nm."""
    apparent, limit = xps_depth.solve_layer_thickness(0.95 / 0.05, 2.26, 1.21, ANGLE)
    assert apparent == pytest.approx(2.7, abs=0.05) and apparent > limit
    assert xps_depth.compute_coverage(0.95 / 0.05) == pytest.approx(0.95)


def layered(nickel):
    return measure_survey({"C": 0.2, "O": 0.5, "Ni": nickel, "Hf": 0.15}, "lho", 4)


def test_the_technique_refuses_a_thickness_beyond_its_reach():
    options = XpsQuantOptions(layer="HfO2")
    thin = analyse(layered(0.10), COATED, options)
    assert thin.get("shell_thickness").value < 2.0 and "islands" in texts(thin, "info")
    known = analyse(layered(0.10), COATED, replace(options, known_thickness=12.0))
    assert 0 < known.get("shell_coverage").value < 100
    assert "no thickness is given, but the coverage" in texts(known, "warn")
    thick = analyse(layered(0.006), COATED, options)
    assert thick.get("shell_coverage").value > 90
    assert not [e for e in thick.entries if e.name == "shell_thickness"]


def test_a_layer_of_either_material_has_what_is_between_in_its_error():
    found = [
        analyse(layered(0.006), COATED, XpsQuantOptions(layer=name)).get("shell_coverage")
        for name in ("HfO2", "Li2HfO3", "HfO2 or Li2HfO3")
    ]
    assert found[2].value == pytest.approx(0.5 * (found[0].value + found[1].value))
    assert found[2].std > max(found[0].std, found[1].std) and found[1].value > found[0].value


def test_the_study_s_survey_tells_the_coverage_behind_it():
    """Its truth is 95 %, of both materials; the study's map of one edge is closed."""
    signal = next(s for s in vamas.read(RAW / "lho_xps.vms") if s.kind == "xps-survey")
    options = XpsQuantOptions(layer="HfO2 or Li2HfO3", known_thickness=12.0)
    found = analyse(signal, COATED, options).get("shell_coverage")
    assert abs(found.value - 95.0) < 2 * found.std < 3.0


def test_a_substrate_that_is_not_seen_bounds_the_coverage():
    """No nickel at all: a full coverage with the least that it may be."""
    signal = measure_survey({"C": 0.2, "O": 0.5, "Hf": 0.3}, "lho", 4)
    options = XpsQuantOptions(layer="HfO2 or Li2HfO3", known_thickness=12.0)
    found = analyse(signal, COATED, options)
    coverage = found.get("shell_coverage")
    assert coverage.std is None and coverage.hi95 == 100 and 90 < coverage.lo95 < 99.5
    assert "Ni 2p is not seen: a uniform layer is thicker than" in texts(found, "warn")
    low, high = (analyse(layered(nickel), COATED, options).get("shell_coverage").value for nickel in (0.02, 0.006))
    assert low < high < 100  # what is seen tells more


def test_the_substrate_is_that_of_the_declared_active_material():
    assert (
        overlayer._find_substrate_metal("LiCoO2", "Hf") == "Co"
        and overlayer._find_substrate_metal("NCM85", "Hf") == "Ni"
    )
    assert (
        overlayer._find_substrate_metal("LiFePO4", "Hf") == "Fe"
        and overlayer._find_substrate_metal("LiNi0.5Mn1.5O4", "Zr") == "Mn"
    )
    with pytest.raises(NacreError, match="which element is in the substrate alone"):
        overlayer._find_substrate_metal("Li2ZrO3", "Zr")


# --- bad input ----------------------------------------------------------------------------------------------


def test_another_source_negative_counts_and_unknown_layers_are_refused():
    signal = layered(0.1)
    magnesium = replace(signal, metadata={**signal.metadata, "photon_energy_eV": 1253.6})
    with pytest.raises(
        NacreError, match=r"factors are those of another X-ray source; found 1253\.6 eV; expected Scofield"
    ):
        analyse(magnesium, COATED)
    old = signal.variables["intensity"]
    below = {**signal.variables, "intensity": replace(old, values=old.values - 5000)}
    with pytest.raises(NacreError, match="intensities must not be negative"):
        analyse(replace(signal, variables=below), COATED)
    with pytest.raises(NotAssessable, match="escape depths in Nb2O5 are not known"):
        analyse(signal, COATED, XpsQuantOptions(layer="Nb2O5", layer_element="Hf"))
    with pytest.raises(NacreError, match="no survey scan is given; expected a scan over more than 250 eV"):
        quantification.analyse({}, Context(), XpsQuantOptions())
    flat = {**signal.variables, "intensity": replace(old, values=np.full(old.values.shape, 100.0))}
    with pytest.raises(NotAssessable, match="no line of a known element stands out"):
        analyse(replace(signal, variables=flat), COATED)


@pytest.mark.realdata
def test_tantalum_is_not_taken_for_nitrogen_or_titanium(realdata):
    """Ta 4p lies at N 1s and at Ti 2p."""
    signal = vamas.read(realdata / "xps/cheminfo/multiplex.vms")[0]
    result = analyse(signal, Sample("Ta"), XpsQuantOptions(expected=("Ta",)))
    lines = {e.state["line"] for e in result.entries}
    assert {"Ta 4f", "O 1s"} <= lines and not lines & {"N 1s", "Ti 2p"}
    assert "a line of any other would be taken for one of these" in texts(result, "info")


@pytest.mark.realdata
def test_a_real_survey_shows_its_elements(realdata):
    """Mg-Fe spinel: oxygen, carbon and iron."""
    from nacre.readers.xps_ir import specs_xy

    signal = specs_xy.read(realdata / "xps/pynxtools/MgFe2O4_small.xy")[0]
    result = analyse(signal, Sample("spinel"), XpsQuantOptions(expected=("Fe",)))
    lines = {e.state["line"] for e in result.entries}
    assert {"O 1s", "C 1s", "Fe 2p"} <= lines
    assert "Ca 2p" not in lines  # Auger lines of magnesium lie there
    assert "no transmission function in the file" in texts(result, "warn")

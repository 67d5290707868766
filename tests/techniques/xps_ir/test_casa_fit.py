"""CasaXPS's components fitted again: virtual spectra with comments as CasaXPS writes them, real files."""

from dataclasses import replace

import numpy as np
import pytest

from nacre.core.context import Context
from nacre.core.errors import NacreError
from nacre.core.registry import techniques
from nacre.readers.xps_ir import casa_comments, vamas
from nacre.techniques.xps_ir import casa_fit, xps
from nacre.techniques.xps_ir.xps import XpsOptions
from nacre.virtual.xps_ir.xps import TrueSpectrum, XpsBackground, XpsPeak, XpsScan, measure_spectra

PHOTON, CHARGE = 1486.6, 3.63
techniques()


def component(name, at, area, width, ties=(-1, 1, -1, 1, -1, 0), shape="GL(30)", limits=(0.0, 0.0)):
    """A line of CasaXPS; `at` in binding energy, `ties` index and number of area, width and position."""
    a, x, w, y, p, z = ties
    low, high = (PHOTON - limits[1], PHOTON - limits[0]) if any(limits) else (0, 0)
    return (
        f"CASA comp (*{name}*) (*{shape}*) Area {area} 1e-020 1e7 {a} {x} MFWHM {width} 0.2 5 {w} {y} "
        f"Position {PHOTON - at:.4f} {low} {high} {p} {z} RSF 7.5 MASS 178.5 INDEX -1 (*Hf 4f*)"
    )


def comments(shape="GL(30)", limits=(17.0, 19.0)):
    """Two tied doublets, calibrated by 3.63 eV in two steps."""
    return [
        "Calib M = 281.30 A = 284.8 BE ADD",
        "Calib M = 284.67 A = 284.8 BE ADD",
        f"CASA region (*Hf 4f*) (*Shirley*) {PHOTON - 26.0} {PHOTON - 11.2} 7.5 2 0 0 1 -450 0 0 (*Hf 4f*) 178 0 7.5",
        component("Hf 4f oxide", 18.2, 5000, 1.5, shape=shape, limits=limits),
        component("Hf 4f oxide", 19.91, 3750, 1.5, (0, 0.75, 0, 1, 0, -1.71), shape),
        component("Hf 4f mixed", 15.7, 5000, 1.5, (-1, 1, 0, 1, -1, 0), shape, (14.5, 16.5)),
        component("Hf 4f mixed", 17.41, 3750, 1.5, (2, 0.75, 0, 1, 2, -1.71), shape),
        component("O 2s", 22.6, 2000, 3.0, shape=shape, limits=(21.5, 23.5)),
    ]


def signal(lines, seed=1, scale=1.0, **peaks):
    low = 20000.0 / 2.02
    rest = {"splitting": 1.71, "ratio": 0.75, "shape": "product"} | peaks
    lines_of_it = (XpsPeak(20000.0 - low, 18.1, 1.55, **rest), XpsPeak(low, 15.6, 1.55, **rest))
    truth = (*lines_of_it, XpsPeak(3000.0, 22.4, 3.1, shape="product"))
    truth = tuple(replace(p, area=scale * p.area) for p in truth)
    ground = XpsBackground(1500.0, 0.0, 0.04)
    (found,) = measure_spectra([TrueSpectrum("Hf 4f", XpsScan(2.0, 28.0), truth, ground, -CHARGE)], "lho", seed)
    casa, _ = casa_comments.parse(lines, PHOTON)
    return replace(found, metadata={**found.metadata, **casa})


def analyse(*signals):
    (result,) = xps.analyse({"signal": list(signals)}, Context("s", analysis="a"), XpsOptions(components="file"))
    return result


def texts(result, status):
    return " | ".join(check.text for check in result.checks if check.status == status)


def test_components_return_the_truth_with_its_uncertainty():
    result = analyse(signal(comments()))
    oxide = result.get("species_fraction", species="oxide")
    assert oxide.basis == "model-spread" and oxide.lo95 < 100 * 1.02 / 2.02 < oxide.hi95
    assert 0.1 < oxide.std < 2.0
    place = result.get("binding_energy", species="mixed")
    assert place.value == pytest.approx(15.6, abs=4 * place.std) and 0.001 < place.std < 0.02
    assert "Hf 4f oxide: 50.0 % in CasaXPS" in texts(result, "info")
    assert "fitted but no part of the shares: O 2s" in texts(result, "info")
    assert "Fits made in CasaXPS were repeated" in result.methods
    (curve,) = result.curves
    parts = sum(curve.columns[n][0] for n in ("background", "Hf 4f oxide", "Hf 4f mixed", "O 2s"))
    assert parts == pytest.approx(curve.columns["fit"][0], rel=1e-6)


@pytest.mark.slow
def test_intervals_of_a_refit_cover_the_truth():
    inside = []
    for seed in range(40):
        fit = casa_fit.refit_spectrum(signal(comments(), 100 + seed))
        mean, within, between = fit.ensemble.average(lambda v, m, f=fit: casa_fit._compute_answers(f, v, m))
        inside.append(abs(mean[0] - 100 * 1.02 / 2.02) < 1.96 * np.sqrt(within[0, 0] + between[0, 0]))
    assert np.mean(inside) >= 0.95 - 3 * np.sqrt(0.95 * 0.05 / 40)


def test_ties_and_limits_are_kept():
    components = signal(comments()).metadata["casa_components"]
    model = casa_fit.build_model(components, "step")
    weak = model.lines[1]
    assert (weak.area, weak.area_factor, weak.offset) == ("area 0", 0.75, pytest.approx(1.71))
    assert {line.width for line in model.lines} == {"width 0", "width 4"}
    place = model.parameters[model.index["position 2"]]
    assert (place.lo, place.hi) == (pytest.approx(14.5), pytest.approx(16.5))
    fixed, free = (
        m.parameters[m.index["mix GL(30)"]] for m in (model, casa_fit.build_model(components, "step, mix free"))
    )
    assert fixed.lo == fixed.hi == fixed.start == 0.3 and free.lo == 0.0


def test_a_value_at_its_limit_has_no_error():
    result = analyse(signal(comments(limits=(18.2, 19.0))))
    assert result.get("binding_energy", species="oxide").std is None
    assert "at the limit set in CasaXPS, so without an error: position 0" in texts(result, "warn")


@pytest.mark.parametrize(
    "text, shape, mix",
    [("GL(30)", "product", 0.3), ("SGL(15)", "sum", 0.15), ("LA(1.53,243)", "voigt", None)]
    + [("LA(2.5,2.8,70)", "voigt", None), ("LA(1.3,2.5,11)", "tail", None), ("GL(30)T(1.5)", "tail", None)],
)
def test_shapes_are_translated_and_what_is_approximate_is_said(text, shape, mix):
    found, fixed, words = casa_fit.parse_shape(text)
    assert (found, fixed) == (shape, mix)
    assert (words == "") == (mix is not None)


def test_an_asymmetric_shape_is_fitted_with_a_tail():
    result = analyse(signal(comments("LA(1.2,2.6,20)"), scale=3.0, shape="sum", tail=0.4))
    oxide = result.get("species_fraction", species="oxide")
    assert abs(oxide.value - 100 * 1.02 / 2.02) < 3.3 * oxide.std
    assert "LA(1.2,2.6,20) is taken as a Gaussian-Lorentzian sum with an exponential tail" in texts(result, "warn")


@pytest.mark.realdata
def test_real_fits_of_casaxps_are_found_again(realdata):
    """W 4f of three films: the oxide's share within 5 percent points of CasaXPS's, free positions within 0.1 eV."""
    blocks = [s for s in vamas.read(realdata / "xps/cheminfo/assigned.vms") if s.name == "W 4f"]
    fits = [casa_fit.refit_spectrum(s) for s in blocks if "casa_components" in s.metadata]
    assert len(fits) == 3
    for fit in fits:
        i = fit.counted.index("W 4f WO3")
        mean, *_ = fit.ensemble.average(lambda v, m, f=fit: casa_fit._compute_answers(f, v, m))
        theirs = casa_fit.compute_shares(fit, [c["area"] for c in fit.components])
        assert mean[i] == pytest.approx(theirs[i], abs=5.0)
        casa = next(c for c in fit.components if c["name"] == "W 4f WO3")
        assert mean[len(fit.counted) + i] == pytest.approx(casa["position"], abs=0.1)


@pytest.mark.realdata
def test_every_component_of_a_real_file_makes_a_model(realdata):
    found = [s for s in vamas.read(realdata / "xps/cheminfo/assigned.vms") if "casa_components" in s.metadata]
    assert len(found) > 8
    for s in found:
        model = casa_fit.build_model(s.metadata["casa_components"], "step")
        assert len(model.lines) == len(s.metadata["casa_components"])


# --- bad input ----------------------------------------------------------------------------------------------


def test_ties_in_a_circle_are_refused():
    lines = comments()
    lines[3] = component("Hf 4f oxide", 18.2, 5000, 1.5, (1, 0.75, -1, 1, -1, 0))
    with pytest.raises(NacreError, match=r"ties between CasaXPS's components make no sense.*in a circle.*Mend the"):
        analyse(signal(lines))


def test_a_file_without_components_says_what_to_do():
    bare = signal(comments())
    bare = replace(bare, metadata={k: v for k, v in bare.metadata.items() if k != "casa_components"})
    with pytest.raises(NacreError, match=r"no spectrum holds components of CasaXPS.*components = 'table'"):
        analyse(bare)


def test_components_beside_the_data_are_refused():
    lines = [line for line in comments() if not line.startswith("Calib")]
    moved = signal(lines)
    variables = dict(moved.variables)
    energy = variables["binding_energy"]
    variables["binding_energy"] = replace(energy, values=energy.values + 400.0)
    with pytest.raises(NacreError, match=r"cannot be fitted again.*0 points.*Look at the calibration lines"):
        analyse(replace(moved, variables=variables))

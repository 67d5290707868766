"""The photoelectron fit against an independent virtual spectrometer: derivatives, invariances, coverage, and the ways
in which single models go wrong."""

from dataclasses import replace

import numpy as np
import pytest

from nacre.physics.xps_ir import ensemble as xps_ensemble
from nacre.physics.xps_ir import fit as xps_fit
from nacre.physics.xps_ir.fit import (
    PhotoelectronLine,
    SpectrumBackground,
    SpectrumData,
    SpectrumModel,
    SpectrumParameter,
)
from nacre.virtual.xps_ir.xps import TrueSpectrum, XpsBackground, XpsPeak, XpsScan, compute_expected

RATIO, AREA = 1.02, 9000.0
WINDOW = XpsScan(11.0, 25.0)


def hafnium(high=18.1, low=15.6, widths=(1.6, 1.6), area=AREA, shape="sum"):
    part = area / (1 + RATIO)
    doublet = {"splitting": 1.71, "ratio": 0.75, "shape": shape}
    return (XpsPeak(area - part, high, widths[0], **doublet), XpsPeak(part, low, widths[1], **doublet))


def plain(peaks, **ground):
    return TrueSpectrum("Hf 4f", WINDOW, peaks, XpsBackground(**({"pedestal": 1500.0} | ground)))


SCENARIOS = {
    "step": plain(hafnium(), step=0.06),
    "strong step": plain(hafnium(), step=0.15),
    "loss": plain(hafnium(), loss=2866.0),
    "O 2s below": plain((*hafnium(), XpsPeak(0.15 * AREA, 22.8, 3.3)), step=0.06),
    "few counts": plain(hafnium(area=AREA / 10), pedestal=150.0, step=0.06),
    "Voigt": plain(hafnium(shape="voigt"), step=0.06),
    "two widths": plain(hafnium(widths=(1.6, 1.9)), step=0.06),
    "slope": plain(hafnium(), step=0.06, slope=250.0),
    "1 eV apart": plain(hafnium(16.9, 15.9), step=0.06),
}


def model(name, *, high=18.1, low=15.6, slope=True, step=True, loss=False, free=False, overlap=False):
    parameters = [SpectrumParameter(n, 1.0, linear=True) for n in ("A1", "A2", "b0")]
    parameters += [
        SpectrumParameter("p1", high, high - 0.8, high + 0.8),
        SpectrumParameter("p2", low, low - 0.8, low + 0.8),
    ]
    parameters += [SpectrumParameter("w1", 1.6, 0.4, 4.0), SpectrumParameter("m", 0.3, 0.0, 1.0)]
    parameters += [SpectrumParameter("b1", 0.0, linear=True)] if slope else []
    parameters += [SpectrumParameter("k", 0.03, 0.0, 0.6)] if step else []
    parameters += [SpectrumParameter("t", 1000.0, 0.0, 20000.0)] if loss else []
    parameters += [SpectrumParameter("w2", 1.6, 0.4, 4.0)] if free else []
    second = "w2" if free else "w1"
    lines = [PhotoelectronLine("A1", "p1", "w1", "m", 4 / 7), PhotoelectronLine("A1", "p1", "w1", "m", 3 / 7, 1.71)]
    lines += [
        PhotoelectronLine("A2", "p2", second, "m", 4 / 7),
        PhotoelectronLine("A2", "p2", second, "m", 3 / 7, 1.71),
    ]
    if overlap:
        parameters += [
            SpectrumParameter("AO", 1.0, linear=True),
            SpectrumParameter("pO", 22.5, 21.0, 24.0, (22.5, 0.5)),
        ]
        parameters += [SpectrumParameter("wO", 3.0, 1.0, 6.0, (3.0, 0.5))]
        lines += [PhotoelectronLine("AO", "pO", "wO", "m")]
    ground = SpectrumBackground("b0", "b1" if slope else "", "k" if step else "", "t" if loss else "")
    return SpectrumModel(name, tuple(parameters), tuple(lines), (ground,))


def candidates(**places):
    return [
        model("step", slope=False, **places),
        model("loss", slope=False, step=False, loss=True, **places),
        model("step, slope", **places),
        model("step, slope, widths", free=True, **places),
        model("step, slope, O 2s", overlap=True, **places),
        model("step, slope, O 2s, widths", overlap=True, free=True, **places),
    ]


def log_ratio(values, fitted_model):
    high, low = values[fitted_model.index["A1"]], values[fitted_model.index["A2"]]
    return np.log(np.maximum(high, 1e-9) / np.maximum(low, 1e-9))


def noiseless(spectrum, fitted_model):
    x, counts = compute_expected(spectrum)
    return xps_fit.fit_spectrum(fitted_model, SpectrumData.of([(x, counts)]))


@pytest.mark.parametrize("kind", [{}, {"free": True, "overlap": True}, {"loss": True}])
def test_derivatives_are_those_of_the_model(kind):
    chosen = model("any", **kind)
    data = SpectrumData.of([compute_expected(SCENARIOS["step"])])
    values = xps_fit.fit_spectrum(chosen, data).values + 0.01
    _, slopes = xps_fit.compute_jacobian(chosen, data, values)
    for j in range(values.size):
        h = 1e-5 * max(abs(values[j]), 1.0)
        up, down = values.copy(), values.copy()
        up[j] += h
        down[j] -= h
        numeric = (xps_fit.compute_jacobian(chosen, data, up)[0] - xps_fit.compute_jacobian(chosen, data, down)[0]) / (
            2 * h
        )
        rounding = 1e-15 * data.y.max() / h
        assert np.abs(slopes[:, j] - numeric).max() <= 1e-5 * np.abs(numeric).max() + rounding


@pytest.mark.parametrize("name", ["step", "strong step", "slope"])
def test_without_noise_the_right_model_gives_the_truth(name):
    assert np.exp(log_ratio(noiseless(SCENARIOS[name], model("right")).values, model("right"))) == pytest.approx(
        RATIO, rel=2e-4
    )


def test_tougaard_background_is_the_convolution():
    """The fitted loss parameter is Tougaard's B, and the model knows its parameter."""
    fitted = noiseless(SCENARIOS["loss"], model("right", step=False, slope=False, loss=True))
    assert fitted.value("t") == pytest.approx(2866.0, rel=0.02)
    assert np.exp(log_ratio(fitted.values, fitted.model)) == pytest.approx(RATIO, rel=3e-3)


def test_a_flat_pedestal_changes_nothing():
    found = []
    for pedestal in (0.0, 1500.0, 15000.0):
        spectrum = replace(SCENARIOS["step"], ground=XpsBackground(pedestal=pedestal, step=0.06))
        fitted = noiseless(spectrum, model("right"))
        found.append(np.exp(log_ratio(fitted.values, fitted.model)))
    assert max(found) / min(found) - 1 < 1e-3


def test_the_order_of_points_does_not_matter():
    x, counts = compute_expected(SCENARIOS["step"])
    counts = np.random.default_rng(2).poisson(counts)
    forward, backward = (xps_fit.fit_spectrum(model("any"), SpectrumData.of([(x[::s], counts[::s])])) for s in (1, -1))
    assert np.array_equal(forward.values, backward.values)


def test_kinetic_and_binding_energy_are_one_axis():
    x, counts = compute_expected(SCENARIOS["step"])
    counts = np.random.default_rng(2).poisson(counts)
    direct = xps_fit.fit_spectrum(model("any"), SpectrumData.of([(x, counts)]))
    by_kinetic = xps_fit.fit_spectrum(model("any"), SpectrumData.of([(1486.6 - (1486.6 - x)[::-1], counts[::-1])]))
    assert by_kinetic.values == pytest.approx(direct.values, rel=1e-8, abs=1e-8)


def study(name, n, seed):
    """Per draw: error of the log ratio, its reported std, the weight-bearing ensemble and its fits."""
    rng = np.random.default_rng(seed)
    x, counts = compute_expected(SCENARIOS[name])
    places = {"high": 16.9, "low": 15.9} if name == "1 eV apart" else {}
    chosen, found = candidates(**places), []
    for _ in range(n):
        data = SpectrumData.of([(x, rng.poisson(counts))])
        ensemble = xps_ensemble.weigh_fits([xps_fit.fit_spectrum(m, data) for m in chosen])
        mean, within, between = ensemble.average(log_ratio)
        found.append((mean[0] - np.log(RATIO), np.sqrt(within[0, 0] + between[0, 0]), ensemble))
    return found


DRAWS = 40


@pytest.mark.slow
@pytest.mark.parametrize("name", SCENARIOS)
def test_the_ensemble_covers_the_truth(name):
    """A fixed subset of the full study (400 draws): bias, coverage and the size of the error, within its scatter."""
    found = study(name, DRAWS, seed=7)
    errors, stds = np.array([f[0] for f in found]), np.array([f[1] for f in found])
    scatter = errors.std(ddof=1)
    assert abs(errors.mean()) < 0.01 + 3 * scatter / np.sqrt(DRAWS)
    assert np.mean(np.abs(errors) <= 1.96 * stds) >= 0.95 - 3 * np.sqrt(0.95 * 0.05 / DRAWS)
    assert 0.8 * (1 - 3 / np.sqrt(2 * DRAWS)) < stds.mean() / scatter < 1.6 * (1 + 3 / np.sqrt(2 * DRAWS))


@pytest.mark.slow
@pytest.mark.parametrize("name", SCENARIOS)
def test_a_single_model_that_is_wrong_is_flagged(name):
    """Models off by more than 5 % whose own interval misses the truth: they misfit, or others are far more likely."""
    found = study(name, 12, seed=8)
    for i, one in enumerate(found[0][2].fits):
        alone = [xps_ensemble.weigh_fits([e.fits[i]]).average(log_ratio) for _, _, e in found]
        errors = np.array([mean[0] for mean, _, _ in alone]) - np.log(RATIO)
        missed = np.abs(errors) > 1.96 * np.sqrt([within[0, 0] for _, within, _ in alone])
        if abs(errors.mean()) > 0.05 and missed.mean() > 0.5:
            flagged = np.mean([e.flagged(e.fits[i]) for _, _, e in found])
            assert flagged > 0.9, (name, one.model.name, errors.mean(), flagged)


def test_scatter_tells_the_scale_where_counts_are_unknown():
    """A rate of unknown dwell time: same answer, error from the scatter."""
    x, counts = compute_expected(SCENARIOS["step"])
    counts = np.random.default_rng(3).poisson(counts)
    scaled = counts * 7.3
    scale = xps_fit.estimate_noise_scale(scaled)
    assert scale == pytest.approx(7.3, rel=0.25)
    plain = xps_ensemble.weigh_fits([xps_fit.fit_spectrum(m, SpectrumData.of([(x, counts)])) for m in candidates()])
    other = xps_ensemble.weigh_fits(
        [xps_fit.fit_spectrum(m, SpectrumData.of([(x, scaled / scale)])) for m in candidates()], counted=False
    )
    (a, va, _), (b, vb, _) = plain.average(log_ratio), other.average(log_ratio)
    assert b[0] == pytest.approx(a[0], abs=0.005)
    assert np.sqrt(vb[0, 0] / va[0, 0]) == pytest.approx(1.0, abs=0.2)


def test_a_map_of_4096_spectra_is_fitted():
    x, counts = compute_expected(replace(SCENARIOS["step"], scan=XpsScan(11.0, 25.0, 0.2)))
    rng = np.random.default_rng(4)
    data = SpectrumData.of([(x, counts)])
    chosen = model("map", slope=False)
    start = xps_fit.fit_spectrum(chosen, data).values
    values, variances, _, converged = xps_fit.fit_spectra(chosen, data, rng.poisson(counts, (4096, x.size)), start)
    assert converged.mean() > 0.999
    high, low = values[:, 0], values[:, 1]
    assert np.mean(high / low) == pytest.approx(RATIO, rel=0.005)
    assert np.sqrt(variances[:, 0].mean()) == pytest.approx(high.std(), rel=0.06)


def test_negative_counts_are_refused():
    with pytest.raises(ValueError, match="counts must be finite and not negative, found -3"):
        SpectrumData.of([(np.arange(3.0), np.array([1.0, -3.0, 2.0]))])

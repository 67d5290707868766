"""Line shapes besides the Gaussian-Lorentzian sum: area, width, integral, derivatives; fits of truth made otherwise."""

import math
from itertools import pairwise

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import voigt_profile, wofz

from nacre.physics.xps_ir import fit as xps_fit
from nacre.physics.xps_ir import line_shapes
from nacre.physics.xps_ir.fit import (
    PhotoelectronLine,
    SpectrumBackground,
    SpectrumData,
    SpectrumModel,
    SpectrumParameter,
)
from nacre.virtual.xps_ir.xps import TrueSpectrum, XpsBackground, XpsPeak, XpsScan, compute_expected

SHAPES = ("product", "voigt", "tail")


def one_line(shape, mix=0.4, tail=0.3, *, width=1.3, step=0.0, position=0.0):
    """A line of area 1 without pedestal."""
    parameters = [
        SpectrumParameter("A", 1.0, linear=True),
        SpectrumParameter("p", position),
        SpectrumParameter("w", width, 0.3, 4.0),
    ]
    parameters += [
        SpectrumParameter("m", mix, 0.0, 1.0),
        SpectrumParameter("b", 0.0, linear=True),
        SpectrumParameter("k", step),
    ]
    parameters += [SpectrumParameter("a", tail, 0.0, line_shapes.MOST_TAIL)] if shape == "tail" else []
    line = PhotoelectronLine("A", "p", "w", "m", shape=shape, tail="a" if shape == "tail" else "")
    return SpectrumModel(shape, tuple(parameters), (line,), (SpectrumBackground("b", step="k"),))


def curve(model, x, **values):
    theta = np.array([values.get(p.name, p.start) for p in model.parameters])
    return xps_fit.compute_jacobian(model, SpectrumData(x, x * 0, np.array([0, x.size])), theta)


@pytest.mark.parametrize("mix", [0.0, 0.03, 0.37, 0.9, 1.0])
@pytest.mark.parametrize("shape", SHAPES)
def test_area_is_one_and_the_step_is_the_running_integral(shape, mix):
    x = np.linspace(-60.0, 60.0, 60001)
    f, _ = curve(one_line(shape), x, m=mix)
    both, _ = curve(one_line(shape), x, m=mix, k=1.0)
    integral = both - f
    running = integral[0] + np.concatenate(([0.0], np.cumsum(0.5 * (f[1:] + f[:-1]) * np.diff(x))))
    assert integral == pytest.approx(running, abs=3e-6)
    far, _ = curve(one_line(shape), np.array([-1e9, 1e9]), m=mix, k=1.0)
    assert far == pytest.approx([0.0, 1.0], abs=1e-6)


@pytest.mark.parametrize("mix", [0.0, 0.2, 0.55, 0.97, 1.0])
@pytest.mark.parametrize("shape", ["product", "voigt"])
def test_width_is_the_full_width_at_half_maximum(shape, mix):
    f, _ = curve(one_line(shape), np.array([-0.65, 0.0, 0.65]), m=mix)
    assert f[[0, 2]] / f[1] == pytest.approx(0.5, rel=1e-6)


@pytest.mark.parametrize("mix", [0.013, 0.31, 0.77, 0.996])
def test_voigt_is_the_convolution(mix):
    x = np.linspace(-12.0, 12.0, 481)
    f, _ = curve(one_line("voigt", width=1.0), x, m=mix)
    part = 0.5346 * mix + math.sqrt(0.2166 * mix**2 + (1 - mix) ** 2)  # Olivero, Longbothum 1977: within 0.02 %
    sigma, gamma = (1 - mix) / part / (2 * math.sqrt(2 * math.log(2))), mix / part / 2
    assert f == pytest.approx(voigt_profile(x, sigma, gamma), abs=5e-4 * f.max())
    # the width found from the profile itself: the scale that a fit of one number leaves
    scale = f[240] / voigt_profile(0.0, sigma, gamma)
    exact = wofz((x * scale + 1j * gamma) / (sigma * math.sqrt(2))).real / (sigma * math.sqrt(2 * math.pi)) * scale
    assert f == pytest.approx(exact, abs=2e-7 * f.max())


@pytest.mark.parametrize("mix", [0.05, 0.42, 0.93])
def test_product_is_its_formula(mix):
    x = np.linspace(-8.0, 8.0, 321)
    f, _ = curve(one_line("product", width=1.0), x, m=mix)
    plain = line_shapes.evaluate_product(x, mix)
    area = quad(lambda u: float(line_shapes.evaluate_product(np.array(u), mix)), -np.inf, np.inf, epsabs=1e-11)[0]
    assert f == pytest.approx(plain / area, abs=3e-6 * f.max())


@pytest.mark.parametrize("tail", [0.02, 0.17, 0.5, 0.95])
@pytest.mark.parametrize("mix", [0.0, 0.35, 1.0])
def test_tail_is_the_convolution(mix, tail):
    def summed(u):
        normal = 2 * math.sqrt(math.log(2) / math.pi) * math.exp(-4 * math.log(2) * u * u)
        return (1 - mix) * normal + mix * 2 / math.pi / (1 + 4 * u * u)

    x = np.array([-6.0, -1.0, -0.2, 0.0, 0.3, 1.0, 2.5, 7.0, 15.0])
    f, _ = curve(one_line("tail", width=1.0), x, m=mix, a=tail)
    truth = []
    for u in x:
        breaks = sorted({0.0, *(b for b in (u - 2, u, u + 2, 3 * tail) if 0 < b < 60 * tail), 60 * tail})
        parts = [
            quad(lambda t, u=u: math.exp(-t / tail) / tail * summed(u - t), lo, hi, epsabs=1e-12)[0]
            for lo, hi in pairwise(breaks)
        ]
        truth.append(sum(parts))
    assert f == pytest.approx(np.array(truth), abs=3e-6 * max(truth))


def test_without_a_tail_it_is_the_sum():
    x = np.linspace(-9.0, 9.0, 301)
    assert curve(one_line("tail"), x, a=0.0)[0] == pytest.approx(curve(one_line("sum"), x)[0], abs=1e-7)


@pytest.mark.parametrize("mix", [0.11, 0.6])
@pytest.mark.parametrize("shape", SHAPES)
def test_derivatives_are_those_of_the_shape(shape, mix):
    x, model = np.linspace(-7.0, 7.0, 141) + 0.003, one_line(shape, mix, step=0.07)
    theta = np.array([p.start for p in model.parameters])
    data = SpectrumData(x, x * 0, np.array([0, x.size]))
    _, slopes = xps_fit.compute_jacobian(model, data, theta)
    for j in range(theta.size):
        move = np.zeros(theta.size)
        move[j] = 1e-5
        up, down = (xps_fit.compute_jacobian(model, data, theta + sign * move)[0] for sign in (1, -1))
        assert slopes[:, j] == pytest.approx((up - down) / 2e-5, abs=2e-6 * max(np.abs(slopes[:, j]).max(), 1e-3))


# --- recovery -----------------------------------------------------------------------------------------------

TRUTH = {
    "product": XpsPeak(40000.0, 18.0, 1.5, mix=0.35, shape="product"),
    "voigt": XpsPeak(40000.0, 18.0, 1.5, mix=0.35, shape="voigt"),
    "tail": XpsPeak(40000.0, 18.0, 1.5, mix=0.25, tail=0.35),
}


def window(peak):
    return TrueSpectrum("line", XpsScan(10.0, 30.0), (peak,), XpsBackground(800.0, step=0.03))


def wanted(shape):
    """A model of everything in the window; widths of the product are those of the whole line."""
    parameters = [
        SpectrumParameter("A", 30000.0, linear=True),
        SpectrumParameter("p", 18.1, 16.0, 20.0),
        SpectrumParameter("w", 1.4, 0.3, 4.0),
    ]
    parameters += [
        SpectrumParameter("m", 0.5, 0.0, 1.0),
        SpectrumParameter("b", 800.0, linear=True),
        SpectrumParameter("k", 0.02, 0.0, 0.5),
    ]
    parameters += [SpectrumParameter("a", 0.2, 0.0, line_shapes.MOST_TAIL)] if shape == "tail" else []
    line = PhotoelectronLine("A", "p", "w", "m", shape=shape, tail="a" if shape == "tail" else "")
    return SpectrumModel(shape, tuple(parameters), (line,), (SpectrumBackground("b", step="k"),))


def truth(shape):
    peak = TRUTH[shape]
    found = {"A": peak.area, "p": peak.position, "m": peak.mix, "k": 0.03, "w": peak.fwhm, "a": peak.tail}
    if shape == "product":
        half = np.linspace(0.0, 2.0, 200001)
        f = np.exp(-4 * math.log(2) * (1 - peak.mix) * half**2) / (1 + 4 * peak.mix * half**2)
        found["w"] = 2 * half[np.argmin(np.abs(f - 0.5))] * peak.fwhm
    return found


@pytest.mark.parametrize("shape", SHAPES)
def test_without_noise_the_truth_is_found(shape):
    fitted = xps_fit.fit_spectrum(wanted(shape), SpectrumData.of([compute_expected(window(TRUTH[shape]))]))
    assert fitted.converged
    for p in fitted.model.parameters:
        if p.name != "b":
            assert fitted.value(p.name) == pytest.approx(truth(shape)[p.name], rel=0.004, abs=0.002), p.name


@pytest.mark.parametrize("shape", SHAPES)
def test_errors_of_every_parameter_are_those_of_the_counts(shape):
    """400 draws: bias, coverage of 95 % and the size of the error, each within its own scatter."""
    x, counts = compute_expected(window(TRUTH[shape]))
    model, rng = wanted(shape), np.random.default_rng(11)
    values, variances, _, good = xps_fit.fit_spectra(
        model, SpectrumData.of([(x, counts)]), rng.poisson(counts, (400, x.size))
    )
    assert good.mean() > 0.99
    for p in model.parameters:
        if p.name == "b":
            continue
        i = model.index[p.name]
        errors, stds = values[:, i] - truth(shape)[p.name], np.sqrt(variances[:, i])
        assert abs(errors.mean()) < 3.5 * errors.std() / 20 + 0.1 * errors.std(), p.name
        assert np.mean(np.abs(errors) < 1.96 * stds) > 0.95 - 3 * math.sqrt(0.95 * 0.05 / 400), p.name
        assert stds.mean() / errors.std() == pytest.approx(1.0, abs=3.5 / math.sqrt(800)), p.name


def test_a_symmetric_model_misfits_an_asymmetric_line_and_says_so():
    x, counts = compute_expected(window(TRUTH["tail"]))
    data = SpectrumData.of([(x, np.random.default_rng(12).poisson(counts))])
    assert xps_fit.fit_spectrum(wanted("tail"), data).p_value > 0.01
    assert xps_fit.fit_spectrum(wanted("voigt"), data).p_value < 1e-6

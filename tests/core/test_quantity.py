import math
import pickle

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from nacre.core.errors import NacreError
from nacre.core.quantity import Z95, Quantity, correlated, covariance, derive, parse, weighted_sum


@pytest.mark.parametrize(
    ("text", "value", "unit", "std"),
    [
        ("8.32(5) mg", 8.32, "mg", 0.05),
        ("8.32(12)mg", 8.32, "mg", 0.12),
        ("45 degC", 45.0, "degC", None),
        ("0.1C", 0.1, "C-rate", None),
        ("C/10", 0.1, "C-rate", None),
        ("1 wt%", 1.0, "wt%", None),
        ("12 +- 0.5 nm", 12.0, "nm", 0.5),
        ("12±0.5 nm", 12.0, "nm", 0.5),
        ("2.5(5)e2 nm", 250.0, "nm", 50.0),
        ("\N{MINUS SIGN}5 mV", -5.0, "mV", None),
        ("-.5e-3(2) V", None, None, None),
        ("5 degC/min", 5.0, "degC/min", None),
        ("0.30", 0.3, "1", None),
        (0.25, 0.25, "1", None),
        (3, 3.0, "1", None),
    ],
)
def test_text_as_scientists_write_it(text, value, unit, std):
    if value is None:
        with pytest.raises(NacreError, match=r"cannot read this as a quantity"):
            parse(text)
        return
    found = parse(text)
    assert found.value == pytest.approx(value) and found.unit == unit
    assert found.std == (None if std is None else pytest.approx(std))


@pytest.mark.parametrize(
    ("text", "unit", "words"),
    [
        ("8,32 mg", "mg", ["found '8,32 mg'", "Use a decimal point"]),
        ("8.32 mgg", "mg", ["unknown unit 'mgg'", "Did you mean 'mg'"]),
        ("8.32", "mg", ["a number without a unit", "like '8.32(5) mg'"]),
        ("8.32 V", "mg", ["'V' cannot become 'mg'", "8.32 V"]),
        ("8.32 (5) mg", "mg", ["cannot read this as a quantity"]),
        ("12(1) +- 2 nm", "nm", ["cannot read this as a quantity"]),
        ("8 1 mg", "mg", ["unknown unit '1 mg'", "a unit holds no number"]),
        ("1 000 mg", "mg", ["unknown unit '000 mg'"]),
        ("1.0.0 mg", "mg", ["cannot read"]),
        ("1e999 mg", "mg", ["too large"]),
        ("nan mg", "mg", ["cannot read"]),
        ("", "mg", ["cannot read", "found ''"]),
        ("mg", "mg", ["cannot read"]),
        (True, "1", ["cannot read"]),
        (float("inf"), "1", ["cannot read"]),
    ],
)
def test_text_that_is_no_quantity_says_why(text, unit, words):
    with pytest.raises(NacreError) as caught:
        parse(text, unit, where="cell 'c1'")
    message = str(caught.value).lower()
    assert message.startswith("cell 'c1': ")
    assert all(word.lower() in message for word in words), message


units = st.sampled_from(["mg", "mAh/g", "1", "degC", "ohm cm2", "C-rate", "wt%"])


@settings(deadline=None)
@given(st.floats(-1e12, 1e12), st.floats(-6, 3), units)
def test_print_and_parse_round_trip(value, log_ratio, unit):
    assume(abs(value) > 1e-12)
    std = abs(value) * 10**log_ratio
    back = parse(str(Quantity(value, unit, std)))
    assert back.unit == unit
    assert abs(back.value - value) <= 0.51 * std, "rounded by more than half a standard deviation"
    assert back.std == pytest.approx(std, rel=0.34), "two digits are kept where one is too coarse"


@settings(deadline=None)
@given(st.decimals(-10000, 10000, places=3), st.integers(1, 99), units)
def test_written_digits_are_kept(value, digits, unit):
    text = f"{value}({digits})" + ("" if unit == "1" else f" {unit}")
    again = parse(str(parse(text)))
    assert again.std == pytest.approx(parse(text).std, rel=0.34)
    assert abs(again.value - float(value)) <= 0.51 * parse(text).std


@given(st.floats(), st.floats(min_value=0))
def test_any_number_can_be_shown(value, std):
    assert str(Quantity(value, "mg", std))


@pytest.mark.parametrize(
    ("q", "shown"),
    [
        (Quantity(8.32, "mg", 0.05), "8.32(5) mg"),
        (Quantity(8.32, "mg", 0.0149), "8.320(15) mg"),
        (Quantity(8.32, "mg", 0.00999), "8.320(10) mg"),
        (Quantity(250.0, "nm", 12.0), "250(12) nm"),
        (Quantity(250.0, "nm", 50.0), "2.5(5)e2 nm"),
        (Quantity(8.32, "mg"), "8.32 mg"),
        (Quantity(1.23456789, "1"), "1.235"),
        (Quantity(math.nan, "mg", 0.1), "nan mg"),
        (parse("8.30 mg"), "8.30 mg"),
    ],
)
def test_shown(q, shown):
    assert str(q) == shown


def test_unknown_basis_origin_and_negative_std_are_refused():
    with pytest.raises(NacreError, match=r"unknown basis 'replicate'. Did you mean 'replicates'"):
        Quantity(1, basis="replicate")
    with pytest.raises(NacreError, match=r"unknown origin 'mesured'. Did you mean 'measured'"):
        Quantity(1, origin="mesured")
    for std in (-1.0, math.nan):
        with pytest.raises(NacreError, match=r"cannot be negative or NaN"):
            Quantity(1, std=std)


def test_bounds_follow_from_std_and_stay_where_given():
    q = Quantity(10.0, "V", 1.0)
    assert (q.lo95, q.hi95) == (10 - Z95, 10 + Z95)
    lopsided = Quantity(10.0, "V", 1.0, lo95=9.5, hi95=14.0)
    assert (lopsided.to("mV").lo95, lopsided.to("mV").hi95) == (9500, 14000)
    assert not Quantity(10.0, "V", 1.0, lo95=9.0).bounded
    assert Quantity(1.0, "V", 0.0).lo95 == 1.0 and Quantity(1.0, "V").lo95 is None


def test_celsius_and_kelvin():
    warm = Quantity(45.0, "degC", 0.5).to("K")
    assert warm.value == pytest.approx(318.15) and warm.std == 0.5
    assert warm.lo95 == pytest.approx(318.15 - Z95 / 2)
    assert warm.to("degC").value == pytest.approx(45.0)


def test_a_negative_slope_swaps_the_bounds(monkeypatch):
    from nacre.core import units

    monkeypatch.setattr(units, "linear", lambda source, target: (-1.0, 0.0))
    turned = Quantity(2.0, "V", 0.5, lo95=1.0, hi95=4.0).to("mV")
    assert (turned.lo95, turned.hi95, turned.std) == (-4.0, -1.0, 0.5)
    assert covariance(turned, turned) == pytest.approx(0.25)


def test_derive_agrees_with_monte_carlo():
    rng = np.random.default_rng(7)
    current, resistance, area = (
        Quantity(1.5, "mA", 0.03),
        Quantity(80.0, "ohm", 2.0),
        Quantity(0.785, "cm2", 0.01),
    )

    def rule(i, r, a):
        return i * r / a**0.5 + np.log(r)

    found = derive(rule, current, resistance, area, unit="mV")
    drawn = rule(*(rng.normal(q.value, q.std, 400_000) for q in (current, resistance, area)))
    assert found.value == pytest.approx(drawn.mean(), rel=1e-3)
    assert found.std == pytest.approx(drawn.std(), rel=5e-3)


def test_derive_of_correlated_operands_agrees_with_monte_carlo():
    rng = np.random.default_rng(11)
    matrix = np.array([[0.04, -0.018], [-0.018, 0.01]])
    fit = correlated(["a", "b"], [5.0, 3.0], matrix, ["V", "V"], source="fit 1")
    found = derive(lambda a, b: a * b, fit["a"], fit["b"], unit="V^2")
    a, b = rng.multivariate_normal([5.0, 3.0], matrix, 400_000).T
    assert found.std == pytest.approx((a * b).std(), rel=5e-3)


def test_a_shared_mass_is_lost_from_a_ratio_and_kept_by_a_product():
    mass = parse("8.3(1) mg").tagged("cell:c1:cam_mass")
    first, last = (
        derive(lambda q, m: q / m, Quantity(q, "mAh", 0.0), mass, unit="mAh/mg", origin="measured") for q in (1.6, 1.4)
    )
    retention = derive(lambda a, b: 100 * b / a, first, last, unit="%")
    assert retention.std == pytest.approx(0.0, abs=1e-6), "slopes are numerical, good to nine digits"
    assert covariance(first, last) == pytest.approx(first.std * last.std)
    other = derive(lambda q, m: q / m, Quantity(1.6, "mAh", 0.0), parse("8.3(1) mg"), unit="mAh/mg")
    assert derive(lambda a, b: a / b, first, other, unit="1").std == pytest.approx(2**0.5 * 0.1 / 8.3, rel=1e-4)
    area = parse("0.785(10) cm2").tagged("cell:c1:area")
    resistance = derive(lambda r, a: r * a, Quantity(80.0, "ohm", 1.0), area, unit="ohm cm2")
    assert covariance(resistance, area) == pytest.approx(80.0 * 0.01**2)
    back = derive(lambda ra, a: ra / a, resistance, area, unit="ohm")
    assert back.std == pytest.approx(1.0, rel=1e-6)


def test_conversion_keeps_the_correlation():
    mass = parse("8.3(1) mg")
    assert covariance(mass, mass.to("g")) == pytest.approx(0.1 * 0.1e-3)


def test_an_unknown_error_is_not_taken_for_none():
    known, unknown = Quantity(2.0, "V", 0.1), Quantity(3.0, "V")
    for result in (
        derive(lambda a, b: a + b, known, unknown, unit="V"),
        derive(lambda x: x * x, Quantity(0.0, "V"), unit="V^2"),
    ):
        assert result.std is None and result.lo95 is None and result.basis == "none"
    assert derive(lambda a, b: a, known, unknown, unit="V").std == pytest.approx(0.1)


@pytest.mark.parametrize("std", [0.0, 1e-16, 1e-13, 1e-9, 1e-3])
def test_the_slope_survives_tiny_errors(std):
    found = derive(lambda v, m: v / m, Quantity(250.0, "V", std), Quantity(8.0, "mg", 0.0), unit="V/mg")
    assert found.std == pytest.approx(std / 8, rel=1e-6)


@settings(deadline=None)
@given(st.integers(1, 5), st.integers(0, 2**32 - 1))
def test_correlated_gives_back_its_matrix(n, seed):
    rng = np.random.default_rng(seed)
    scales = 10.0 ** rng.uniform(-6, 6, n)
    root = rng.normal(size=(n, n)) * scales[:, None]
    matrix = root @ root.T
    names = [f"p{i}" for i in range(n)]
    fit = correlated(names, range(n), matrix, ["V"] * n, source="fit")
    found = np.array([[covariance(fit[a], fit[b]) for b in names] for a in names])
    assert np.allclose(found / np.outer(scales, scales), matrix / np.outer(scales, scales), atol=1e-10)
    assert [fit[name].std for name in names] == pytest.approx(np.sqrt(np.diag(matrix)))


def test_correlated_takes_a_fixed_parameter_and_refuses_what_is_no_covariance():
    fit = correlated(["a", "fixed"], [1, 2], [[0.04, 0], [0, 0]], ["V", "V"], source="fit")
    assert fit["fixed"].std == 0.0 and fit["a"].std == pytest.approx(0.2)
    for matrix, words in (
        ([[1, 2], [2, 1]], "an eigenvalue of -1"),
        ([[1, math.nan], [0, 1]], "2 finite rows"),
        ([[1.0]], r"shape \(1, 1\)"),
    ):
        with pytest.raises(NacreError, match=words):
            correlated(["a", "b"], [1, 2], matrix, ["V", "V"], source="fit")


def test_two_fits_do_not_share_their_errors():
    one, two = (correlated(["a"], [1.0], [[0.01]], ["V"], source=f"fit {i}")["a"] for i in (1, 2))
    assert covariance(one, two) == 0.0


def test_a_quantity_travels_between_processes_with_its_sources():
    mass = parse("8.3(1) mg").tagged("cell:c1:cam_mass")
    back = pickle.loads(pickle.dumps(mass))
    assert back == mass and back.parts == {"cell:c1:cam_mass": pytest.approx(0.1)}
    assert hash(back) == hash(mass)


def unknown(value, source, unit="mg"):
    return Quantity(value, unit).tagged(source)


def test_an_unknown_error_wipes_no_known_one():
    charge = Quantity(1.5, "mAh", 0.03).tagged("charge")
    capacity = derive(lambda q, m: q / m, charge, unknown(8.0, "mass"), unit="mAh/mg")
    assert capacity.std is None and capacity.lo95 is None
    assert capacity.known_std == pytest.approx(0.03 / 8)
    assert capacity.to("mAh/g").known_std == pytest.approx(1e3 * 0.03 / 8)


def test_what_both_share_cancels_in_a_ratio_though_its_size_is_unknown_and_not_in_a_difference():
    mass = unknown(8.0, "mass")
    charges = [Quantity(value, "mAh", 0.03).tagged(f"charge {value}") for value in (1.5, 1.2)]
    one, two = (derive(lambda q, m: q / m, charge, mass, unit="mAh/mg") for charge in charges)
    kept = derive(lambda a, b: a / b, two, one, unit="1")
    assert kept.std == pytest.approx(0.8 * math.hypot(0.03 / 1.5, 0.03 / 1.2), rel=1e-6)
    lost = derive(lambda a, b: a - b, one, two, unit="mAh/mg")
    assert lost.std is None and lost.known_std == pytest.approx(math.hypot(0.03, 0.03) / 8, rel=1e-6)
    assert weighted_sum([1, -1], [one, two]).std is None


def test_an_unknown_offset_cancels_in_a_difference_and_not_in_a_ratio():
    zero = unknown(0.0, "zero", "V")
    one, two = (derive(lambda v, z, x=x: v + z, Quantity(x, "V", 0.001), zero, unit="V") for x in (3.7, 3.6))
    assert derive(lambda a, b: a - b, one, two, unit="V").std == pytest.approx(0.001 * 2**0.5, rel=1e-6)
    assert weighted_sum([1, -1], [one, two]).std == pytest.approx(0.001 * 2**0.5, rel=1e-6)
    assert derive(lambda a, b: a / b, one, two, unit="1").std is None


def test_two_unknown_errors_of_their_own_do_not_cancel():
    a, b = Quantity(8.0, "mg"), Quantity(8.0, "mg")
    assert derive(lambda x, y: x / y, a, b, unit="1").std is None
    assert derive(lambda x, y: x / y, a, a, unit="1").std == 0.0
    assert derive(lambda x: x * x, Quantity(0.0, "mg"), unit="mg2").std is None, "flat to first order, not known"


def test_a_source_can_be_named_anew_known_or_not():
    q = unknown(8.0, "study:mass").retagged("study:mass", "cell:a:mass")
    assert dict(q.missing) == {"cell:a:mass": 1.0}
    q = Quantity(8.0, "mg", 0.1).tagged("study:mass").retagged("study:mass", "cell:a:mass")
    assert dict(q.parts) == {"cell:a:mass": 0.1} and not q.missing

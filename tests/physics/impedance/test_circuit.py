import numpy as np
import pytest

from nacre.physics.impedance.circuit import find_arcs, parse_circuit
from nacre.physics.impedance.spectrum import ImpedanceError, require_spectrum
from physics.impedance.spectra import BARE, PAPER, PAPER_FREQUENCY, cpe, paper, s_of, together

F = np.geomspace(1e6, 1e-2, 25)
S = s_of(F)
ROOT = np.sqrt(S * 3.0)


def coth(x):
    return 1 / np.tanh(x)


def rails(r_ion, r_el, y):
    total = r_ion + r_el
    u = np.sqrt(total * y)
    return r_ion * r_el / total * (1 + 2 / (u * np.sinh(u))) + (r_ion**2 + r_el**2) / total * coth(u) / u


FEW = np.sqrt(1e3 / F)
ANALYTIC = [
    ("R_a", [7.0], 7 + 0 * S),
    ("C_a", [2e-3], 1 / (S * 2e-3)),
    ("L_a", [2e-6], S * 2e-6),
    ("Q_a", [2e-3, 0.8], cpe(S, 2e-3, 0.8)),
    ("W_a", [5.0], 5 * (1 - 1j) / np.sqrt(2 * np.pi * F)),
    ("Ws_a", [5.0, 3.0], 5 * np.tanh(np.minimum(ROOT.real, 300) + 1j * ROOT.imag) / ROOT),
    ("G_a", [5.0, 3.0], 5 / np.sqrt(1 + 3 * S)),
    ("R_a-(C_b|(R_c-L_d))", [1.0, 1e-4, 20.0, 1e-3], 1 + together(1 / (S * 1e-4), 20 + S * 1e-3)),
    (PAPER, list(BARE.values()), paper(F, BARE)),
]


@pytest.mark.parametrize(("text", "values", "expected"), ANALYTIC, ids=[row[0] for row in ANALYTIC])
def test_impedance_is_the_formula(text, values, expected):
    np.testing.assert_allclose(parse_circuit(text).impedance(F, values), expected, rtol=1e-10)


def test_diffusion_and_transmission_lines_are_the_formulas():
    low = F[F < 10]
    s = s_of(low)
    y = 1 / 40 + 2e-3 * s**0.9
    cases = {
        "Wo_a": ([5.0, 0.3], 5 * coth(np.sqrt(0.3 * s)) / np.sqrt(0.3 * s)),
        "Tb_a": ([30.0, 2e-3, 0.9], rails(30.0, 0.0, 2e-3 * s**0.9)),
        "Tr_a": ([30.0, 40.0, 2e-3, 0.9], rails(30.0, 0.0, y)),
        "Te_a": ([30.0, 10.0, 40.0, 2e-3, 0.9], rails(30.0, 10.0, y)),
    }
    for text, (values, expected) in cases.items():
        np.testing.assert_allclose(parse_circuit(text).impedance(low, values), expected, rtol=1e-9, err_msg=text)


def test_a_transmission_line_has_the_limits_of_a_porous_electrode():
    """Blocking: a third of R_ion in series at low frequency. Both rails: R_ion beside R_el at high frequency."""
    blocking = parse_circuit("Tb_a").impedance([1e-4], [30.0, 1e-3, 1.0])[0]
    assert blocking.real == pytest.approx(10.0, rel=1e-6)
    assert parse_circuit("Te_a").impedance([1e12], [30.0, 10.0, 40.0, 1e-3, 1.0])[0].real == pytest.approx(
        7.5, rel=1e-3
    )


@pytest.mark.parametrize(
    "text", [PAPER, "L_0-R_0-(C_1|(R_1-Wo_1))-(Ws_2|C_2)-W_3", "G_1-(Tb_1|C_5)-(Tr_1|R_9)-(Te_3|(R_1-C_1))"]
)
def test_jacobian_is_the_derivative_of_the_impedance(text):
    made, rng = parse_circuit(text), np.random.default_rng(1)
    scale = {"R": 100, "A": 10, "C": 1e-4, "L": 1e-5, "Q": 1e-3, "n": 0.8, "tau": 1.0}
    values = np.array([scale[p.slot.name[0] if p.slot.name[0] == "R" else p.slot.name] for p in made.parameters])
    values = values * rng.uniform(0.8, 1.2, values.size)
    z, jacobian = made.impedance_and_jacobian(F, values)
    for k in range(values.size):
        up, down = values.copy(), values.copy()
        up[k] *= np.exp(1e-5)
        down[k] *= np.exp(-1e-5)
        numeric = (made.impedance(F, up) - made.impedance(F, down)) / 2e-5
        assert np.max(np.abs(numeric - jacobian[:, k]) / np.abs(z)) < 1e-8, made.names[k]


def test_names_units_and_arcs():
    made = parse_circuit(PAPER)
    assert made.names == tuple(BARE)
    assert [p.unit for p in made.parameters][:4] == ["ohm", "ohm", "S s^n", "1"]
    assert find_arcs(made) == (("R_gb", "Q_gb"), ("R_cam_se", "Q_cam_se"))
    np.testing.assert_allclose(made.impedance(PAPER_FREQUENCY, BARE), paper(PAPER_FREQUENCY, BARE), rtol=1e-12)


@pytest.mark.parametrize(
    ("text", "position", "words"),
    [
        ("R_a-(R_b|X_c)", 10, "'X_c' is no element"),
        ("R_a-(R_b|q_c)", 10, "did you mean 'Q_c'?"),
        ("R_a-w_d", 5, "did you mean 'W_d'?"),
        ("R_a R_b", 5, "'R_b' floats: it is joined to nothing"),
        ("R_a-", 5, "an element was expected here, the text ends"),
        ("R_a-(R_b|)", 10, "one end of the joint floats"),
        ("(R_a|C_b)(R_c|C_d)", 10, "floats"),
        ("R_a-(R_b|C_b", 5, "this '(' is never closed"),
        ("R_a)", 4, "closes nothing"),
        ("R_a-R_b|C_b", 8, "mixed at one level"),
        ("R_a-R_a", 5, "'R_a' is already at position 1"),
        ("R_a+C_b", 4, "'+' is not part of the language"),
    ],
)
def test_a_mistake_in_a_circuit_is_shown_with_its_position(text, position, words):
    with pytest.raises(ImpedanceError) as error:
        parse_circuit(text)
    assert words in str(error.value)
    assert f"position {position}:" in str(error.value)


def test_an_empty_circuit_and_a_wrong_parameter_are_explained():
    with pytest.raises(ImpedanceError, match="the circuit is empty"):
        parse_circuit("  ")
    with pytest.raises(ImpedanceError, match=r"no parameter 'R_gp'; did you mean 'R_gb'\?"):
        parse_circuit(PAPER).index("R_gp")
    with pytest.raises(ImpedanceError, match=r"no value given for Q_lf\.Q, Q_lf\.n"):
        parse_circuit(PAPER).vector({k: v for k, v in BARE.items() if "lf" not in k})
    with pytest.raises(ImpedanceError, match="has 9 parameters; 2 values"):
        parse_circuit(PAPER).vector([1.0, 2.0])


def good():
    return np.geomspace(1e5, 1.0, 12), np.full(12, 5 - 1j)


def spoiled(**change):
    f, z = good()
    for k, value in change.get("f", {}).items():
        f[k] = value
    for k, value in change.get("z", {}).items():
        z[k] = value
    return f, z


@pytest.mark.parametrize(
    ("spectrum", "words"),
    [
        (spoiled(f={3: 2.0}), "are not sorted"),
        (spoiled(f={3: 1e5}), "is there 2 times"),
        (spoiled(f={3: -1.0}), "point 4: frequency is -1 Hz"),
        (spoiled(z={3: 0.0}), r"point 4 \(4328.76 Hz\): \|Z\| is zero"),
        (spoiled(z={3: np.nan}), "is not a number"),
        ((good()[0], np.conj(good()[1])), "multiply it by -1"),
        ((good()[0][:2], good()[1][:2]), "2 points"),
        ((good()[0], good()[1][:4]), "two lists of one length"),
    ],
)
def test_a_bad_spectrum_is_refused_in_words(spectrum, words):
    with pytest.raises(ImpedanceError, match=words):
        require_spectrum(*spectrum)


def test_one_decade_is_too_little_where_more_is_needed():
    with pytest.raises(ImpedanceError, match=r"spans 1 decades \(1 to 10 Hz\)"):
        require_spectrum(np.geomspace(10, 1, 12), good()[1], decades=1.5)
    f, _ = require_spectrum(*good())
    assert f[0] < f[-1]

"""Impedance: truth recovered from virtual spectra, then input that is wrong or says little."""

from dataclasses import replace

import numpy as np
import pytest

from nacre.core.context import Context
from nacre.core.errors import NacreError
from nacre.core.figure import merge
from nacre.core.quantity import Z95, covariance, parse
from nacre.core.signal import table
from nacre.core.study import Cell, Measurement, Sample
from nacre.techniques.impedance.impedance import TECHNIQUE, ImpedanceOptions
from nacre.techniques.impedance.inputs import PELLET_CELL
from nacre.virtual.impedance import potentiostat as tool

AREA = 0.7854
BARE = {"R_bulk": 15, "R_gb": 22, "Q_gb.Q": 6e-8, "Q_gb.n": 0.86, "R_cam_se": 850, "Q_cam_se.Q": 3e-5,
        "Q_cam_se.n": 0.8, "Q_lf.Q": 0.02, "Q_lf.n": 0.7}  # fmt: skip
LHO = BARE | {"R_cam_se": 50}
STATE = {"cycle": 200, "at": "end of discharge"}
NAMED = ImpedanceOptions(circuit=PELLET_CELL)


def virtual(truth=BARE, seed=0, cell=None, area=AREA, **flaws):
    instrument = tool.add_flaws(tool.Potentiostat(), **flaws)
    scaled = tool.scale_by_area(truth, area) if area else truth
    return tool.simulate_sweep(cell or tool.make_pellet_cell(), scaled, instrument, seed, "cell")


def context(sample="bare", state=STATE, **inputs):
    inputs = {"area": "0.7854(8) cm2"} | inputs
    known = {name: parse(text).tagged(name) for name, text in inputs.items() if text}
    cell = Cell(f"{sample}-1", sample, known)
    return Context("test", Sample(sample), cell, Measurement("eis", sample, cell.name, state=state))


def run(signal, options=NAMED, **kwargs):
    (result,) = TECHNIQUE.analyse({"signal": signal}, context(**kwargs), options)
    return result


def texts(result, *statuses):
    return " | ".join(f"{c.text} {c.do}" for c in result.checks if not statuses or c.status in statuses)


def spectrum(f, z, **rest):
    columns = {"frequency_hertz": (f, "Hz"), "real_impedance_ohm": (np.real(z), "ohm"),
               "imaginary_impedance_ohm": (np.imag(z), "ohm")}  # fmt: skip
    return table("impedance", columns, axis="frequency", name="made", **rest)


# --- truth ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("truth", "r"), [(BARE, 850), (LHO, 50)])
def test_the_published_resistances_come_back(truth, r):
    result = run(virtual(truth, cable=1e-8))
    for name, wanted in (("r_bulk", 15), ("r_gb", 22), ("r_cam_se", r)):
        quantity = result.get(name, **STATE)
        assert abs(quantity.value - wanted) < 4 * quantity.std + 0.01 * wanted
        assert quantity.lo95 < quantity.value < quantity.hi95
        assert quantity.basis == "fit-covariance"
    c = result.get("effective_capacitance", element="Q_cam_se").value
    assert c == pytest.approx(1e6 * (3e-5 * r) ** (1 / 0.8) / r, rel=0.03)
    assert result.get("cpe_exponent", element="Q_gb").value == pytest.approx(0.86, abs=0.02)
    assert "obeys Kramers-Kronig" in texts(result, "pass") or "too noisy" in texts(result, "warn")
    assert result.origin == "synthetic"


def test_a_cable_is_fitted_only_where_the_criteria_ask_for_it():
    wired = run(virtual(cable=3e-8))
    assert "a series inductance L_0 (cables) of " in texts(wired, "info")
    assert "it lowers AICc by" in texts(wired, "info")
    table_ = wired.curve("circuit parameters").columns
    assert table_["value"][0][list(table_["parameter"][0]).index("L_0")] == pytest.approx(3e-8, rel=0.1)
    assert "L_0" not in run(virtual()).curve("circuit parameters").columns["parameter"][0]
    never = run(virtual(cable=3e-8), replace(NAMED, cable="never"))
    assert "does not describe these data" in texts(never, "fail")


def late(seed=20014, fast=0.0, **flaws):
    """An arc seen precisely by an instrument that is 20 ps late, and a further arc beyond its fast end."""
    cell = tool.make_resistor("R_0") - (tool.make_resistor("R_1") | tool.make_cpe("Q_1"))
    truth = {"R_0": 20, "R_1": 200, "Q_1.Q": 1e-5, "Q_1.n": 0.85}
    if fast:
        cell = cell - (tool.make_resistor("R_2") | tool.make_capacitor("C_2"))
        truth |= {"R_2": fast, "C_2": 1e-9 / fast}
    return virtual(truth, seed, cell, None, noise=3e-4, **flaws)


def test_a_late_instrument_is_not_the_circuit_s_fault_and_is_said():
    options = replace(NAMED, circuit="R_0-(R_1|Q_1)")
    result = run(late(), options)
    said = texts(result, "warn")
    assert (
        "a series inductance L_0 of -0.469 nH is fitted beside the named circuit R_0-(R_1|Q_1): it lowers AICc" in said
    )
    assert "Below zero it is an instrument that answers 23 ps late (0.059 degrees at its fastest point)" in said
    assert "the tail of an arc faster than the sweep; these data do not decide. measure a resistor or a short" in said
    assert "does not describe" not in texts(result)
    assert result.get("area_resistance", element="R_0").std > 0
    assert "does not describe these data" in texts(run(late(), replace(options, cable="never")), "fail")
    assert "L_0" not in texts(run(late(delay=0.0), options), "warn")


def test_more_than_instruments_err_by_is_an_arc_that_the_circuit_lacks():
    """2 ohm at 1 ns beside 20 ohm turns the phase by 0.2 degrees at 7 MHz, 10 ohm by 0.9."""
    options = replace(NAMED, circuit="R_0-(R_1|Q_1)")
    assert "does not describe these data" in texts(run(late(fast=10.0, delay=0.0), options), "fail")
    assert "the tail of an arc faster than the sweep" in texts(run(late(fast=2.0, delay=0.0), options), "warn")


@pytest.mark.slow
def test_coverage_of_the_resistances(record_property):
    """95 % intervals of the paper's circuit hold the truth (40 fixed seeds; 400 in docs/techniques/impedance.md)."""
    n, options = 40, replace(NAMED, cable="never", capacitance="none")
    inside, given = dict.fromkeys(("r_bulk", "r_gb", "r_cam_se"), 0), 0
    for seed in range(1000, 1000 + n):
        result = run(virtual(LHO, seed, delay=0.0, mains=1.0), options, area="0.7854(0) cm2")
        found = {name: result.get(name) for name in inside}
        given += all(q.bounded for q in found.values())
        for name, q in found.items():
            inside[name] += bool(q.bounded and q.lo95 <= LHO[name.replace("r_", "R_")] <= q.hi95)
    assert given >= 0.9 * n
    for name, count in inside.items():
        assert abs(count / given - 0.95) <= 3 * np.sqrt(0.95 * 0.05 / given), name


def test_resistances_of_one_fit_are_correlated_through_fit_and_area():
    result = run(virtual(), area="0.785(20) cm2")
    bulk, cathode = result.get("r_bulk"), result.get("r_cam_se")
    assert cathode.std / cathode.value == pytest.approx(20 / 785, rel=0.05)
    shared = (20 / 785) ** 2 * bulk.value * cathode.value
    assert covariance(bulk, cathode) == pytest.approx(shared, rel=0.1)
    assert np.log(cathode.hi95 / cathode.value) == pytest.approx(Z95 * 20 / 785, rel=0.05)


def test_an_area_without_uncertainty_leaves_none_and_the_fit_says_its_own():
    result = run(virtual(), area="0.7854 cm2")
    assert result.get("r_cam_se").std is None
    assert result.get("r_cam_se").lo95 is None
    assert "error of the fit alone: R_bulk 19." in texts(result, "info")


def test_a_grain_boundary_beyond_the_instrument_is_not_determined():
    truth = BARE | {"Q_gb.Q": 1e-12, "Q_gb.n": 0.9}
    result = run(virtual(truth))
    said = texts(result, "warn")
    assert "is not determined by these data" in said
    assert "the data do not need all of the named circuit" in said
    assert all(e.quantity.std is None and e.quantity.hi95 is None for e in result.entries)
    shorter = run(virtual(truth), replace(NAMED, circuit="R_0-(R_cam_se|Q_cam_se)-Q_lf"))
    assert shorter.get("r_cam_se").lo95 < 850 < shorter.get("r_cam_se").hi95
    assert shorter.get("area_resistance", element="R_0").value == pytest.approx(37, rel=0.01)


def test_a_circuit_that_is_too_small_is_told_so_and_a_better_one_offered():
    result = run(virtual(), replace(NAMED, circuit="R_bulk-(R_cam_se|Q_cam_se)-Q_lf"))
    said = texts(result, "fail")
    assert "this circuit does not describe these data" in said
    assert "offers R_0-(R_1|Q_1)-(R_2|Q_2)-Q_lf, which describes them" in said
    assert "It need not be the only one" in said
    assert all(e.quantity.std is None for e in result.entries)


def test_a_drifting_spectrum_fails_and_its_numbers_bear_no_uncertainty():
    cell = tool.make_resistor("R_0") - (tool.make_resistor("R_1") | tool.make_cpe("Q_1")) - tool.make_capacitor("C_2")
    truth = {"R_0": 20, "R_1": 300, "Q_1.Q": 2e-4, "Q_1.n": 0.9, "C_2": 0.05}
    signal = virtual(truth, 2, cell, None, drift=0.6, drifting="R_1", noise=5e-4)
    result = run(signal, replace(NAMED, circuit="R_0-(R_1|Q_1)-C_2"))
    assert "breaks Kramers-Kronig" in texts(result, "fail")
    assert "All numbers below rest on it" in texts(result, "fail")
    assert all(e.quantity.std is None for e in result.entries)


def test_parameters_beyond_the_named_circuit_are_compared_in_print():
    result = run(virtual())
    assert "circuits compared with R_bulk-" in texts(result, "info")
    compared = result.curve("circuits compared").columns
    assert compared["delta_BIC"][0][0] == 0
    assert len(compared["circuit"][0]) >= 3
    five = run(virtual(), replace(NAMED, circuit=f"{PELLET_CELL}-(R_a|Q_a)-(R_b|Q_b)"))
    assert "do not need all of the named circuit" in texts(five, "warn")


def test_what_is_known_is_kept():
    options = replace(
        NAMED, fixed=("Q_gb.n = 0.86",), bounds=("10 < R_bulk < 40",), ties=("Q_lf.n = Q_cam_se.n",), cable="never",
        order=("R_gb < R_cam_se",), start=("R_gb = 25",), weights="unit",
    )  # fmt: skip
    result = run(virtual(BARE | {"Q_lf.n": 0.8}), options)
    assert result.get("cpe_exponent", element="Q_gb").std == 0
    n = [result.get("cpe_exponent", element=f"Q_{name}").value for name in ("lf", "cam_se")]
    assert n[0] == pytest.approx(n[1], rel=1e-9)
    assert 10 * AREA <= result.get("r_bulk").value <= 40 * AREA


def test_without_a_named_circuit_the_cell_decides():
    with_composite = run(virtual(), ImpedanceOptions(), composite_mass="12 mg")
    assert f"that of a pellet cell is assumed, {PELLET_CELL}" in texts(with_composite, "warn")
    assert "and no electrolyte is declared" in texts(with_composite, "warn")
    declared = context(composite_mass="12 mg")
    cell = replace(declared.cell, inputs={**declared.cell.inputs, "electrolyte": "Li6PS5Cl"})
    (solid,) = TECHNIQUE.analyse({"signal": virtual()}, replace(declared, cell=cell), ImpedanceOptions())
    assert "a pellet cell is assumed" in texts(solid, "info") and "no electrolyte" not in texts(solid)
    assert with_composite.get("r_cam_se").std
    pellet = run(virtual(), ImpedanceOptions())
    assert "the one that the distribution of relaxation times offers" in texts(pellet, "info")
    assert {e.name for e in pellet.entries} & {"r_cam_se", "r_gb"} == set()
    found = [e.quantity.value for e in pellet.entries if e.name == "area_resistance"]
    assert max(found) == pytest.approx(850, rel=0.02)


def test_an_arc_that_nobody_named_says_of_how_many(few=("R_bulk", "R_cam_se", "Q_cam_se.Q", "Q_cam_se.n")):
    signal = virtual(
        {k: BARE[k] for k in few},
        cell=tool.make_resistor("R_bulk") - (tool.make_resistor("R_cam_se") | tool.make_cpe("Q_cam_se")),
    )
    elements = {e.state["element"] for e in run(signal, ImpedanceOptions()).entries}
    assert {"R_0 of one arc", "R_1 of one arc", "Q_1 of one arc"} <= elements, "not comparable with R_1 of two arcs"


def test_a_series_keeps_its_spectra_apart():
    signals = [virtual(BARE | {"R_cam_se": r}, k) for k, r in enumerate((100, 400, 850))]
    options = replace(NAMED, at=(1, 100, 200), along="cycle")
    result = run(signals, options)
    for cycle, r in ((1, 100), (100, 400), (200, 850)):
        assert result.get("r_cam_se", cycle=cycle).value == pytest.approx(r, rel=0.02)
    plain = run(signals)
    assert plain.get("r_cam_se", spectrum=2).value == pytest.approx(400, rel=0.02)
    with pytest.raises(NacreError, match="2 values for 3 spectra"):
        run(signals, replace(NAMED, at=(1, 2)))


def test_one_bad_spectrum_of_a_series_is_left_out_by_name():
    good = virtual(LHO)
    bad = spectrum(np.geomspace(1e4, 1, 40), np.full(40, np.nan + 0j))
    result = run([good, bad])
    assert "left out: made" in texts(result, "fail")
    assert result.get("r_cam_se", spectrum=1).value == pytest.approx(50, rel=0.02)


def test_figures_of_two_samples_are_drawn_as_one():
    drawn = [f for s, t in (("bare", BARE), ("lho", LHO)) for f in run(virtual(t), sample=s).figures]
    made = {figure.key: figure for figure in merge(drawn)}
    assert made["nyquist"].place == "Fig. 6a" and made["resistances"].place == "Fig. 6b"
    panel = made["nyquist"].panels[0]
    assert panel.x.equal and panel.y.equal
    assert {s.subject for s in panel.series} == {"bare", "lho"}
    assert any("10³" in s.words for s in panel.series if s.kind == "text")
    bars = made["resistances"].panels[0].series
    assert [s.y[-1] for s in bars] == pytest.approx([850, 50], rel=0.02)
    assert all(np.all(s.lo < s.y) and np.all(s.y < s.hi) for s in bars)
    assert {"bode", "impedance-residuals", "relaxation-times"} <= made.keys()


def test_the_methods_name_the_circuit():
    assert PELLET_CELL in run(virtual()).methods


# --- bad input --------------------------------------------------------------------------------------------------

F = np.geomspace(1e5, 0.1, 60)
Z = 10 + 100 / (1 + 2j * np.pi * F * 1e-3) + 1 / (2j * np.pi * F * 0.1)


def changed(index, value):
    z = Z.copy()
    z[index] = value
    return F, z


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (
            (F[[1, 0, *range(2, 60)]], Z),
            r"made: the frequencies are not sorted: .* sort the points or split",
        ),
        ((np.append(F, F[-1]), np.append(Z, Z[-1])), "made: the frequency 0.1 Hz is there 2 times: several sweeps"),
        (changed(5, 0), r"made: point 6 .*\|Z\| is zero, an overload or a short circuit: drop the point"),
        (changed(7, np.nan), r"made: point 8 .*the impedance is not a number \(NaN\): drop the point"),
        ((F[:10], Z[:10]), r"made: the spectrum spans 0.92 decades .*measure a wider range"),
        ((F, Z.conj()), r"made: the imaginary part is positive at every point: .*multiply it by -1"),
        ((F[:0], Z[:0]), "made: the spectrum has 0 points; at least 3 are needed"),
        ((F[::10], Z[::10]), "made: the spectrum has 6 points; a Kramers-Kronig test needs at least 12"),
    ],
)
def test_spectra_that_cannot_be_analysed_are_refused_in_words(data, words):
    with pytest.raises(NacreError, match=words):
        run(spectrum(*data), replace(NAMED, circuit="R_1-(R_2|C_2)-C_3"))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"circuit": "R_bulk-(R_gb|Q_gb)-S_lf"}, "position 20: 'S_lf' is no element"),
        ({"circuit": "R_bulk-(R_gb|Q_gb) Q_lf"}, "'Q_lf' floats: it is joined to nothing"),
        ({"circuit": "R_bulk-(R_gb|)"}, r"an element was expected before '\)'; one end of the joint floats"),
        ({"fixed": ("R_gb",)}, "cannot read the option 'fixed'; found 'R_gb'; expected like 'R_gb = 20'"),
        ({"fixed": ("R_bg = 20",)}, r"did you mean 'R_gb'\?"),
        ({"bounds": ("R_gb = 3",)}, "expected like '1 < R_gb < 50'"),
        ({"ties": ("R_gb < 3",)}, "expected like 'Q_gb.n = Q_cam_se.n'"),
        ({"order": ("R_gb",)}, "expected like 'R_bulk < R_gb'"),
        ({"circuit": "", "fixed": ("R_gb = 3",)}, "constrained, but no circuit is named"),
        ({"lowest": 1e9}, "no point between 1e.09 and inf Hz; found 0.1 to 7e.06 Hz"),
    ],
)
def test_options_that_cannot_be_are_refused_in_words(options, words):
    with pytest.raises(NacreError, match=words):
        run(virtual(), replace(NAMED, **options))


def test_a_mere_resistor_has_no_arcs():
    """What the circuit holds beside the resistor is not determined; without noise the analysis does not stumble."""
    run(spectrum(F, np.full(F.size, 50 + 0j)))
    rng = np.random.default_rng(4)
    result = run(spectrum(F, 50 + 0.1 * (rng.normal(size=60) + 1j * rng.normal(size=60))))
    assert "do not need all of the named circuit" in texts(result, "warn")
    assert all(e.quantity.std is None for e in result.entries)


def test_more_parameters_than_points():
    arcs = "-".join(f"(R_{k}|Q_{k})" for k in range(9))
    few = spectrum(np.geomspace(1e5, 10, 13), np.interp(np.geomspace(1e5, 10, 13), F[::-1], Z[::-1]))
    with pytest.raises(NacreError, match="has 27 free parameters, more than 13 points"):
        run(few, replace(NAMED, circuit=arcs))


def test_a_missing_area_is_asked_for():
    with pytest.raises(NacreError, match="the electrode area is not given, and the resistance per area needs it"):
        run(virtual(), area="")

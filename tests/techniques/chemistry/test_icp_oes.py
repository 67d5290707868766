"""ICP-OES: contents back from virtual runs, coverage, what nobody stated, and runs that tell nothing."""

from dataclasses import replace

import numpy as np
import pytest

from nacre.core import registry
from nacre.core.context import Context
from nacre.core.errors import NacreError, NotAssessable
from nacre.core.quantity import derive, parse
from nacre.core.signal import table
from nacre.core.study import Measurement, Sample
from nacre.techniques.chemistry.icp_oes import TECHNIQUE, IcpOesOptions
from nacre.virtual.chemistry.emission import (
    LINES,
    Digest,
    EmissionFlaws,
    EmissionLine,
    EmissionSpectrometer,
    measure_emission,
)

registry.techniques()
STATED = {
    "standard_assay": "100.0(5) %",
    "bulk_standard_assay": "100.0(5) %",
    "digest_recovery": "100(1) %",
}
HF = {"element": "Hf"}
OPTIONS = IcpOesOptions(mass_error=0.1, volume_error=0.1, dilution_error=0.1)
TRACE = tuple(line for line in LINES if line.element == "Hf")


def context(stated=STATED, name="lho", **words):
    inputs = {key: parse(text).tagged(f"sample:{key}") for key, text in stated.items()} | words
    sample = Sample(name, "LHO-NCM85", inputs)
    return Context("s", sample, None, Measurement(f"{name}:icp", name), analysis=f"icp_oes:{name}:icp")


def contents(hf):
    return {"Hf": hf, "Zr": 0.01, "Li": 7.0, "Ni": 50.6, "Co": 5.97, "Mn": 2.79}


def digests(hf=0.84, spike=1.0, name="lho", bulk=False):
    found = []
    for i in range(2):
        label, mass = f"{name}-{i + 1}", 0.1 + 0.003 * i
        found.append(Digest(label, contents(hf), mass))
        if spike:
            found.append(Digest(f"{label} spike", contents(hf), mass, spiked="Hf", spike=spike))
        if bulk:
            found.append(Digest(f"{label} x400", contents(hf), mass, dilution=400.0))
    return tuple(found)


def analysed(signal, options=OPTIONS, where=None):
    (result,) = TECHNIQUE.analyse({"signal": signal}, where or context(), options)
    return result


def run(flaws=None, seed=0, lines=TRACE, standards=(0.2, 0.5, 1.0, 2.0, 5.0), **given):
    return measure_emission(digests(**given), EmissionSpectrometer(lines, standards, flaws or EmissionFlaws()), seed)


def changed(signal, name, function):
    values, unit = signal[name].values.copy(), signal[name].unit
    function(values, signal)
    return replace(signal, variables={**signal.variables, name: replace(signal[name], values=values, unit=unit)})


# --- truth back ---------------------------------------------------------------------------------------------


def test_the_content_of_a_quiet_run_comes_back():
    quiet = EmissionFlaws(
        drift=0, wander=0, matrix=0, curvature=0, pipetting=1e-5, noise=1e-5, shot=0.1, weighing=0, flask=0
    )
    found = analysed(run(quiet)).get("element_content", **HF)
    assert found.value == pytest.approx(0.84, rel=2e-4)
    assert found.std == pytest.approx(0.84 * 0.005, rel=0.1)  # what is left is the assay's


def recovered(n, seed):
    """(error, std, inside) of hafnium contents: every part of the budget is drawn anew."""
    rows = []
    for i in range(n):
        rng = np.random.default_rng((seed, i))
        hf = rng.uniform(0.3, 1.4)
        flaws = EmissionFlaws(drift=rng.normal(0, 0.025), matrix=rng.uniform(0, 0.05), assay=1 + 0.005 * rng.normal())
        q = analysed(run(flaws, seed=i, hf=hf)).get("element_content", **HF)
        rows.append((q.value - hf, q.std, q.lo95 <= hf <= q.hi95))
    return np.array(rows, float).T


@pytest.mark.parametrize("n", [80, pytest.param(400, marks=pytest.mark.slow)])
def test_coverage(n):
    error, std, inside = recovered(n, seed=7)
    assert abs(inside.mean() - 0.95) <= 3 * np.sqrt(0.95 * 0.05 / n), inside.mean()
    assert 0.8 <= std.mean() / np.sqrt(np.mean(error**2)) <= 1.3
    assert abs(error.mean()) <= 3.5 * error.std() / np.sqrt(n)


def test_composition_of_the_active_material():
    where = context(cam="LiNi0.85Co0.10Mn0.05O2")
    result = analysed(measure_emission(digests(bulk=True), EmissionSpectrometer(), 3), where=where)
    metals = {"Ni": 50.6 / 58.693, "Co": 5.97 / 58.933, "Mn": 2.79 / 54.938}
    for species, amount in metals.items():
        found = result.get("element_ratio", element=species)
        assert found.value == pytest.approx(amount / sum(metals.values()), abs=3 * found.std)
        assert result.get("element_content", element=species).value == pytest.approx(contents(0.84)[species], rel=0.03)
    assert result.get("element_content", element="Zr").value == pytest.approx(0.01, rel=0.1)
    (figure,) = (f for f in result.figures if f.key == "icp-contents")
    assert figure.place == "Tab. S3"


def test_drift_is_taken_out_and_the_matrix_found_by_the_spike():
    flaws = EmissionFlaws(drift=0.08, matrix=0.08)
    with_spike = analysed(run(flaws, seed=4)).get("element_content", **HF)
    assert abs(with_spike.value / 0.84 - 1) < 3 * with_spike.std / 0.84
    signal = run(EmissionFlaws(drift=0.08, matrix=0.0), seed=4, spike=0.0)
    checked = analysed(signal).get("element_content", **HF)
    assert checked.value == pytest.approx(0.84, abs=3 * checked.std)
    keep = signal["type"].values != "drift"
    columns = {name: (v.values[keep], v.unit) for name, v in signal.variables.items()}
    blind = analysed(table("emission", columns, origin="synthetic"))
    assert (
        blind.get("element_content", **HF).std is None
        and blind.get("element_content", **HF).value < 0.98 * checked.value
    )
    assert any("no drift check was run" in check.text for check in blind.checks)


def test_a_foreign_line_is_seen_where_two_lines_disagree():
    disturbed = EmissionLine("Hf", 264.141, 21000.0, 260.0, ("Ni", 0.002))
    result = analysed(run(lines=(disturbed, TRACE[1]), seed=2))
    assert any("Hf: its lines disagree" in check.text for check in result.checks)
    clean, found = (
        analysed(run(seed=2)).get("element_content", **HF),
        result.get("element_content", **HF),
    )
    assert found.std > 2 * clean.std
    alone = analysed(run(lines=(disturbed, TRACE[1]), seed=2), replace(OPTIONS, lines=("Hf 277.336",)))
    assert alone.get("element_content", **HF).value == pytest.approx(0.84, abs=4 * clean.std)


def test_two_samples_share_the_error_of_their_standard():
    both = measure_emission((*digests(), *digests(hf=0.42, name="other")), EmissionSpectrometer(TRACE), 1)
    a = analysed(both).get("element_content", **HF)
    b = analysed(both, where=context(name="other")).get("element_content", **HF)
    ratio = derive(lambda x, y: x / y, a, b, unit="1")
    apart = ratio.value * np.hypot(a.std / a.value, b.std / b.value)
    assert ratio.std < 0.8 * apart and ratio.value == pytest.approx(2, abs=4 * ratio.std)


# --- what is not told ---------------------------------------------------------------------------------------


def test_what_nobody_stated_leaves_the_error_unknown_and_is_named():
    result = analysed(run(spike=0.0), IcpOesOptions(), context({}))
    content = result.get("element_content", **HF)
    assert content.std is None and content.value == pytest.approx(0.84, rel=0.1)
    (check,) = (check for check in result.checks if check.text.startswith("not stated"))
    for name in ("mass_error", "volume_error", "dilution_error", "standard_assay", "digest_recovery (or a spike)"):
        assert name in check.text
    assert "gravimetric assay" in check.do


def test_nothing_is_found_in_a_bare_powder():
    result = analysed(run(hf=0.0, seed=5))
    assert not [e for e in result.entries if e.name == "element_content" and e.state["element"] == "Hf"]
    assert any("not detected" in check.text for check in result.checks)
    assert 0 < result.get("detection_limit", element="Hf").value < 0.01


# --- bad input ----------------------------------------------------------------------------------------------


def test_two_calibration_points_are_refused():
    with pytest.raises(NotAssessable, match=r"Hf 264.141 nm: 2 calibration points, blank included; at least three"):
        analysed(run(standards=(2.0,)))


def test_a_sample_outside_the_range_is_refused():
    words = r"'lho-1' reads 1\.\d+ mg/L, above the highest standard \(1 mg/L\): dilute it"
    with pytest.raises(NotAssessable, match=words):
        analysed(run(standards=(0.2, 0.5, 1.0)))


def test_a_blank_above_the_sample_is_refused():
    def raise_blank(values, signal):
        values[signal["label"].values == "Digest blank"] = 1e5

    with pytest.raises(NotAssessable, match=r"the blank gives more signal than the sample \(1\.0\d+e\+05 cps, 'lho-1'"):
        analysed(changed(run(), "intensity", raise_blank))


def test_a_missing_mass_is_asked_for():
    signal = run()
    columns = {name: v for name, v in signal.variables.items() if name != "mass"}
    words = "digested is not given, and the content per gram of powder needs it"
    with pytest.raises(NacreError, match=words) as caught:
        analysed(replace(signal, variables=columns))
    assert 'digest_mass = "... g"' in str(caught.value) and "[[sample]]" in str(caught.value)
    with pytest.raises(NacreError, match="the mass of a digest must be above 0"):
        analysed(changed(signal, "mass", lambda values, _: values.fill(0.0)))


def test_a_run_of_other_samples_is_refused():
    with pytest.raises(NacreError, match=r"found digests lho-1, lho-2; expected labels that are x or LHO-NCM85"):
        analysed(run(), where=context(name="x"))
    assert analysed(run(), replace(OPTIONS, label=("lho*",)), context(name="x")).get("element_content", **HF).value > 0


def test_lines_are_looked_up_and_a_mistyped_one_is_named():
    from nacre.techniques.chemistry.icp_oes import _check_interference

    class Rows:
        def __init__(self, wavelength):
            self.wavelength, self.name = wavelength, f"Hf {wavelength:.3f} nm"

    class Found:
        def __init__(self, wavelength):
            self.rows = Rows(wavelength)

    (good,) = _check_interference("Hf", [Found(277.336), Found(264.141)], ("Ni", "Co", "Mn"))
    assert good.status == "info"
    assert "no strong line of Ni, Co, Mn, Zr lies within 0.05 nm" in good.text
    assert "of Co, Mn, Ni not all lines were read at the table's source" in good.text
    (companion,) = _check_interference("Zr", [Found(343.823)], ("Li",))
    assert companion.status == "info", "a trace of hafnium that comes with zirconium counts little"
    (hidden,) = _check_interference("Zr", [Found(343.823)], ("Li", "Hf"))
    assert hidden.status == "warn" and "is next to Hf 343.824 nm: that element counts as Zr" in hidden.text
    bad, near, *_ = _check_interference("Hf", [Found(257.620)], ("Ni", "Co", "Mn"))
    assert (bad.status, near.status) == ("warn", "warn")
    assert "Hf 257.620 nm is none of the strong lines of Hf" in bad.text
    assert "is next to Mn 257.610 nm" in near.text

"""The virtual potentiostat gives what its truth says, writes it as EC-Lab does, and adds what no analysis models."""

import importlib.util

import numpy as np
import pytest

from nacre.core.registry import head, readers
from nacre.physics.impedance.circuit import parse_circuit
from nacre.readers.reading import read
from nacre.virtual.impedance import potentiostat as tool
from paper_truth import STUDY

AREAL = {"R_bulk": 15, "R_gb": 22, "Q_gb.Q": 6e-8, "Q_gb.n": 0.86, "R_cam_se": 850, "Q_cam_se.Q": 3e-5,
         "Q_cam_se.n": 0.8, "Q_lf.Q": 0.02, "Q_lf.n": 0.7}  # fmt: skip
QUIET = tool.Potentiostat(flaws=tool.PotentiostatFlaws(noise=0.0, delay=0.0))


def test_parts_are_the_elements_of_the_circuit_language():
    """Two independent writings of the same elements agree, the ladder of resistors with the porous electrode too."""
    s = 2j * np.pi * QUIET.frequency
    r, c, el = tool.make_resistor("R_1"), tool.make_capacitor("C_1"), tool.make_inductor("L_1")
    g, wo, ws = (
        tool.make_gerischer("G_1"),
        tool.make_diffusion("Wo_1", blocked=True),
        tool.make_diffusion("Ws_1", blocked=False),
    )
    truth = {"R_1": 20, "C_1": 1e-6, "L_1": 1e-6, "Q_1.Q": 1e-5, "Q_1.n": 0.8, "G_1.R": 30, "G_1.tau": 0.1}
    truth |= {"Wo_1.R": 40, "Wo_1.tau": 2.0, "Ws_1.R": 50, "Ws_1.tau": 3.0}
    mine = (el - (r | tool.make_cpe("Q_1")) - g - wo - ws - c).impedance(s, truth)
    np.testing.assert_allclose(
        mine, parse_circuit("L_1-(R_1|Q_1)-G_1-Wo_1-Ws_1-C_1").impedance(QUIET.frequency, truth), rtol=1e-9
    )
    porous = {"Tr_1.R_ion": 120, "Tr_1.R_ct": 60, "Tr_1.Q": 5e-3, "Tr_1.n": 0.9}
    slow = np.geomspace(1e3, 1e-2, 40)
    line = tool.make_ladder("Tr_1").impedance(2j * np.pi * slow, porous)
    np.testing.assert_allclose(line, parse_circuit("Tr_1").impedance(slow, porous), rtol=5e-3)


def test_a_cell_of_twice_the_area_has_half_the_impedance():
    z1, z2 = (tool.compute_impedance(tool.make_pellet_cell(), tool.scale_by_area(AREAL, a), QUIET) for a in (0.5, 1.0))
    np.testing.assert_allclose(z1, 2 * z2, rtol=1e-12)


def test_what_is_written_is_read_back(tmp_path):
    signal = tool.simulate_sweep(tool.make_pellet_cell(), tool.scale_by_area(AREAL, 0.7854), seed=3)
    path = tmp_path / "cell.mpt"
    readers()["biologic_mpt"].write(signal, path)
    assert head(path).is_virtual
    (back,) = read(path)
    for name in ("frequency_hertz", "real_impedance_ohm", "imaginary_impedance_ohm"):
        np.testing.assert_allclose(back[name].values, signal[name].values, rtol=1e-6)
    assert back.origin == "synthetic"
    again = tmp_path / "again.mpt"
    same = tool.simulate_sweep(tool.make_pellet_cell(), tool.scale_by_area(AREAL, 0.7854), seed=3)
    readers()["biologic_mpt"].write(same, again)
    assert again.read_bytes() == path.read_bytes()


def test_the_study_s_spectra_follow_from_its_truth(tmp_path):
    """Made again, the committed spectra differ in nothing but the last digits that a platform may round otherwise."""
    spec = importlib.util.spec_from_file_location("make_raw", STUDY / "make_raw.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.impedance(tmp_path)
    reader = readers()["biologic_mpt"]
    for path in sorted(tmp_path.iterdir()):
        (made,), (kept,) = (reader.read(p, reader.options()) for p in (path, STUDY / "raw" / path.name))
        for name in ("real_impedance_ohm", "imaginary_impedance_ohm"):
            np.testing.assert_allclose(made[name].values, kept[name].values, rtol=1e-6)


def test_flaws_do_what_they_say():
    cell, truth = tool.make_pellet_cell(), tool.scale_by_area(AREAL, 0.7854)
    clean = tool.compute_impedance(cell, truth, QUIET)
    s = 2j * np.pi * QUIET.frequency
    wired = tool.compute_impedance(cell, truth, tool.add_flaws(QUIET, cable=1e-7))
    np.testing.assert_allclose(wired - clean, s * 1e-7, rtol=1e-6)
    late = tool.compute_impedance(cell, truth, tool.add_flaws(QUIET, delay=1e-10))
    np.testing.assert_allclose(np.angle(late / clean), -s.imag * 1e-10, atol=1e-9)
    drifted = tool.compute_impedance(cell, truth, tool.add_flaws(QUIET, drift=0.1))
    risen = tool.compute_impedance(cell, truth | {"R_cam_se": 1.1 * truth["R_cam_se"]}, QUIET)
    assert drifted[0] == pytest.approx(clean[0])
    assert drifted[-1] == pytest.approx(risen[-1])
    loud = tool.add_flaws(QUIET, noise=0.01)
    off = np.array(
        [tool.simulate_sweep(cell, truth, loud, seed).array("real_impedance_ohm", "ohm") for seed in range(200)]
    )
    scatter = (off - clean.real).std(axis=0) / np.abs(clean)
    hum = np.abs(loud.frequency / 50 - 1) < 0.05
    assert np.median(scatter) == pytest.approx(0.01, rel=0.05)
    assert hum.sum() == 0 or scatter[hum].mean() == pytest.approx(0.03, rel=0.1)

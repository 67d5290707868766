"""Readers of powder patterns: written and read back, real files with known values, bad input in words."""

import struct
import sys

import numpy as np
import pytest

from nacre.core.contracts import VIRTUAL_MARK
from nacre.core.errors import ReadError
from nacre.core.registry import reader_for, readers
from nacre.core.signal import Signal, Variable
from nacre.readers import bruker, diffractometer, gsas, pdcif, stoe, xrdml, xy


def made(n=200, std=True, origin="synthetic") -> Signal:
    x = np.round(10 + 0.015 * np.arange(n), 6)
    y = np.round(1000 + 500 * np.exp(-(((x - 11.5) / 0.1) ** 2)))
    variables = {
        "two_theta": Variable(x, "deg", ("two_theta",)),
        "intensity": Variable(y, "counts", ("two_theta",), np.sqrt(y) if std else None),
    }
    metadata = {"title": "a scan", "wavelengths": (0.7093,), "start": "01-Mar-23 09:00"}
    return Signal("diffraction", variables, metadata, origin=origin)


@pytest.mark.parametrize(("module", "ending"), [(stoe, "raw"), (xy, "xye")])
def test_what_is_written_is_read(tmp_path, module, ending):
    path = tmp_path / f"scan.{ending}"
    module.write(made(), path)
    found = module.read(path)[0]
    assert reader_for(path, readers()).name == module.READER.name
    np.testing.assert_allclose(found.array("two_theta", "deg"), made().array("two_theta", "deg"), atol=1e-5)
    np.testing.assert_allclose(found.array("intensity", "counts"), made().array("intensity", "counts"))
    assert found.origin == "synthetic"
    assert found.metadata["wavelengths"] == pytest.approx((0.7093,))
    assert VIRTUAL_MARK.encode() in path.read_bytes()


def test_a_measured_scan_bears_no_mark(tmp_path):
    stoe.write(made(origin="measured"), tmp_path / "a.raw")
    assert stoe.read(tmp_path / "a.raw")[0].origin == "measured"


def test_stoe_says_what_contradicts(tmp_path):
    path = tmp_path / "a.raw"
    stoe.write(made(), path)
    raw = bytearray(path.read_bytes())
    path.write_bytes(raw[:-40])
    with pytest.raises(ReadError, match="the file is cut; found 190 of 200 points"):
        stoe.read(path)
    struct.pack_into("<f", raw, 2108, 0.03)
    path.write_bytes(raw)
    with pytest.raises(ReadError, match="the range of the scan contradicts itself"):
        stoe.read(path)


@pytest.mark.parametrize(
    "line", ["10.{i:02d} 1{i}", "10.{i:02d}\t1{i}", "10,{i:02d}; 1{i}", "10.{i:02d},1{i}", "  10.{i:02d}   1{i}.0  3.2"]
)
def test_columns_in_any_dress(tmp_path, line):
    path = tmp_path / "a.xy"
    path.write_text("a heading\nlambda = 1.5406 A\n" + "\n".join(line.format(i=i) for i in range(40)) + "\n")
    found = reader_for(path, readers()).read(path, None)[0]
    assert found.array("two_theta", "deg")[7] == pytest.approx(10.07)
    assert found.array("intensity", "counts")[7] == 17
    assert found.metadata["wavelengths"] == (1.5406,)


def test_gsas_in_its_three_forms(tmp_path):
    y = 600 + np.arange(50)
    rows = {
        "STD": "\n".join("".join(f" 4{v:6d}" for v in y[i : i + 10]) for i in range(0, 50, 10)),
        "ESD": "\n".join("".join(f"{v:8.1f}{v**0.5:8.3f}" for v in y[i : i + 5]) for i in range(0, 50, 5)),
        "FXYE": "\n".join(f"{1500 + 2 * i} {v} {v**0.5}" for i, v in enumerate(y)),
    }
    for form, body in rows.items():
        path = tmp_path / "a.gsa"
        kind = "FXYE" if form == "FXYE" else "CONST"
        path.write_text(f"a title\nBANK 1 50 5 {kind} 1500 2 0 0 {form}\n{body}\n")
        found = gsas.read(path)[0]
        assert found.array("two_theta", "deg")[[0, -1]] == pytest.approx([15.0, 15.98])
        assert found.array("intensity", "counts")[-1] == 649
        expected = 649**0.5 / (2 if form == "STD" else 1)
        assert found["intensity"].std[-1] == pytest.approx(expected, abs=1e-3)


def test_gsas_refuses_time_of_flight(tmp_path):
    path = tmp_path / "a.gsa"
    path.write_text("t\nBANK 1 50 5 SLOG 1500 2 0 0 FXYE\n1 2 3\n")
    with pytest.raises(ReadError, match="not constant-wavelength data"):
        gsas.read(path)


def test_a_pattern_of_a_cif_with_brackets(tmp_path):
    rows = "\n".join(f"{10 + 0.02 * i:.2f} {100 + i}(5)" for i in range(30))
    path = tmp_path / "a.cif"
    path.write_text(
        f"data_x\n_diffrn_radiation_wavelength 0.7093\nloop_\n_pd_meas_2theta_scan\n_pd_meas_counts_total\n{rows}\n"
    )
    found = pdcif.read(path)[0]
    assert found["intensity"].std[3] == 5
    assert found.metadata["wavelengths"] == (0.7093,)


def test_a_cif_without_atoms(tmp_path):
    path = tmp_path / "a.cif"
    path.write_text("data_x\n_cell_length_a 4.0\n")
    with pytest.raises(ReadError, match="a CIF without atoms and without a pattern; found x"):
        pdcif.read(path)


def test_instrument_parameters_of_gsas2(tmp_path):
    path = tmp_path / "a.instprm"
    lines = ("#GSAS-II instrument parameter file", "Type:PXC", "Lam:0.7093", "Zero:0.01", "Polariz.:0.5")
    path.write_text("\n".join((*lines, "U:2.0", "V:-1.0", "W:5.0", "X:1.5", "Y:0.2", "SH/L:0.002")))
    found = diffractometer.read(path)[0]
    assert found.metadata["wavelengths"] == (0.7093,)
    # a variance of 5 centideg^2 is a full width of 2.3548 sqrt(5) centideg
    assert np.sqrt(found.array("w", "deg2")[0]) == pytest.approx(0.023548 * 5**0.5, rel=1e-4)
    assert found.array("x", "deg")[0] == 0.015


def test_bad_patterns(tmp_path):
    path = tmp_path / "a.xy"
    path.write_text("\n".join(f"{i} 5" for i in range(5)))
    with pytest.raises(ReadError, match="too short for a powder pattern; found 5 points"):
        xy.read(path)
    path.write_text("\n".join(f"{i % 30} 5" for i in range(60)))
    with pytest.raises(ReadError, match=r"two_theta does not rise; found 29 then 0 deg .* If the file holds several"):
        xy.read(path)
    path.write_text("words only\n")
    with pytest.raises(ReadError, match="no rows of numbers"):
        xy.read(path)
    path = tmp_path / "a.xrdml"
    path.write_text("<xrdMeasurements><a>")
    with pytest.raises(ReadError, match="the XML is broken"):
        xrdml.read(path)


def test_bruker_without_the_engine(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "rietx", None)
    path = tmp_path / "a.raw"
    path.write_bytes(b"RAW4.00\0" + bytes(100))
    with pytest.raises(ReadError, match=r"not installed\. Pip install 'nacre\[xrd\]'"):
        bruker.read(path)


REAL = {
    "xrdpattern/stoe.raw": ("stoe", 5404, 10.0, 91.045, 4213, 5824, 1285),
    "xrdpattern/data.cif": ("pdcif", 3728, 8.0, 89.994, 1733, 16799, 202),
    "guillemot/KD1-2_5-90_30min.xy": ("xy", 6474, 5.00117, 89.99347, 2492, 39419, 3357),
    "datalab/example_mythen.dat": ("xy", 730, 2.084, 5.0, 2866.694378, 3321.320995, 3259.561469),
    "datalab/example_mythen.xye": ("xy", 74, 2.038, 2.33, 76131, 105132, 105132),
    **{f"datalab/Scan_C{i}.xrdml": ("xrdml", 7181, 5.00475563, 124.99166689, None, None, None) for i in range(1, 6)},
    "dara/NiO_0p2030-Li2CO3_0p2999-TiO2_0p5025--8min.xrdml": (
        "xrdml", 8282, 10.00943322, 99.99442286, 2566, 16404, 1513),
    "gsas2-tutorials/FAP.XRA": ("gsas", 5753, 15.0, 130.04, 609, 19693, 0),
    "rietx/nist_srm660c_100a.cif": ("pdcif", 5332, 20.3, 150.908, 19, 4319, 6.93),
    "rietx/cpd-1e.prn": ("xy", 7251, 5.0, 150.0, 177, 5491, 130),
    "rietx/corundum.prn": ("xy", 7251, 5.0, 150.0, 182, 6872, 380),
    "rietx/fluorite.prn": ("xy", 7251, 5.0, 150.0, 151, 10241, 23),
    "rietx/zincite.prn": ("xy", 7251, 5.0, 150.0, 222, 25185, 65),
    "simulated/ncm_single.xye": ("xy", 4000, 5.0, 64.985, 1765, 32132, 851),
    "simulated/ncm_nio.xye": ("xy", 4000, 5.0, 64.985, 1749, 31543, 892),
}  # fmt: skip


@pytest.mark.realdata
@pytest.mark.parametrize("name", REAL)
def test_real_patterns(realdata, name):
    reader, n, first, last, *counts = REAL[name]
    path = realdata / "xrd" / name
    chosen = reader_for(path, readers())
    found = chosen.read(path, None)[0]
    x, y = found.array("two_theta", "deg"), found.array("intensity", "counts")
    assert (chosen.name, x.size) == (reader, n)
    assert (x[0], x[-1]) == pytest.approx((first, last), abs=1e-6)
    if counts[0] is not None:
        assert (y[0], y.max(), y[-1]) == pytest.approx(counts)


@pytest.mark.realdata
def test_real_stoe_head(realdata):
    found = stoe.read(realdata / "xrd/xrdpattern/stoe.raw")[0]
    assert found.metadata["range"] == pytest.approx((10.0, 91.06))
    assert found.metadata["step"] == 0.015
    assert found.metadata["start"] == "22-Sep-20 17:18"


@pytest.mark.realdata
def test_real_bruker(realdata):
    try:
        import rietx  # noqa: F401
    except ImportError:
        with pytest.raises(ReadError, match="not installed"):
            bruker.read(realdata / "xrd/xrdpattern/bruker.raw")
        return
    found = bruker.read(realdata / "xrd/xrdpattern/bruker.raw")[0]
    assert found.array("two_theta", "deg").size == 4059
    assert found.metadata["wavelengths"] == pytest.approx((1.5406, 1.54439), abs=1e-5)


@pytest.mark.realdata
def test_real_structures_and_instruments(realdata):
    lab6 = next(s for s in pdcif.read(realdata / "xrd/rietx/nist_srm660c_100a.cif") if s.kind == "crystal")
    assert lab6.metadata["cell"][0] == 4.15678
    assert lab6.metadata["space_group"] == "P m -3 m"
    assert lab6.array("b_iso", "Ang2")[0] == pytest.approx(8 * np.pi**2 * 0.0045)
    for name in ("FAP.EXP", "INST_XRY.PRM"):
        found = diffractometer.read(realdata / "xrd/gsas2-tutorials" / name)[0]
        assert found.metadata["wavelengths"] == (1.5405, 1.5443)


def test_a_list_of_spots(tmp_path):
    path = tmp_path / "fft.spots"
    path.write_text("# spots: d / nm, angle / deg\n0.2825 0.0  # bright\n\n0.3146 71.9\n", encoding="utf-8")
    found = reader_for(path, readers()).read(path, None)[0]
    assert found.array("d", "Ang") == pytest.approx([2.825, 3.146])
    path.write_text("# spots: d / nm, angle / deg\n0.2825\n", encoding="utf-8")
    with pytest.raises(ReadError, match=r"fft.spots:2: a spot is not a spacing and an angle; found '0\.2825'"):
        reader_for(path, readers()).read(path, None)

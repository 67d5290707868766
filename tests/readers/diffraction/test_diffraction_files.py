"""Readers of powder patterns: written and read back, real files with known values, bad input in words."""

import struct
import sys
import zipfile

import numpy as np
import pytest

from nacre.core.contracts import VIRTUAL_MARK
from nacre.core.errors import ReadError
from nacre.core.registry import reader_for, readers
from nacre.core.signal import Signal, Variable
from nacre.readers.diffraction import bruker, diffractometer, gsas, pdcif, stoe, xrdml, xy
from nacre.readers.reading import read


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
    found = read(path)[0]
    assert reader_for(path, readers()).name == module.READER.name
    np.testing.assert_allclose(found.array("two_theta", "deg"), made().array("two_theta", "deg"), atol=1e-5)
    np.testing.assert_allclose(found.array("intensity", "counts"), made().array("intensity", "counts"))
    assert found.origin == "synthetic"
    assert found.metadata["wavelengths"] == pytest.approx((0.7093,))
    assert VIRTUAL_MARK.encode() in path.read_bytes()


def test_a_measured_scan_bears_no_mark(tmp_path):
    stoe.write(made(origin="measured"), tmp_path / "a.raw")
    assert read(tmp_path / "a.raw")[0].origin == "measured"


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


TIME = '<RawDataView xsi:type="FixedRawDataView" Start="0" Length="1" LogicName="MeasuredTime"/>'
ABSORBER = '<RawDataView xsi:type="FixedRawDataView" Start="1" Length="1" LogicName="AbsorptionFactor"/>'
TUBE = (
    '<Tube><TubeMaterial Value="Cu"/><WaveLengthAlpha1 Unit="&#197;" Value="1.5406"/>'
    '<WaveLengthAlpha2 Unit="&#197;" Value="1.54439"/><WaveLengthRatio Value="0.5"/></Tube>'
)


def varying(*axes, start=2):
    fields = "".join(f'<FieldDefinitions FieldName="{axis}" AxisId="{axis}"/>' for axis in axes)
    size = f'Start="{start}" Length="{len(axes)}"'
    return f'<RawDataView xsi:type="VaryingRawDataView" {size}><Varying>{fields}</Varying></RawDataView>'


def recorded(start=4, length=1):
    unit = '<Recording><Unit Base="Counts"/></Recording>'
    return f'<RawDataView xsi:type="RecordedRawDataView" Start="{start}" Length="{length}">{unit}</RawDataView>'


def brml(path, views="", rows=None, members=("DataContainer", "RawData0"), tube=TUBE):
    """A `.brml` as the diffractometer's program lays it out: a zip with a list of scans, and an XML for each scan."""
    views = views or TIME + ABSORBER + varying("TwoTheta", "Theta") + recorded()
    rows = rows or [f"96,1,{10 + 0.02 * i:.4f},{5 + 0.01 * i:.4f},{1000 + i}" for i in range(60)]
    scan = '<ScanInformation VisibleName="Coupled TwoTheta/Theta"/>' + "".join(f"<Datum>{row}</Datum>" for row in rows)
    routes = (
        f'<DataRoutes><DataRoute RouteFlag="Measured">{scan}<DataViews>{views}</DataViews></DataRoute></DataRoutes>'
    )
    space = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
    listed = "<string>Experiment0/RawData0.xml</string>"
    texts = {
        "DataContainer": f"<A><RawDataReferenceList>{listed}</RawDataReferenceList></A>",
        "RawData0": f"<RawData {space}><FixedInformation>{tube}</FixedInformation>{routes}</RawData>",
        "MeasurementContainer": f"<Measurement>{TUBE}</Measurement>",
    }
    with zipfile.ZipFile(path, "w") as archive:
        for name in members:
            archive.writestr(f"Experiment0/{name}.xml", texts[name])
    return path


def test_a_brml_is_read_by_what_it_says_of_its_columns(tmp_path):
    pytest.importorskip("rietx", reason="Bruker files are read by rietx: pip install 'nacre[xrd]'")
    path = brml(tmp_path / "a.brml")
    assert reader_for(path, readers()).name == "bruker"
    (found,) = bruker.read(path)
    assert found.array("two_theta", "deg")[[0, -1]] == pytest.approx([10.0, 11.18])
    assert found.array("intensity", "counts")[[0, -1]] == pytest.approx([1000, 1059])
    assert found["intensity"].std is None and found.metadata["anode"] == "Cu"
    assert found.metadata["wavelengths"] == (1.5406, 1.54439) and found.metadata["weights"] == (1.0, 0.5)
    # another order of columns, and the wavelengths where older files have them
    moved = [f"{1000 + i},96,{5 + 0.01 * i:.4f},{10 + 0.02 * i:.4f}" for i in range(60)]
    views = recorded(start=0) + varying("Theta", "TwoTheta")
    members = ("MeasurementContainer", "DataContainer", "RawData0")
    (again,) = bruker.read(brml(path, views, moved, members, tube=""))
    assert again.array("two_theta", "deg") == pytest.approx(found.array("two_theta", "deg"))
    assert again.metadata["wavelengths"] == (1.5406, 1.54439)
    (bare,) = bruker.read(brml(path, tube=""))
    assert "wavelengths" not in bare.metadata


def test_an_absorber_is_in_the_counts_of_a_brml_and_in_their_uncertainty(tmp_path):
    pytest.importorskip("rietx", reason="Bruker files are read by rietx: pip install 'nacre[xrd]'")
    factor = [1 if i < 30 else 8 for i in range(60)]
    rows = [f"96,{a},{10 + 0.02 * i:.4f},5,{(1000 + i) * a}" for i, a in enumerate(factor)]
    (found,) = bruker.read(brml(tmp_path / "a.brml", rows=rows))
    assert found.array("intensity", "counts")[-1] == 8 * 1059
    assert found["intensity"].std[[0, -1]] == pytest.approx([1000**0.5, 8 * 1059**0.5])
    assert any("automatic absorber" in note.text for note in found.notes)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"members": ("RawData0",)}, "no scan in the archive; found Experiment0/RawData0.xml; expected DataContainer"),
        ({"members": ("DataContainer",)}, "no scan in the archive"),
        ({"rows": ["96,1,ten,5,7"] * 60}, "not a row of comma-separated numbers"),
        ({"rows": ["96,1,10"] * 60}, "the data and the description of it disagree"),
        ({"rows": [f"96,1,{i},5,7" for i in range(5)]}, "too short for a powder pattern; found 5 points"),
        ({"views": varying("TwoTheta") + recorded(4, 128)}, "128 channels per point"),
        ({"views": varying("Theta") + recorded()}, "a rocking curve"),
    ],
)
def test_a_brml_that_is_no_powder_scan(tmp_path, given, words):
    pytest.importorskip("rietx", reason="Bruker files are read by rietx: pip install 'nacre[xrd]'")
    with pytest.raises(ReadError, match=words):
        bruker.read(brml(tmp_path / "a.brml", **given))


def test_a_cut_brml(tmp_path):
    pytest.importorskip("rietx", reason="Bruker files are read by rietx: pip install 'nacre[xrd]'")
    path = brml(tmp_path / "a.brml")
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(ReadError, match=r"a\.brml: the archive is broken.* Copy the file again, it may be cut"):
        bruker.read(path)


@pytest.mark.parametrize(
    ("row", "last"),
    [
        ("{x:.2f} {y}.50 {s:.3f}", "12.50 1050.50 32."),
        ("{x:.2f} {y}.50 {s:.3f}", "12.50 1050.50"),
        ("{x:.2f} {y}.50 {s:.3f}", "12.5"),
        ("{x:.2f} {y}.50", "12.50 105"),
        ("{x:.2f} {y}", "12.50 105"),
        ("{x:.2f},{y}.25", "12.50,1050.2"),
        ("{x:.2f} {y}.5e+00", "12.50 1.05e"),
    ],
)
def test_a_cut_last_number_is_said_and_left_out(tmp_path, row, last):
    path = tmp_path / "a.xy"
    body = "\n".join(row.format(x=10 + 0.05 * i, y=1000 + i, s=(1000 + i) ** 0.5) for i in range(50))
    path.write_text(f"{body}\n{last}")
    (found,) = xy.read(path)
    assert found.sizes["two_theta"] == 50
    assert (found["intensity"].std is not None) == ("{s" in row)
    (note,) = [note for note in found.notes if note.level == "warning"]
    assert f"ends inside its last line ('{last}')" in note.text and "that point is left out" in note.text


@pytest.mark.parametrize(("row", "last"), [("{x:.2f} {y}.50", "12.50 1050.50"), ("{x:.2f} {y}", "12.50 998")])
def test_a_last_line_left_open_is_no_cut(tmp_path, row, last):
    path = tmp_path / "a.xy"
    path.write_text("\n".join([*(row.format(x=10 + 0.05 * i, y=1000 + i) for i in range(50)), last]))
    (found,) = xy.read(path)
    assert found.sizes["two_theta"] == 51 and not found.notes


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

"""The .mpt reader: what is written is read back, in every locale; and what is wrong is said."""

import dataclasses

import numpy as np
import pytest

import readers_mpr as made
from nacre.core import registry
from nacre.core.errors import NacreError, ReadError
from nacre.core.signal import table
from nacre.readers.biologic import mpt as biologic_mpt
from nacre.readers.reading import read

F, Z = made.spectrum()
HEAD = (
    "EC-Lab ASCII FILE\nNb header lines : {count}                \n\n{technique}\n\nRun on channel : 2 (SN 77)\n"
    "Acquisition started on : 03/14/2024 09:30:00.500\nElectrode surface area : {area} cm²\n"
    "Characteristic mass : 0.001 g\nComments : Zelle 7 µm\nMode                Single sine         \n\n"
)
CYCLING = "mode\tox/red\tNs\ttime/s\tEwe/V\tI/mA\tdq/mA.h\thalf cycle\tcontrol/V/mA\tfancy/qq\t\n"


def signal(**rest):
    columns = {
        "frequency_hertz": (F, "Hz"),
        "real_impedance_ohm": (Z.real, "ohm"),
        "imaginary_impedance_ohm": (Z.imag, "ohm"),
        "test_time_second": (np.arange(20) / 3, "s"),
        "voltage_volt": (np.full(20, 2.9), "V"),
    }
    return table("impedance", columns, axis="frequency", metadata={"start": "2024-03-14T09:30:00.500"}, **rest)


def text(rows: str, head: str = CYCLING, technique: str = "Modulo Bat", area: str = "0.785") -> str:
    top = HEAD.format(count=HEAD.count("\n") + 1, technique=technique, area=area)
    return top + head + rows


def rows(count: int = 12) -> str:
    line = "1\t1\t1\t{t}.00\t3.{i:02d}\t2.0\t{dq}\t0\t2.0\t7.5"
    return "".join(line.format(t=10 * i, i=i, dq=0.0 if i == 0 else 20 / 3600) + "\n" for i in range(count))


def save(tmp_path, content: str, encoding: str = "cp1252", name: str = "x.mpt"):
    path = tmp_path / name
    path.write_bytes(content.encode(encoding))
    return path


def test_what_is_written_is_read_back(tmp_path):
    path = tmp_path / "x.mpt"
    biologic_mpt.READER.write(signal(), path)
    assert registry.reader_for(path, registry.readers()).name == "biologic_mpt"
    (back,) = read(path)
    for name, variable in signal().variables.items():
        np.testing.assert_allclose(back[name].values, variable.values, rtol=5e-8, err_msg=name)
        assert back[name].unit == variable.unit
    assert back.origin == "measured" and back.metadata["start"] == "2024-03-14T09:30:00.500"
    assert back.metadata["technique"] == "PEIS"


def test_a_synthetic_spectrum_stays_synthetic(tmp_path):
    path = tmp_path / "x.mpt"
    biologic_mpt.READER.write(dataclasses.replace(signal(), origin="synthetic"), path)
    assert read(path)[0].origin == "synthetic"


def test_only_impedance_is_written(tmp_path):
    cycling = table("cycling", {"test_time_second": (np.arange(3.0), "s")})
    with pytest.raises(NacreError, match=r"only impedance is written as \.mpt; found kind 'cycling' without"):
        biologic_mpt.READER.write(cycling, tmp_path / "x.mpt")


@pytest.mark.parametrize("encoding", ["cp1252", "utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("comma", [False, True])
@pytest.mark.parametrize("crlf", [False, True])
def test_every_locale_gives_the_same(encoding, comma, crlf, tmp_path):
    content = text(rows())
    top, table_ = content.split("\nmode", 1)
    content = f"{top}\nmode{table_.replace('.', ',').replace('dq/mA,h', 'dq/mA.h') if comma else table_}"
    content = content.replace("0.785", "0,785") if comma else content
    path = save(tmp_path, content.replace("\n", "\r\n") if crlf else content, encoding)
    (out,) = biologic_mpt.read(path)
    assert out.kind == "cycling" and out.sizes == {"record": 12}
    np.testing.assert_allclose(out["voltage_volt"].values, 3 + np.arange(12) / 100)
    np.testing.assert_allclose(out.array("current_ampere", "mA"), 2.0)
    assert out["step_cumulative_capacity_ah"].values[-1] == pytest.approx(2e-3 * 110 / 3600)
    assert out["Ns" if "Ns" in out else "step_id"].values.dtype.kind == "i"
    assert out.metadata["technique"] == "MB" and out.metadata["electrode_area"] == "0.785 cm2"
    assert out.metadata["comment"] == "Zelle 7 µm" and out.metadata["channel_serial"] == 77
    assert "characteristic_mass" not in out.metadata  # EC-Lab's own default is no mass
    assert out["fancy/qq"].unit == "1"
    assert any("1 columns are not known and kept as they are: fancy/qq" in note.text for note in out.notes)


def test_an_export_without_its_header_reads(tmp_path):
    path = save(tmp_path, CYCLING + rows(), name="x.txt")
    assert registry.reader_for(path, registry.readers()).name == "biologic_mpt"
    assert biologic_mpt.read(path)[0].sizes == {"record": 12}


def test_a_wrong_count_of_header_lines_does_not_matter(tmp_path):
    content = text(rows()).replace(f": {HEAD.count(chr(10)) + 1} ", ": 3 ")
    assert biologic_mpt.read(save(tmp_path, content))[0].sizes == {"record": 12}


def test_times_as_dates_and_a_day_first_start(tmp_path):
    content = text(rows(3)).replace("03/14/2024 09:30:00.500", "14/03/2024 09:30:00.000")
    for i in range(3):
        content = content.replace(f"\t{10 * i}.00\t", f"\t14/03/2024 09:31:{10 * i:02d}.000\t")
    (out,) = biologic_mpt.read(save(tmp_path, content))
    np.testing.assert_allclose(out["test_time_second"].values, [60, 70, 80])
    assert any("is read day first: it has no such month" in note.text for note in out.notes)


def test_loops_of_the_header_tell_spectra_apart(tmp_path):
    head = "freq/Hz\tRe(Z)/Ohm\t-Im(Z)/Ohm\ttime/s\t<Ewe>/V\t<I>/mA\t\n"
    body = "".join(f"{f}\t{z.real}\t{-z.imag}\t{i}\t3.0\t0.1\n" for i, (f, z) in enumerate(zip(F, Z, strict=True)))
    content = text(body, head, "Potentio Electrochemical Impedance Spectroscopy")
    loops = "Number of loops : 2\nLoop 0 from point number 0 to 9\nLoop 1 from point number 10 to 19\n"
    content = content.replace("\nfreq/Hz", f"\n{loops}freq/Hz")
    first, second = biologic_mpt.read(save(tmp_path, content))
    assert first.sizes == {"frequency": 10} and second.metadata["spectra"] == 2
    np.testing.assert_allclose(second["imaginary_impedance_ohm"].values, Z.imag[10:])


def test_missing_values_and_a_cut_last_line(tmp_path):
    content = text(rows())
    content = content.replace("3.05\t2.0", "XXX\t2.0")
    (out,) = biologic_mpt.read(save(tmp_path, content[:-20]))
    assert out.sizes == {"record": 11} and np.isnan(out["voltage_volt"].values[5])
    assert "the last line is cut: that record is left out" in [note.text for note in out.notes]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (text(""), "the file holds no records; found a header and column names only"),
        (text(rows(), "mode\tred\tNs\t\n"), "no line names EC-Lab's columns"),
        (text(rows()).replace("3.04\t2.0", "3.04\tabc"), "column 'I/mA' holds something that is not a number"),
        (text(rows()).replace("I/mA", "|I|/A").replace("dq/mA.h", "x"), "the file has no current"),
        ("EC-Lab ASCII FILE\nNb header lines : 61\n\nPotentio", "the file may be cut within its header"),
        ("freq/Hz\tRe(Z)/Ohm\ttime/s\n1\t2\t3\n", "frequencies without impedances"),
    ],
)
def test_bad_files_say_what_is_wrong(content, words, tmp_path):
    with pytest.raises(ReadError) as error:
        biologic_mpt.read(save(tmp_path, content))
    assert words.lower() in str(error.value).lower()
    assert "x.mpt" in str(error.value)

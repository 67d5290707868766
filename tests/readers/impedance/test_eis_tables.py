"""Gamry, ZPlot, RelaxIS and plain tables: truth in, truth out; real files; and tables that cannot be told."""

import numpy as np
import pytest

from nacre.core import registry
from nacre.core.errors import ReadError
from nacre.readers.biologic import mpr as biologic_mpr
from nacre.readers.biologic import mpt as biologic_mpt
from nacre.readers.impedance import eis_csv, gain_phase, gamry, relaxis, zplot
from nacre.readers.impedance.eis_table import read_heading

F = np.logspace(6, -1, 36)
W = 2j * np.pi * F
# series resistor, then two parallel pairs, one with a constant phase element; 1.6 % noise would not matter
Z = 12 + 80 / (1 + W * 80 * 1e-7) + 300 / (1 + 300 * 2e-4 * W**0.8)

GAMRY = """EXPLAIN
TAG\tEISPOT
TITLE\tLABEL\tPotentiostatic EIS\tTest &Identifier
DATE\tLABEL\t4/23/2018\tDate
NOTES\tNOTES\t2\t&Notes...
\tcell 7
\tat 25 C
VAC\tQUANT\t7.00000E+000\tAC &Voltage (mV rms)
AREA\tQUANT\t{area}\t&Area (cm^2)
OCVCURVE\tTABLE\t2
\tPt\tT\tVf
\t#\ts\tV vs. Ref.
\t0\t0.25\t-3.4E-001
\t1\t0.51\t-3.5E-001
"""
CURVE = """ZCURVE\tTABLE
\tPt\tTime\tFreq\tZreal\tZimag\tZsig\tZmod\tZphz\tIdc\tVdc\tIERange
\t#\ts\tHz\tohm\tohm\tV\tohm\t°\tA\tV\t#
"""
ZPLOT = """ZPLOT2 ASCII
  Measured Data, ZPlot:       3.2c
  Date:                       10-12-2018
  Open Circuit Potential (V): 1.25
    Surface Area:             0.785
  Freq(Hz)\tAmpl\tBias\tTime(Sec)\tZ'(a)\tZ''(b)\tGD\tErr\tRange
End Comments
"""


def save(tmp_path, content: str, name: str, encoding: str = "utf-8"):
    path = tmp_path / name
    path.write_bytes(content.encode(encoding))
    return path


def curve(form="{:.6E}") -> str:
    line = "\t{i}\t{t}\t{f}\t{a}\t{b}\t1\t{m}\t{p}\t-5E-006\t-0.34\t9\n"
    parts = []
    for i, (f, z) in enumerate(zip(F, Z, strict=True)):
        numbers = {k: form.format(v) for k, v in {"f": f, "a": z.real, "b": z.imag, "m": abs(z)}.items()}
        parts.append(line.format(i=i, t=i + 1, p=form.format(np.degrees(np.angle(z))), **numbers))
    return CURVE + "".join(parts)


def zplot_rows(error: int = 0) -> str:
    pairs = enumerate(zip(F, Z, strict=True))
    return "".join(f"{f:.6E}\t1E-2\t0\t{i}\t{z.real:.6E}\t{z.imag:.6E}\t0\t{error}\t3\n" for i, (f, z) in pairs)


def csv(head: str, columns, separator: str = ",", comma: bool = False) -> str:
    lines = [separator.join(f"{value:.9g}" for value in row) for row in np.column_stack(columns)]
    body = "\n".join(lines) + "\n"
    return head + (body.replace(".", ",") if comma else body)


def check(signal, rtol: float = 1e-6) -> None:
    assert signal.kind == "impedance" and signal.sizes == {"frequency": 36}
    np.testing.assert_allclose(signal["frequency_hertz"].values, F, rtol=rtol)
    np.testing.assert_allclose(signal["real_impedance_ohm"].values, Z.real, rtol=rtol)
    np.testing.assert_allclose(signal["imaginary_impedance_ohm"].values, Z.imag, rtol=rtol)


def texts(signal) -> str:
    return " | ".join(note.text for note in signal.notes)


@pytest.mark.parametrize("comma", [False, True])
def test_gamry(comma, tmp_path):
    content = GAMRY.format(area="7.85000E-001") + curve()
    path = save(tmp_path, content.replace(".", ",") if comma else content, "x.DTA", "cp1252")
    assert registry.reader_for(path, registry.readers()).name == "gamry"
    (signal,) = gamry.read(path)
    check(signal)
    assert signal["current_ampere"].values[0] == -5e-6 and signal["voltage_volt"].values[0] == -0.34
    assert signal.metadata["comment"] == "cell 7\nat 25 C" and signal.metadata["amplitude"] == "7 mV rms"
    assert signal.metadata["electrode_area"] == "0.785 cm2" and signal.metadata["technique"] == "EISPOT"


def test_gamry_with_two_spectra_and_its_default_area(tmp_path):
    content = GAMRY.format(area="1.00000E+000") + curve() + curve().replace("ZCURVE", "ZCURVE1")
    signals = gamry.read(save(tmp_path, content, "x.DTA"))
    assert [signal.metadata["spectrum"] for signal in signals] == [1, 2]
    assert "electrode_area" not in signals[0].metadata


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (GAMRY.format(area="1"), "the file holds no impedance: table ZCURVE is missing; found tables OCVCURVE"),
        (GAMRY.format(area="1") + CURVE, "table ZCURVE is incomplete; found 0 rows of Pt, Time, Freq"),
        (GAMRY.format(area="1") + "ZCURVE\tTABLE\n", "table ZCURVE is incomplete; found 0 rows of nothing"),
    ],
)
def test_gamry_without_its_spectrum(content, words, tmp_path):
    with pytest.raises(ReadError) as error:
        gamry.read(save(tmp_path, content, "x.DTA"))
    assert words in str(error.value)


def test_a_gamry_file_cut_in_a_row_loses_that_frequency(tmp_path):
    (signal,) = gamry.read(save(tmp_path, (GAMRY.format(area="1") + curve())[:-40], "x.DTA"))
    assert signal.sizes == {"frequency": 35} and "line 53 is left out, the file is cut there" in texts(signal)


def test_zplot(tmp_path):
    path = save(tmp_path, ZPLOT + zplot_rows(), "x.z")
    assert registry.reader_for(path, registry.readers()).name == "zplot"
    (signal,) = zplot.read(path)
    check(signal)
    assert signal.metadata["electrode_area"] == "0.785 cm2"
    assert signal.metadata["open_circuit_potential"] == "1.25 V"
    (noted,) = zplot.read(save(tmp_path, ZPLOT + zplot_rows(error=4), "y.z"))
    assert "the analyser reports errors at 36 frequencies" in texts(noted)
    with pytest.raises(ReadError, match="the file holds no impedances; found 0 lines after the header"):
        zplot.read(save(tmp_path, ZPLOT, "z.z"))
    assert len(zplot.read(save(tmp_path, ZPLOT + zplot_rows() * 2, "two.z"))) == 2


def test_relaxis(tmp_path):
    head = "RelaxIS 3.0 Spectrum export\nDate: 12/16/2025 2:29:15 PM\n"
    names = "Data: Frequency\tData: Z'\tData: Z''\tData: |Z|\tData: Theta (Z)\n"
    info = "DC=-0.08, TM=33.7, J=-5E-6\tModel: none\tcell 7\t\t\n"
    rows = csv("", [F[::-1], Z[::-1].real, Z[::-1].imag, abs(Z[::-1]), np.degrees(np.angle(Z[::-1]))], "\t")
    path = save(tmp_path, head + names + info + rows + names + info + rows, "x.txt")
    assert registry.reader_for(path, registry.readers()).name == "relaxis"
    first, second = relaxis.read(path)
    np.testing.assert_allclose(first["imaginary_impedance_ohm"].values, Z.imag[::-1], rtol=1e-7)
    assert first.metadata["potential_set"] == "-0.08 V" and second.metadata["title"] == "cell 7"
    with pytest.raises(ReadError, match="the export holds no spectrum"):
        relaxis.read(save(tmp_path, head, "y.txt"))


TABLES = [
    ("Frequency (Hz),Re(Z) (ohm),Im(Z) (ohm)\n", (F, Z.real, Z.imag), ",", False),
    ("f/Hz;Z'/kOhm;-Z''/kOhm\n", (F, Z.real / 1e3, -Z.imag / 1e3), ";", True),
    (
        "# cell 7\n#\nFreq.\tn\n\nfreq [mHz]\t|Z| [Ohm]\tPhase [°]\n",
        (1e3 * F, abs(Z), np.angle(Z, deg=True)),
        "\t",
        True,
    ),
    ("freq  zreal  zimag\n", (F, Z.real, Z.imag), " ", False),
    ("Zimag (Ω),Zreal (Ω),Frequenz (kHz)\n", (Z.imag, Z.real, F / 1e3), ",", False),
    ("omega (rad/s);Z_re / ohm;Z_im / ohm\n", (2 * np.pi * F, Z.real, Z.imag), ";", False),
    ("f,mod,phase (rad)\n", (F, abs(Z), np.angle(Z)), ",", False),
]


@pytest.mark.parametrize("case", range(len(TABLES)))
def test_tables_in_the_orders_and_words_labs_use(case, tmp_path):
    head, columns, separator, comma = TABLES[case]
    path = save(tmp_path, csv(head, columns, separator, comma), "x.csv")
    assert registry.reader_for(path, registry.readers()).name == "eis_csv"
    (signal,) = eis_csv.read(path)
    check(signal)
    assert ("no unit is told" in texts(signal)) == (case in (3, 6))


@pytest.mark.parametrize(
    ("columns", "reading"),
    [
        ((F, Z.real, Z.imag), "Re(Z), Im(Z)"),
        ((F, Z.real, -Z.imag), "Re(Z), -Im(Z)"),
        ((F, -Z.imag, Z.real), "-Im(Z), Re(Z)"),
        ((F, abs(Z), np.angle(Z, deg=True)), "|Z|, phase in degrees"),
    ],
)
def test_a_table_without_headings_is_read_where_it_proves_what_it_is(columns, reading, tmp_path):
    path = save(tmp_path, csv("", columns), "x.csv")
    assert registry.reader_for(path, registry.readers()).name == "eis_csv"
    (signal,) = eis_csv.read(path)
    check(signal)
    assert f"gain and phase show the columns to be frequency, {reading}" in texts(signal)


def test_a_table_that_proves_nothing_is_not_claimed(tmp_path):
    rng = np.random.default_rng(1)
    cases = {
        "noise": (F, rng.normal(size=36), rng.normal(size=36)),
        "linear": (np.linspace(1, 36, 36), Z.real, Z.imag),
        "resistor": (F, np.full(36, 5.0), np.full(36, 1e-9)),
        "pattern": (np.linspace(10, 90, 36), 100 + rng.normal(size=36), 10 + rng.normal(size=36)),
    }
    for name, columns in cases.items():
        path = save(tmp_path, csv("", columns), f"{name}.csv")
        assert not any(r.name == "eis_csv" for _, r in registry.sniff(path, registry.readers().values())), name
        with pytest.raises(ReadError, match="the columns of the table cannot be told; found numbers without headings"):
            eis_csv.read(path)


def test_columns_may_be_said(tmp_path):
    path = save(tmp_path, csv("a,b,c,d\n", (np.arange(36), F, -Z.imag, Z.real)), "x.csv")
    options = eis_csv.EisCsvOptions(columns=("other", "frequency", "imaginary", "real"), sign="negated")
    check(eis_csv.read(path, options)[0])
    with pytest.raises(ReadError, match="the columns named do not fit the table; found frequency, real"):
        eis_csv.read(path, eis_csv.EisCsvOptions(columns=("frequency", "real")))
    with pytest.raises(ReadError, match="the columns of the table cannot be told"):
        eis_csv.read(path)


def test_a_sign_that_contradicts_its_heading_is_turned_where_proven(tmp_path):
    head = "freq/Hz,Z'/ohm,Z''/ohm\n"
    (signal,) = eis_csv.read(save(tmp_path, csv(head, (F, Z.real, -Z.imag)), "x.csv"))
    check(signal)
    (note,) = [note for note in signal.notes if note.level == "repair"]
    assert "the imaginary part has the other sign than its heading says" in note.text
    (kept,) = eis_csv.read(tmp_path / "x.csv", eis_csv.EisCsvOptions(sign="true"))
    assert np.all(kept["imaginary_impedance_ohm"].values > 0)


def test_impedance_times_area_is_refused(tmp_path):
    path = save(tmp_path, csv("freq/Hz,Z' (ohm cm2),Z'' (ohm cm2)\n", (F, Z.real, Z.imag)), "x.csv")
    with pytest.raises(ReadError, match="is not in a unit of impedance") as error:
        eis_csv.read(path)
    assert "the area is declared in study.toml" in str(error.value)


def test_text_without_numbers(tmp_path):
    with pytest.raises(ReadError, match="no table of impedances is there"):
        eis_csv.read(save(tmp_path, "freq,re,im\nnothing\n", "x.csv"))


@pytest.mark.parametrize(
    ("cell", "role", "unit", "negated"),
    [
        ("-Im(Z)/Ohm", "imaginary", "Ohm", True),
        ("Z''(b)", "imaginary", "", False),
        ("−Z″ (kΩ)", "imaginary", "kohm", True),
        ("Data: Theta (Z)", "phase", "", False),
        ("Fréquence [Hz]", "frequency", "Hz", False),
    ],
)
def test_headings(cell, role, unit, negated):
    found = read_heading(cell)
    assert (found.role, found.unit, found.negated) == (role, unit, negated)
    assert read_heading("Capacity (mAh)") is None


def test_gain_and_phase_tell_the_sign_of_inductive_and_capacitive_cells():
    for impedance in (Z, Z + 1e-6 * W, 5 + 1e-5 * W, 5 + 1 / (W * 1e-3)):
        assert gain_phase.decide_sign(F, impedance) == 1
        assert gain_phase.decide_sign(F, impedance.conj()) == -1
    assert gain_phase.decide_sign(F, np.full(36, 5.0 + 0j)) == 0
    assert gain_phase.decide_sign(F[:5], Z[:5]) == 0


@pytest.mark.realdata
def test_three_exports_of_the_lpscl_pellet_agree(realdata):
    folder = realdata / "impedance/hybrid-drt"
    (raw,) = biologic_mpr.read(folder / "PEIS_LPSCl_IonBlocking_-25C.mpr")
    (text,) = biologic_mpt.read(folder / "PEIS_LPSCl_IonBlocking_-25C.txt")
    (other,) = relaxis.read(folder / "PEIS_LPSCl_IonBlocking_-25C_RelaxIS.txt")
    for name in ("frequency_hertz", "real_impedance_ohm", "imaginary_impedance_ohm", "absolute_impedance_ohm"):
        np.testing.assert_allclose(text[name].values, raw[name].values, rtol=6e-8, err_msg=name)
        np.testing.assert_allclose(other[name].values[::-1], raw[name].values, rtol=6e-8, err_msg=name)
    assert other.metadata["potential_set"] == "-0.080042 V"


@pytest.mark.realdata
@pytest.mark.parametrize(
    ("file", "reader", "points", "first", "last"),
    [
        ("exampleData.csv", "eis_csv", 66, (3.1623e-3, 0.0494998977640506, -0.0204386985444189), None),
        ("exampleDataBioLogic.mpt", "biologic_mpt", 43, (1000.3201, 65.470886, -0.38998979), None),
        ("exampleDataGamry.DTA", "gamry", 72, (200015.6, 825.8584, -1367.239), (0.0158898, 17007.49, -6635.557)),
        ("exampleDataZPlot.z", "zplot", 21, (3e5, 147.77, -11.335), (3000.0, 613.68, -137.13)),
    ],
)
def test_real_files(file, reader, points, first, last, realdata):
    path = realdata / "impedance/impedance.py" / file
    found = registry.reader_for(path, registry.readers())
    assert found.name == reader
    (signal,) = found.read(path, found.options())
    assert signal.kind == "impedance" and signal.sizes == {"frequency": points}
    names = ("frequency_hertz", "real_impedance_ohm", "imaginary_impedance_ohm")
    for place, expected in ((0, first), (-1, last)):
        if expected:
            np.testing.assert_allclose([signal[name].values[place] for name in names], expected, rtol=1e-12)


@pytest.mark.realdata
def test_no_other_real_file_is_claimed(realdata):
    ours = {"biologic_mpr", "biologic_mpt", "gamry", "zplot", "relaxis", "eis_csv"}
    claimed = set()
    elsewhere = ("cases", "formats")  # small inputs and instruments of every field
    for path in sorted(realdata.rglob("*")):
        if path.is_file() and path.stat().st_size and path.relative_to(realdata).parts[0] not in elsewhere:
            fits = registry.sniff(path, registry.readers().values())
            claimed |= {path.relative_to(realdata).parts[0] for _, reader in fits if reader.name in ours}
    assert claimed == {"cycling", "impedance"}

"""Readers of emission runs and titrations: forms as instruments write them, workbooks, and files that are none."""

import zipfile

import numpy as np
import pytest

from nacre.core import registry
from nacre.core.contracts import VIRTUAL_MARK
from nacre.core.errors import ReadError
from nacre.readers.chemistry import icp_table, metrohm_tiamo, titration_table
from nacre.readers.reading import read

LONG = """Batch: 2023-04-11
Solution Label;Type;Date Time;Element Label;Int (c/s);RSD;Replicates;Soln Conc;Unit;Weight (mg);Volume (mL);DF
Blk;BLK;11.04.2023 10:00:00;Hf 277.336;330,5;2,1;3;0;ppm;;;
S1;STD;11.04.2023 10:02:00;Hf 277.336;15500;0,6;3;500;ppb;;;
QC 2;QC;11.04.2023 10:04:00;Hf 277.336;61000;0,5;3;;ppm;;;
LHO 1;Sample;11.04.2023 10:06:00;Hf 277.336;51000;0,5;3;-----;ppm;100,3;50;10
"""
WIDE = """Label,Type,Hf 277.336,Hf 277.336 RSD,Ni 231.604
Blank,Blank,330,2,200
Std A,Standard,15500,0.6,18000
LHO 1,Unknown,51000,0.5,240000
"""


def write(tmp_path, text, name="run.csv"):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def workbook(path, rows, compression=zipfile.ZIP_DEFLATED):
    """A small .xlsx as a spreadsheet program saves it: shared strings, one sheet that is not called sheet1."""
    texts = list(dict.fromkeys(cell for row in rows for cell in row if isinstance(cell, str)))
    main = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    rel = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    lines = []
    for r, row in enumerate(rows, 1):
        cells = []
        for c, cell in enumerate(row):
            place = f"{chr(65 + c)}{r}"
            if isinstance(cell, str) and cell:
                cells.append(f'<c r="{place}" t="s"><v>{texts.index(cell)}</v></c>')
            elif cell != "":
                cells.append(f'<c r="{place}"><v>{cell}</v></c>')
        lines.append(f'<row r="{r}">{"".join(cells)}</row>')
    parts = {
        "[Content_Types].xml": "<Types/>",
        "_rels/.rels": f'<Relationships><Relationship Id="rId1" Type="{rel}/officeDocument" Target="xl/workbook.xml"/>'
        "</Relationships>",
        "xl/workbook.xml": f'<workbook {main} xmlns:r="{rel}"><sheets><sheet name="Data" sheetId="1" r:id="rId7"/>'
        "</sheets></workbook>",
        "xl/_rels/workbook.xml.rels": f'<Relationships><Relationship Id="rId7" Type="{rel}/worksheet" '
        'Target="worksheets/data.xml"/></Relationships>',
        "xl/sharedStrings.xml": f"<sst {main}>{''.join(f'<si><r><t>{t}</t></r></si>' for t in texts)}</sst>",
        "xl/worksheets/data.xml": f"<worksheet {main}><sheetData>{''.join(lines)}</sheetData></worksheet>",
    }
    with zipfile.ZipFile(path, "w", compression) as book:
        for name, text in parts.items():
            book.writestr(name, text)
    return path


def test_a_long_run_with_decimal_commas_and_units(tmp_path):
    path = write(tmp_path, LONG)
    assert registry.reader_for(path, registry.readers()).name == "icp_table"
    (signal,) = icp_table.read(path)
    assert signal["type"].values.tolist() == ["blank", "standard", "drift", "sample"]
    assert signal.array("concentration", "mg/L")[:2] == pytest.approx([0.0, 0.5])  # ppm and ppb, row by row
    assert signal.array("intensity_std", "cps")[1] == pytest.approx(93.0)
    assert signal.array("mass", "g")[3] == pytest.approx(0.1003)
    assert signal.array("time", "s").tolist() == [0, 120, 240, 360]
    assert signal["element"].values.tolist() == ["Hf"] * 4 and signal.array("wavelength", "nm")[0] == 277.336


def test_a_wide_run_with_its_standards_named_by_the_study(tmp_path):
    options = icp_table.IcpOptions(standards=("Blank = 0 mg/L", "Std A: Hf = 0.5 mg/L", "Std A: Ni = 1 ppm"))
    with pytest.raises(ReadError, match=r"cannot tell which standard is meant; found 'Std A: Ni = 1 ppm'"):
        icp_table.read(write(tmp_path, WIDE), options)
    options = icp_table.IcpOptions(standards=("Blank = 0 mg/L", "Std A: Hf = 0.5 mg/L", "Std A: Ni = 1 mg/L"))
    (signal,) = icp_table.read(write(tmp_path, WIDE), options)
    names = zip(signal["label"].values, signal["element"].values, strict=True)
    held = dict(zip(names, signal["concentration"].values, strict=True))
    assert held["Std A", "Hf"] == 0.5 and held["Std A", "Ni"] == 1.0 and np.isnan(held["LHO 1", "Hf"])
    assert signal.array("intensity_std", "cps")[0] == pytest.approx(6.6)
    assert any("solutions are taken a minute apart" in note.text for note in signal.notes)


def test_a_workbook_reads_as_its_text(tmp_path):
    rows = [line.split(",") for line in WIDE.splitlines()]
    rows = [rows[0], *([row[0], row[1], *map(float, row[2:])] for row in rows[1:])]
    path = workbook(tmp_path / "run.xlsx", rows)
    assert registry.reader_for(path, registry.readers()).name == "icp_table"
    (found,), (plain,) = icp_table.read(path), icp_table.read(write(tmp_path, WIDE))
    for name in ("label", "element", "type"):
        assert found[name].values.tolist() == plain[name].values.tolist()
    assert found.array("intensity", "cps") == pytest.approx(plain.array("intensity", "cps"))
    with pytest.raises(ReadError, match=r"no sheet 'Dta' in the workbook\. Did you mean 'Data'"):
        icp_table.read(path, icp_table.IcpOptions(sheet="Dta"))
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ReadError, match="the workbook cannot be read"):
        icp_table.read(path)


def test_a_mark_within_a_workbook_is_seen(tmp_path):
    rows = [["Label", "Type", "Element", "Intensity"], ["Blank", "blank", "Hf 277.336", 110]]
    for above, origin in (([[f"{VIRTUAL_MARK} emission run"]], "synthetic"), ([], "measured")):
        path = workbook(tmp_path / "run.xlsx", above + rows)
        assert VIRTUAL_MARK.encode() not in path.read_bytes()
        assert read(path, "icp_table")[0].origin == origin


def test_a_table_without_its_headings_is_refused(tmp_path):
    with pytest.raises(ReadError, match=r"no line of headings of an emission run; found 1 tables?"):
        icp_table.read(write(tmp_path, "a,b,c\n1,2,3\n"))
    bad = LONG.replace("Weight (mg)", "Weight (mV)")
    with pytest.raises(
        ReadError, match=r"column 'Weight' is in another kind of unit; found 'mV'; expected one like 'g'"
    ):
        icp_table.read(write(tmp_path, bad))


def rows_of(text: str) -> str:
    return "Label,Type,Element,Intensity (cps),Concentration (mg/L),Weight (g),Volume (mL),Dilution Factor\n" + text


STANDARDS = (
    "Cal Blank,Blank,Hf 277.336,300.5,0,,,\nStd 1,Standard,Hf 277.336,52413.5,1,,,\n"
    "Std 2,Standard,Hf 277.336,104241.5,2,,,\n"
)


@pytest.mark.parametrize(
    ("cell", "factor"), [("10", 10), ("10x", 10), ("1:10", 10), ("1+9", 10), ("x 25", 25), ("10-fold", 10)]
)
def test_dilutions_are_read_as_people_write_them(tmp_path, cell, factor):
    run = icp_table.read(write(tmp_path, rows_of(f"{STANDARDS}lho-1,Sample,Hf 277.336,9000.5,,0.1,50,{cell}\n")))[0]
    assert run["dilution"].values[-1] == factor


def test_a_dilution_that_is_none_is_refused_with_its_line(tmp_path):
    text = rows_of(f"{STANDARDS}lho-1,Sample,Hf 277.336,9000.5,,0.1,50,diluted\n")
    with pytest.raises(ReadError, match=r"run.csv:5.*no dilution.*'diluted'"):
        icp_table.read(write(tmp_path, text))


def test_thousands_marks_are_no_decimal_marks(tmp_path):
    text = rows_of('Std 1,Standard,Hf 277.336,"52,413.5",1,,,\nlho-1,Sample,Hf 277.336,"104,241.5",,0.1,50,10\n')
    assert list(icp_table.read(write(tmp_path, text))[0]["intensity"].values) == [52413.5, 104241.5]


def test_a_saturated_reading_is_left_out_and_named(tmp_path):
    text = rows_of(
        f"{STANDARDS}lho-1,Sample,Hf 277.336,Saturated,,0.1,50,1\nlho-2,Sample,Hf 277.336,9000.5,,0.1,50,1\n"
    )
    run = icp_table.read(write(tmp_path, text))[0]
    assert "lho-1" not in run["label"].values and run["label"].values[-1] == "lho-2"
    words = " ".join(note.text for note in run.notes)
    assert "1 readings without an intensity are left out: lho-1 Hf" in words and "overload" in words


@pytest.mark.parametrize(
    ("cell", "element", "nm"),
    [("Hafnium 277.336", "Hf", 277.336), ("Copper 324.754", "Cu", 324.754), ("Kupfer 324,754", "Cu", 324.754),
     ("Co 228.615 nm", "Co", 228.615), ("HF 277.336", "Hf", 277.336), ("277.336 Hf", "Hf", 277.336)],
)  # fmt: skip
def test_elements_go_by_symbol_or_name_from_the_table_alone(cell, element, nm):
    found = icp_table.read_line(cell)
    assert found[0] == element and float(found[1]) == nm


@pytest.mark.parametrize("cell", ["Halfnium 277.336", "Total 277.336", "Xx 300.100", "Sample 1", ""])
def test_words_that_name_no_element_are_no_lines(cell):
    assert icp_table.read_line(cell) is None


@pytest.mark.parametrize(
    ("label", "kind"),
    [("control-1", "sample"), ("calcined-1", "sample"), ("Cal Blank", "blank"), ("Std 3", "standard"),
     ("QC 2", "drift"), ("check std", "drift"), ("lho spiked", "spike"), ("standardised-2", "sample"),
     ("blanketed", "sample"),
     ("CCV", "drift"), ("Leerwert", "blank"), ("Kal 2", "standard")],
)  # fmt: skip
def test_what_a_solution_is_follows_from_whole_words_of_its_label(tmp_path, label, kind):
    text = rows_of(f"{label},,Hf 277.336,9000.5,,0.1,50,1\nother-1,,Hf 277.336,100.5,,0.1,50,1\n")
    assert icp_table.read(write(tmp_path, text))[0]["type"].values[0] == kind


REPORT = (
    "$S PC/LIMS V1\n$S Devices V1\n$S device 800\nP 1\tS 2\n$E\n$E\n$S Sample data V1\nlho 2\t\t2003.1\tmg\n$E\n"
    "$S MPL V2\n$S Mode 1\t01\tMET pH\tV1.0\n1\t0.00000\t11.402\t0.0\t0.0\t24.9\n2\t0.05000\t11.391\t0.0\t21.0\t24.9\n"
    "$E\n$E\n$S Titrant V1\n$S Titrant1 V1\nHCl\t0.0500\tmol/L\t0.9981\n$E\n$E\n$E\n"
)


def test_a_metrohm_report(tmp_path):
    path = write(tmp_path, REPORT, "report.txt")
    assert registry.reader_for(path, registry.readers()).name == "metrohm_tiamo"
    (signal,) = read(path)
    assert signal.metadata["sample_mass"] == pytest.approx(2.0031)
    assert signal.metadata["titrant_concentration"] == pytest.approx(0.0499050)
    assert signal.array("ph", "1").tolist() == [11.402, 11.391] and signal.origin == "measured"
    potential = write(tmp_path, REPORT.replace("MET pH", "DET U").replace("11.4", "-260."), "mv.txt")
    assert metrohm_tiamo.read(potential)[0].array("emf", "mV")[0] == pytest.approx(-260.02)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Dear colleague\n", "not a PC/LIMS report"),
        (REPORT.replace("MPL", "XXX"), "the report holds no measuring points"),
        (REPORT.replace("MET pH", "STAT T"), "measured neither pH nor potential"),
        (REPORT.replace("\t11.402", "").replace("\t11.391", "").replace("24.9", ""), "the titration holds no points"),
    ],
)
def test_reports_that_hold_no_titration(tmp_path, text, words):
    with pytest.raises(ReadError, match=words):
        metrohm_tiamo.read(write(tmp_path, text, "report.txt"))


@pytest.mark.realdata
def test_a_table_that_only_says_it_is_a_workbook(realdata):
    path = realdata / "wet-chemistry/CEE4530/Gran.xls"
    assert registry.reader_for(path, registry.readers()).name == "titration_table"
    (signal,) = titration_table.read(path)
    assert signal.metadata["titrated_volume"] == 50 and signal.metadata["titrant_concentration"] == 0.1
    assert signal.array("ph", "1")[0] == pytest.approx(7.010206)
    assert signal.array("acid_volume", "mL")[-1] == pytest.approx(0.425)


def test_a_titration_table_of_potentials(tmp_path):
    text = "run 7.pdf\t\t\nVolume [mL]\tMeasured value [mV]\tTemperature [°C]\n0\t-71.9\t25\n0.1\t-65.9\t25\n\t\t\n"
    (signal,) = titration_table.read(write(tmp_path, text, "curve.txt"))
    assert signal.array("emf", "mV").tolist() == [-71.9, -65.9] and signal.array("temperature", "degC")[0] == 25
    comma = "Sample mass (mg);2000,5\nVolume (ml);pH\n0,00;11,31\n0,05;11,29\n"
    (signal,) = titration_table.read(write(tmp_path, comma, "curve.csv"))
    assert signal.metadata["sample_mass"] == pytest.approx(2.0005) and signal.array("ph", "1")[1] == 11.29
    with pytest.raises(ReadError, match="no line of headings of a titration"):
        titration_table.read(write(tmp_path, "x,y\n1,2\n", "none.csv"))

"""Workbooks of three kinds read as the same text; one that would take all memory is refused before it does."""

import io
import struct
import zipfile

import pytest

from nacre.core.errors import ReadError
from nacre.readers.sheets import workbooks

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
REL = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
FORMATS = '<numFmts count="0"/><cellXfs><xf numFmtId="0"/><xf numFmtId="22"/><xf numFmtId="46"/></cellXfs>'
ODF = " ".join(f'xmlns:{n}="urn:oasis:names:tc:opendocument:xmlns:{n}:1.0"' for n in ("office", "table", "text"))
SPREADSHEET = "application/vnd.oasis.opendocument.spreadsheet"


def packed(parts):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as book:
        for name, text in parts.items():
            book.writestr(name, text)
    return stream.getvalue()


def xlsx(rows, **others):
    def relations(kind, target):
        return f'<Relationships><Relationship Id="rId1" Type="{REL}/{kind}" Target="{target}"/></Relationships>'

    return packed(
        {
            "[Content_Types].xml": "<Types/>",
            "_rels/.rels": relations("officeDocument", "xl/workbook.xml"),
            "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{REL}"><sheets><sheet name="Data" sheetId="1" '
            'r:id="rId1"/></sheets></workbook>',
            "xl/_rels/workbook.xml.rels": relations("worksheet", "worksheets/sheet1.xml"),
            "xl/styles.xml": f'<styleSheet xmlns="{MAIN}">{FORMATS}</styleSheet>',
            "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{MAIN}"><sheetData>{rows}</sheetData></worksheet>',
        }
        | others
    )


def ods(rows):
    content = f'<office:spreadsheet><table:table table:name="Data">{rows}</table:table></office:spreadsheet>'
    return packed(
        {
            "mimetype": SPREADSHEET,
            "META-INF/manifest.xml": '<m:manifest xmlns:m="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>',
            "content.xml": f"<office:document-content {ODF}><office:body>{content}</office:body>"
            "</office:document-content>",
        }
    )


def xls(*cells):
    """Numbers (row, column, value) in one sheet: records of Excel 97 in a compound file of 512-byte sectors."""

    def record(kind, data):
        return struct.pack("<HH", kind, len(data)) + data

    head, sheet_name = record(0x809, struct.pack("<HHHHII", 0x600, 5, 0, 1997, 0, 6)), b"\x04\x00Data"
    offset = len(head) + 4 + 6 + len(sheet_name) + 4
    stream = head + record(0x85, struct.pack("<IBB", offset, 0, 0) + sheet_name) + record(0x0A, b"")
    stream += record(0x809, struct.pack("<HHHHII", 0x600, 0x10, 0, 1997, 0, 6))
    stream += b"".join(record(0x203, struct.pack("<HHHd", row, column, 0, value)) for row, column, value in cells)
    stream = (stream + record(0x0A, b"")).ljust(4096, b"\0")
    nothing, end = 0xFFFFFFFF, 0xFFFFFFFE

    def entry(name, kind, child, start, size):
        text = name.encode("utf-16-le")
        places = struct.pack("<HBBIII", len(text) + 2, kind, 1, nothing, nothing, child)
        return text.ljust(64, b"\0") + places + bytes(36) + struct.pack("<IQ", start, size)

    header = workbooks.OLE + bytes(16) + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6) + bytes(10)
    header += struct.pack("<9I", 1, 1, 0, 4096, end, 0, end, 0, 0) + struct.pack("<108I", *[nothing] * 108)
    table = [0xFFFFFFFD, end, *range(3, 10), end]
    table = struct.pack("<128I", *table, *[nothing] * (128 - len(table)))
    listed = entry("Root Entry", 5, 1, end, 0) + entry("Workbook", 2, nothing, 2, len(stream)) + bytes(256)
    return header + table + listed + stream


def test_cells_of_every_kind_as_text():
    rows = (
        '<row r="2"><c r="A2"><v>7</v></c><c r="B2"><v>8.3</v></c><c r="C2" t="b"><v>1</v></c>'
        '<c r="E2" t="inlineStr"><is><r><t xml:space="preserve">a </t></r><r><t>b</t></r></is></c>'
        '<c r="F2" t="str"><f>A1</f><v>x&amp;y</v></c><c r="G2" s="3"/></row>'
        '<row r="9"><c r="A9" s="1"><v>45027.5</v></c><c r="B9" s="2"><v>1.5</v></c><c r="C9"><v>1.2E-05</v></c></row>'
    )
    assert workbooks.read(xlsx(rows), "a.xlsx") == [
        ["7", "8.3", "1", "", "a b", "x&y"],
        ["2023-04-11T12:00:00", "129600", "1.2e-05"],
    ]


def test_an_ods_with_formatted_emptiness_to_its_end():
    rows = (
        '<table:table-row><table:table-cell office:value-type="float" office:value="8.3" '
        'table:number-columns-repeated="2"><text:p>8.3</text:p></table:table-cell>'
        '<table:table-cell office:value-type="string"><text:p>ab</text:p></table:table-cell>'
        '<table:table-cell table:number-columns-repeated="16381"/></table:table-row>'
        '<table:table-row table:number-rows-repeated="1048575">'
        '<table:table-cell table:number-columns-repeated="16384"/></table:table-row>'
    )
    assert workbooks.read(ods(rows), "a.ods") == [["8.3", "8.3", "ab"]]


def test_an_old_workbook_and_one_with_a_damaged_byte():
    assert workbooks.read(xls((0, 0, 7.0), (0, 1, 8.3), (3, 0, 1.0)), "a.xls", "Data") == [["7", "8.3"], ["1"]]
    with pytest.raises(ReadError, match=r"no sheet 'Dta' in the workbook\. Did you mean 'Data'"):
        workbooks.read(xls((0, 0, 7.0)), "a.xls", "Dta")
    with pytest.raises(ReadError, match="cannot be read; found damaged places that ask for more memory than there is"):
        workbooks.read(xls((0, 0, 7.0), (65535, 65535, 1.0)), "a.xls")
    with pytest.raises(ReadError, match="the workbook cannot be read"):
        workbooks.read(xls((0, 0, 7.0))[:600], "a.xls")


REPEATED = (
    '<table:table-row table:number-rows-repeated="1000000"><table:table-cell office:value-type="float" '
    'office:value="1" table:number-columns-repeated="50"/></table:table-row>'
)
GAP = (
    '<table:table-row><table:table-cell office:value-type="float" office:value="1"/></table:table-row>'
    '<table:table-row table:number-rows-repeated="1000000"><table:table-cell/></table:table-row>'
    '<table:table-row><table:table-cell table:number-columns-repeated="40"/>'
    '<table:table-cell office:value-type="float" office:value="1"/></table:table-row>'
)


@pytest.mark.parametrize(
    ("raw", "found"),
    [
        (xlsx('<row r="1"><c r="ZZZZZZ1"><v>7</v></c></row>'), "row 1 and column 321272406"),
        (xlsx('<row><c><v>1</v></c></row><row><c r="zzz9"><v>7</v></c></row>'), "row 9 and column 18278"),
        (xlsx('<row><c r="A1"><v>1</v></c></row><row><c r="XFD1048576"><v>7</v></c></row>'), "row 1048576 and"),
        (xlsx('<row r="4000000000"><c><v>1</v></c></row>'), "row 4000000000 and column 1"),
        (ods(REPEATED), "row 1000000 and column 50"),
        (ods(GAP), "row 1000002 and column 41"),
    ],
)
def test_a_few_bytes_that_ask_for_all_memory_are_refused(monkeypatch, raw, found):
    def allocate(*_):
        raise AssertionError("the library was asked")

    assert len(raw) < 2000
    monkeypatch.setattr(workbooks.workbook_cells, "sheet_rows", allocate)
    with pytest.raises(ReadError, match=f"the sheet is too large; found cells as far out as {found}"):
        workbooks.read(raw, "a.xlsx")


def test_a_bomb_is_refused_before_it_is_unpacked(monkeypatch):
    raw = xlsx("", **{"xl/sharedStrings.xml": b" " * 100_000_000})

    def unpack(*_):
        raise AssertionError("unpacked")

    monkeypatch.setattr(zipfile.ZipFile, "read", unpack)
    with pytest.raises(ReadError, match=r"too large; found 0\.1 MB that unpack to 100 MB; expected at most 500 MB"):
        workbooks.read(raw, "a.xlsx")


def test_a_stated_size_that_is_a_lie_unpacks_no_more_than_that():
    raw = xlsx("", **{"xl/sharedStrings.xml": b" " * 50_000_000})
    lie = raw.replace(struct.pack("<I", 50_000_000), struct.pack("<I", 1000))
    assert lie != raw
    with pytest.raises(ReadError, match="the workbook cannot be read; found Bad CRC-32"):
        workbooks.read(lie, "a.xlsx")


def test_what_is_no_workbook_inside():
    with pytest.raises(ReadError, match="the workbook cannot be read"):
        workbooks.read(packed({"xl/other.xml": "<a/>"}), "a.xlsx")
    entity = '<!DOCTYPE a [<!ENTITY b "c">]><a/>'
    with pytest.raises(ReadError, match="found a document type declaration"):
        workbooks.read(xlsx("", **{"xl/more.xml": entity}), "a.xlsx")

"""All tables as one Word document, three-ruled as journals want them.

A .docx is a zip of three XML parts (ECMA-376, WordprocessingML); nothing of it needs more than these.
"""

import io
import zipfile
from collections.abc import Iterable
from xml.sax.saxutils import escape

from nacre.core.display.comparison_tables import ComparisonTable

_TYPES = """<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">
<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>
<Default Extension="xml" ContentType="application/xml"/>
<Override PartName="/word/document.xml"
 ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/>
</Types>"""
_RELATIONS = """<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">
<Relationship Id="rId1" Target="word/document.xml"
 Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument"/>
</Relationships>"""
_SPACE = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_MOMENT = (1980, 1, 1, 0, 0, 0)  # the same bytes for the same tables


def document(made: Iterable[ComparisonTable]) -> bytes:
    """The document's bytes."""
    body = "".join(_write_caption(table) + _write_table(table) for table in made)
    text = f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?><w:document xmlns:w="{_SPACE}"><w:body>{body}'
    parts = {"[Content_Types].xml": _TYPES, "_rels/.rels": _RELATIONS}
    parts["word/document.xml"] = text + "<w:p/></w:body></w:document>"
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, part in parts.items():
            archive.writestr(zipfile.ZipInfo(name, _MOMENT), part.encode(), zipfile.ZIP_DEFLATED)
    return stream.getvalue()


def _write_caption(table: ComparisonTable) -> str:
    place = f"{table.place}. " if table.place else ""
    return f"<w:p><w:pPr><w:keepNext/></w:pPr>{_run(place, bold=True)}{_run(table.caption)}</w:p>"


def _write_table(table: ComparisonTable) -> str:
    rules = "".join(f'<w:{side} w:val="single" w:sz="8"/>' for side in ("top", "bottom"))
    head = _write_row(("", *table.columns), "<w:tcBorders><w:bottom w:val='single' w:sz='4'/></w:tcBorders>")
    rows = "".join(_write_row((line.head, *line.texts)) for line in table.lines)
    grid = "<w:gridCol/>" * (1 + len(table.columns))
    about = f"<w:tblPr><w:tblBorders>{rules}</w:tblBorders></w:tblPr><w:tblGrid>{grid}</w:tblGrid>"
    return f"<w:tbl>{about}{head}{rows}</w:tbl>"


def _write_row(cells: tuple[str, ...], borders: str = "") -> str:
    made = []
    for i, text in enumerate(cells):
        align = '<w:pPr><w:jc w:val="right"/></w:pPr>' if i else ""
        made.append(f"<w:tc><w:tcPr>{borders}</w:tcPr><w:p>{align}{_run(text)}</w:p></w:tc>")
    return f"<w:tr>{''.join(made)}</w:tr>"


def _run(text: str, *, bold: bool = False) -> str:
    style = "<w:rPr><w:b/></w:rPr>" if bold else ""
    return f'<w:r>{style}<w:t xml:space="preserve">{escape(text)}</w:t></w:r>' if text else ""

"""cells.csv: one row per cell, as Excel writes it in any country."""

import csv
import io
import re
from pathlib import Path

from nacre.core import vocabulary
from nacre.core.errors import did_you_mean
from nacre.pipeline.loading.problems import Problems

_HEADING = re.compile(r"^\s*([A-Za-z_]\w*)\s*(?:[/(\[]\s*(.*?)\s*[)\]]?)?\s*$")


def read_cells(folder: Path, problems: Problems) -> list[tuple[int, dict[str, str]]]:
    """(line, row) of cells.csv; [] where there is none.

    The first row names the columns: `cell`, `sample`, and inputs of the vocabulary, their unit in the heading
    (`cam_mass / mg`, `cam_mass (mg)`) or with each value. Comma, semicolon and tab separate; with semicolon
    or tab a decimal comma is understood. Empty cells are left out, rows that begin with # are skipped.
    """
    file = folder / "cells.csv"
    if not file.is_file():
        return []
    data = file.read_bytes()
    try:
        text = data.decode("utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("cp1252", errors="replace")  # what Excel writes on a Windows PC
    first = next((line for line in text.splitlines() if line.strip() and not line.startswith("#")), "")
    delimiter = max(";\t,", key=first.count)
    rows = csv.reader(io.StringIO(text), delimiter=delimiter)
    header: list[tuple[str, str]] = []
    found = []
    for row in rows:
        line = rows.line_num
        if not any(item.strip() for item in row) or row[0].lstrip().startswith("#"):
            continue
        if not header:
            header = _check_header(row, problems, line)
            continue
        if len(row) > len(header):
            text = f"{len(row)} columns under a heading of {len(header)}."
            cure = " Write a decimal point, or separate the columns by ;." if delimiter == "," else ""
            problems.add((), text + cure, file="cells.csv", line=line)
            continue
        values = {}
        for (name, unit), item in zip(header, row, strict=False):
            if item.strip() and name:
                values[name] = _read_value(item.strip(), unit, decimal_comma=delimiter != ",")
        if "cell" not in values:
            problems.add((), "a row without a cell name.", file="cells.csv", line=line)
            continue
        found.append((line, values))
    return found


def _check_header(row: list[str], problems: Problems, line: int) -> list[tuple[str, str]]:
    known = {"cell", "sample", "comment", *vocabulary.words("input")}
    header = []
    for item in row:
        match = _HEADING.match(item)
        name, unit = (match[1], match[2] or "") if match else (item.strip(), "")
        if name and name not in known:
            cure = (
                did_you_mean(name, known) or "Known are cell, sample, comment and inputs like cam_mass, composite_mass."
            )
            problems.add((), f"unknown column '{name}'. {cure}".strip(), file="cells.csv", line=line)
            name = ""
        header.append(("" if name == "comment" else name, unit))
    missing = {"cell", "sample"} - {name for name, _ in header}
    if missing:
        problems.add((), f"no column '{sorted(missing)[0]}'.", file="cells.csv", line=line)
    return header


def _read_value(item: str, unit: str, *, decimal_comma: bool) -> str:
    if decimal_comma and re.match(r"^[+-]?\d+,\d", item):
        item = item.replace(",", ".", 1)
    return f"{item} {unit}" if unit and re.search(r"[\d)]$", item) else item

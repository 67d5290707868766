"""A file that nobody reads gets one sentence: what it is, and which export to make."""

from pathlib import Path

import pytest

from nacre.core.contracts import Head
from nacre.core.errors import ReadError
from nacre.core.registry import reader_for, readers
from nacre.core.unread_formats import advise, load_formats

FILES = {
    "a.sp": (b"PEPE2D constant interval DataSet file", "PerkinElmer"),
    "a.vgd": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "Avantage"),
    "a.spe": (b"SOFH\r\nPlatform: Q5000\r\n", "MultiPak as VAMAS"),
    "a.rasx": (b"PK\x03\x04" + b"\1" * 600, "SmartLab"),
    "a.docx": (b"PK\x03\x04" + b"\1" * 600, "document"),
    "a.zip": (b"PK\x03\x04" + b"\1" * 600, "unpack"),
    "a.7z": (b"7z\xbc\xaf\x27\x1c" + b"\1" * 100, "unpack"),
    "a.res": (b"\x00\x01\x00\x00Standard Jet DB\x00" + b"\1" * 100, "MITS Pro"),
    "a.mdb": (b"\x00\x01\x00\x00Standard Jet DB\x00" + b"\1" * 100, "Access"),
    "a.ism": (b"\0\x01\x02\x03" * 40, "Thales"),
    "a.idf": (b"Version=11\r\n\0\0", "IviumSoft"),
    "a.pssession": ('{"type":"PalmSens.Data"}'.encode("utf-16-le"), "PSTrace"),
    "a.opju": (b"CPYUA 4.3668 178\n#\n", "Origin"),
    "a.pdf": (b"%PDF-1.7\n", "document"),
    "a.ras": (b"*RAS_DATA_START\n*RAS_HEADER_START\n", "Rigaku"),
    "a.ser": (b"II\x97\x01\x10\x02" + b"\0\1" * 40, "TIA"),
    "a.czi": (b"ZISRAWFILE\0\0" + b"\1" * 40, "Zeiss"),
    "b.xy": (b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\n", "git lfs pull"),
    "c.csv": (b"<!DOCTYPE html>\n<html><title>Login</title>", "web page"),
    "a.mps": (b"EC-LAB SETTING FILE\r\n\r\nNumber of linked techniques : 3", "give the .mpr beside it"),
    "a.mpl": (b"EC-Lab LOG FILE\r\n", ".mpr or .mpt"),
    "zeros.mpr": (bytes(4000), "zeros alone"),
    "a.lnk": (b"L\0\0\0\x01\x14\x02\0", "shortcut"),
    "a.spx": (b"<?xml version='1.0'?><TRTSpectrum>", "Esprit"),
}


@pytest.mark.parametrize("name", FILES)
def test_each_says_what_it_is_and_which_export_to_make(tmp_path, name):
    content, words = FILES[name]
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(ReadError) as caught:
        reader_for(path, readers())
    assert words in str(caught.value) and name in str(caught.value)


def test_nothing_is_said_of_what_is_not_known(tmp_path):
    assert not advise(Head(Path("notes.txt"), b"some words of a person", 22))
    assert not advise(Head(Path("a.xyz"), b"1 2\n3 4\n", 8))


def test_the_table_names_at_least_forty_formats_each_with_an_export():
    rows = load_formats()
    assert len({row["words"] for row in rows}) == len(rows) >= 40
    assert all(row["do"] and (row["start"] or row["holds"] or row.get("suffixes")) for row in rows)

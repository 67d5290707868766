"""Files are there whole, old or new, whatever happens while they are written."""

import pytest

from nacre.core import files


def test_bytes_and_text_are_written_as_they_are(tmp_path):
    files.write(tmp_path / "new" / "text.csv", "a,b\r\n\u00b5\n")
    files.write(tmp_path / "new" / "bytes", b"\x00\xff")
    assert (tmp_path / "new" / "text.csv").read_bytes() == b"a,b\r\n\xc2\xb5\n"
    assert (tmp_path / "new" / "bytes").read_bytes() == b"\x00\xff"


def test_the_content_is_on_the_disk_before_it_takes_its_place(tmp_path, monkeypatch):
    done = []
    monkeypatch.setattr(files.os, "fsync", lambda handle: done.append("fsync"))
    replace = files.os.replace
    monkeypatch.setattr(files.os, "replace", lambda a, b: (done.append("replace"), replace(a, b)))
    files.write(tmp_path / "results.json", "{}")
    assert done == ["fsync", "replace"]


def test_a_write_that_fails_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "results.json"
    files.write(path, b"old")
    with pytest.raises(ZeroDivisionError), files.replacing(path) as stream:
        stream.write(b"half of the new")
        raise ZeroDivisionError
    monkeypatch.setattr(files.os, "replace", lambda *_: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        files.write(path, b"new")
    assert path.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["results.json"]

"""A Bruker file on which compiled code ends the process is named as damaged; the process that reads lives on."""

import sys

import pytest

from nacre.core.errors import ReadError
from nacre.readers.microscopy import bcf

ENDS = "import os, signal\n\ndef file_reader(path):\n    os.kill(os.getpid(), signal.{})\n"
RAISES = "def file_reader(path):\n    raise ValueError('no header')\n"
READS = "def file_reader(path):\n    return []\n"


def install(folder, monkeypatch, code):
    package = folder / "rsciio"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "bruker.py").write_text(code)
    monkeypatch.syspath_prepend(str(folder))
    for name in ("rsciio", "rsciio.bruker"):
        # set first, so that what is imported here is taken out again afterwards
        monkeypatch.setitem(sys.modules, name, None)
        del sys.modules[name]
    file = folder / "a.bcf"
    file.write_bytes(b"AAMVHFSS" + bytes(2000))
    return file


@pytest.mark.skipif(sys.platform == "win32", reason="signals end processes in another way there")
@pytest.mark.parametrize("name", ["SIGSEGV", "SIGBUS", "SIGABRT"])
def test_a_crash_of_compiled_code_names_the_file(tmp_path, monkeypatch, name):
    with pytest.raises(ReadError, match=f"a.bcf: the Bruker hypermap is damaged; found .* ended by {name}"):
        bcf.read(install(tmp_path, monkeypatch, ENDS.format(name)))


def test_what_can_be_read_is_read_and_what_is_raised_is_told_as_before(tmp_path, monkeypatch):
    for i, (code, message) in enumerate(((READS, ""), (RAISES, "a.bcf"))):
        folder = tmp_path / str(i)
        folder.mkdir()
        with monkeypatch.context() as patch:
            file = install(folder, patch, code)
            if message:
                with pytest.raises(ReadError, match=message):
                    bcf.read(file)
            else:
                assert bcf.read(file) == []

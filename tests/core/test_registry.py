import sys
import textwrap
from importlib import metadata
from types import SimpleNamespace

import pytest

from nacre.core import registry
from nacre.core.contracts import Head, Reader
from nacre.core.errors import NacreError, ReadError

READER = """
from nacre.core.contracts import Reader
READER = Reader("{name}", "toy", ("toy",), (".toy",), lambda head: {score}, lambda path, options: [])
"""


def reader(name, score, refuse=lambda head: ""):
    return Reader(name, "toy", ("toy",), (".toy",), score, lambda path, options: [], refuse=refuse)


def plugin(folder, file, text):
    (folder / "plugins").mkdir(exist_ok=True)
    (folder / "plugins" / file).write_text(textwrap.dedent(text), encoding="utf-8")


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "c1.toy"
    path.write_text("hello\n", encoding="utf-8")
    return path


def test_the_surest_reader_takes_the_file(file):
    known = {r.name: r for r in (reader("a", lambda h: 0.4), reader("b", lambda h: 0.9), reader("c", lambda h: 0))}
    assert registry.reader_for(file, known).name == "b"
    assert registry.reader_for(file, known, "c").name == "c", "a reader that is named is believed"


def test_two_readers_that_fit(file):
    known = {name: reader(name, lambda h: 0.9) for name in ("b", "a")}
    with pytest.raises(ReadError) as caught:
        registry.reader_for(file, known)
    assert str(caught.value) == (
        "c1.toy: 2 readers fit this file equally well; found 'a' and 'b'. Say which in study.toml: reader = 'a'."
    )


def test_a_reader_that_is_named_but_unknown(file):
    with pytest.raises(ReadError, match=r"c1.toy: unknown reader 'macor'. Did you mean 'maccor'\?"):
        registry.reader_for(file, {"maccor": reader("maccor", lambda h: 1)}, "macor")


def test_empty_missing_and_unknown_files(file, tmp_path):
    empty = tmp_path / "empty.toy"
    empty.touch()
    with pytest.raises(ReadError, match=r"empty.toy: the file is empty; found 0 bytes. Export it again"):
        registry.reader_for(empty, {})
    with pytest.raises(ReadError, match=r"cannot open the file; found No such file"):
        registry.reader_for(tmp_path / "none.toy", {})
    with pytest.raises(
        ReadError, match=r"no reader knows this format; found text that begins 'hello\\n'. See `nacre f"
    ):
        registry.reader_for(file, {})
    file.write_bytes(b"\x00\x01" * 40)
    maker = reader("m", lambda h: 0, lambda h: "export it as text" if h.looks_binary else "")
    with pytest.raises(ReadError, match=r"found binary data. Export it as text\."):
        registry.reader_for(file, {"m": maker})


@pytest.mark.parametrize("answer", [lambda h: 1 / 0, lambda h: None, lambda h: float("nan")])
def test_a_sniffer_that_misbehaves_hinders_no_other(file, answer):
    bad, good = reader("bad", answer), reader("good", lambda h: 0.5)
    assert registry.reader_for(file, {"bad": bad, "good": good}).name == "good"
    with pytest.raises(ReadError, match=r"no reader knows this format"):
        registry.reader_for(file, {"bad": bad})


def test_a_sniffer_that_crashes_is_named(file):
    with pytest.raises(ReadError, match=r"Reader 'bad' crashed while it looked at the file \(ZeroDivisionError"):
        registry.reader_for(file, {"bad": reader("bad", lambda h: 1 / 0)})


def test_a_plugin_takes_precedence_over_the_package(tmp_path, monkeypatch):
    monkeypatch.setattr(registry, "_import_package", lambda package, attribute: {"toy": "the package's"})
    plugin(tmp_path, "mine.py", READER.format(name="toy", score=0.7))
    assert registry.readers()["toy"] == "the package's"
    assert registry.readers(tmp_path)["toy"].words == "toy"


def test_a_changed_plugin_is_loaded_anew(tmp_path):
    plugin(tmp_path, "mine.py", READER.format(name="one", score=0.7))
    assert "one" in registry.readers(tmp_path)
    plugin(tmp_path, "mine.py", READER.format(name="two", score=0.7))
    assert "two" in registry.readers(tmp_path) and "one" not in registry.readers(tmp_path)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("x = 1\ny = 1 / 0\n", r"plugins/bad.py:2: a plugin crashed while it was loaded; found ZeroDivisionError"),
        ("x = 1\n\ndef f(:\n", r"plugins/bad.py:3: .*SyntaxError.* Fix the plugin, or take the file out"),
        ("import nacre_no_such_module\n", r"plugins/bad.py:1: .*ModuleNotFoundError"),
        ("import sys\nsys.exit(3)\n", r"plugins/bad.py:2: .*SystemExit: 3"),
        ("x = 1\n", r"plugins/bad.py: a plugin defines neither READER nor TECHNIQUE"),
        ("READER = 'maccor'\n", r"plugins/bad.py: READER is not a Reader; found str. Write READER = Reader\(...\)"),
    ],
)
def test_a_bad_plugin_is_named_with_its_line(tmp_path, text, words):
    plugin(tmp_path, "bad.py", text)
    with pytest.raises(NacreError, match=words):
        registry.readers(tmp_path)


def test_two_plugins_of_one_name(tmp_path):
    for name in ("a.py", "b.py"):
        plugin(tmp_path, name, READER.format(name="toy", score=0.7))
    with pytest.raises(NacreError, match=r"plugins/b.py: two plugins define 'toy'. Rename one"):
        registry.readers(tmp_path)


def test_a_technique_whose_words_clash_is_named(tmp_path):
    plugin(
        tmp_path,
        "t.py",
        """
        from nacre.core.contracts import Technique
        words = {"quantity": {"lattice_a": {"unit": "mg", "words": "a"}}}
        TECHNIQUE = Technique("clash", "clash", ("toy",), lambda i, c, o: [], vocabulary=words)
        """,
    )
    with pytest.raises(NacreError, match=r"vocabulary of technique 'clash': 'lattice_a' is already a word"):
        registry.vocabulary(tmp_path)
    with pytest.raises(NacreError, match=r"unknown technique 'nonesuch'"):
        registry.technique("nonesuch")


@pytest.mark.parametrize(
    ("start", "text", "binary"),
    [
        (b"\xef\xbb\xbfhello", "hello", False),
        ("hello".encode("utf-16"), "hello", False),
        ("Prüf".encode("cp1252"), "Pr\N{REPLACEMENT CHARACTER}f", False),
        (b"BIO\x00LOGIC", "BIO\x00LOGIC", True),
    ],
)
def test_heads(tmp_path, start, text, binary):
    head = Head(tmp_path / "a.TXT", start, len(start))
    assert (head.text, head.looks_binary, head.suffix) == (text, binary, ".txt")


def test_a_virtual_file_is_known_in_any_encoding(tmp_path):
    for encoding in ("utf-8", "cp1252", "utf-16"):
        assert Head(tmp_path, "# NACRE VIRTUAL truth.toml".encode(encoding), 9).is_virtual
    assert not Head(tmp_path, b"nacre", 9).is_virtual


CLASH = """
from nacre.plugin import Technique
words = {{"quantity": {{"glow": {{"unit": "{unit}", "words": "{words}"}}}}}}
TECHNIQUE = Technique("glow", "{title}", ("toy",), lambda i, c, o: [], vocabulary=words)
"""


def test_two_studies_use_one_word_and_one_name_for_different_things(tmp_path):
    folders = []
    for name, unit in (("one", "nm"), ("two", "mg")):
        folder = tmp_path / name
        folder.mkdir()
        plugin(folder, "glow.py", CLASH.format(unit=unit, words=f"glow of study {name}", title=f"glow, {name}"))
        folders.append(folder)
    for folder, unit in zip(folders, ("nm", "mg"), strict=True):
        found = registry.vocabulary(folder)
        assert found.word("quantity", "glow").unit == unit
        assert found.word("technique", "glow").words == f"glow, {folder.name}"
        assert registry.technique("glow", folder).title == f"glow, {folder.name}"
    with pytest.raises(NacreError, match="unknown quantity name 'glow'"):
        registry.vocabulary().word("quantity", "glow")


def test_a_plugin_that_changes_brings_its_new_words(tmp_path):
    for unit in ("nm", "mg"):
        plugin(tmp_path, "glow.py", CLASH.format(unit=unit, words="glow", title="glow"))
        assert registry.vocabulary(tmp_path).word("quantity", "glow").unit == unit


@pytest.fixture
def installed(monkeypatch, tmp_path):
    """A function that installs modules as if a package brought them."""

    def install(**modules):
        entries = []
        for name, text in modules.items():
            (tmp_path / f"{name}.py").write_text(text, encoding="utf-8")
            owner = SimpleNamespace(name="glow-tools", version="1.2")
            entries.append(SimpleNamespace(name=name, value=name, dist=owner))
        monkeypatch.setattr(metadata, "entry_points", lambda group: entries if group == "nacre.plugins" else [])
        registry.installed.cache_clear()

    monkeypatch.syspath_prepend(str(tmp_path))
    yield install
    registry.installed.cache_clear()
    for name in ("glow_plugin", "broken_plugin"):
        sys.modules.pop(name, None)


def test_an_installed_package_brings_plugins(installed, tmp_path):
    installed(glow_plugin=CLASH.format(unit="nm", words="glow", title="glow of a package"))
    assert registry.technique("glow").title == "glow of a package"
    folder = tmp_path / "study"
    folder.mkdir()
    plugin(folder, "glow.py", CLASH.format(unit="nm", words="glow", title="glow of the study"))
    assert registry.technique("glow", folder).title == "glow of the study"


def test_a_broken_plugin_of_an_installed_package_is_named_with_its_owner(installed):
    installed(broken_plugin="raise ValueError('no')")
    with pytest.raises(NacreError, match=r"glow-tools 1.2: broken_plugin: .*crashed.*ValueError: no"):
        registry.readers()

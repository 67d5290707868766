"""What every reader keeps, whoever wrote it: the same checks for each, found through the registry."""

import ast
import dataclasses
import hashlib
import random
import sys
from pathlib import Path

import numpy as np
import pytest

import nacre.readers
from nacre.core import registry, units
from nacre.core.contracts import VIRTUAL_MARK, Head, Reader
from nacre.core.errors import NacreError, ReadError
from nacre.core.options import option, table
from nacre.core.signal import Signal
from nacre.core.signal import table as table_of
from nacre.readers import reading
from nacre.readers.reading import read
from nacre.virtual.xps_ir.xps import TrueSpectrum, XpsBackground, XpsPeak, XpsScan, measure_spectra

READERS = registry.readers()
READERS_FILES = sorted(set(Path(nacre.readers.__file__).parent.rglob("*.py")) - {Path(reading.__file__)})
each = pytest.mark.parametrize("reader", READERS.values(), ids=READERS)
RNG = random.Random(20240611)
NOISE = [bytes(RNG.randrange(256) for _ in range(n)) for n in (1, 7, 300, 5000)]
GARBAGE = {
    "one byte": b"\0",
    "a newline": b"\n",
    "spaces": b"   \r\n\t \r\n",
    "a stray byte": b"\xff",
    "zeros": bytes(4096),
    "half a byte-order mark": b"\xff\xfe",
    "utf-16 without text": b"\xff\xfe\n\0",
    "prose": "Dear colleague,\nthe cell 7 died after 12,5 h; 3 others live.\nÄ\n".encode("cp1252"),
    "numbers": b"1,2,3\n4,5,6\n" * 40,
    "a table of another trade": b"date;name;price / EUR\n2024-05-06;tea;3,20\n2024-05-07;cake;4,10\n",
    "html": b"<!DOCTYPE html><html><body><table><tr><td>1</td></tr></table></body></html>\n",
    "json": b'{"a": [1, 2, 3], "b": {"c": null}}\n',
    "a zip that is none": b"PK\x03\x04" + bytes(200),
    "hdf5 that is none": b"\x89HDF\r\n\x1a\n" + bytes(200),
    **{f"noise of {len(data)}": data for data in NOISE},
}


def heads(reader: Reader):
    for suffix in {".bin", ".txt", *reader.suffixes}:
        for name, data in GARBAGE.items():
            yield f"{name}{suffix}", Head(Path(f"x{suffix}"), data, len(data))


def test_the_registry_finds_readers_by_their_own_names():
    assert all(isinstance(r, Reader) and r.name == name for name, r in READERS.items())


@each
def test_its_file_is_its_specification(reader):
    module = sys.modules[reader.read.__module__]
    text = (module.__doc__ or "").strip()
    assert len(text.splitlines()) >= 10, "the module's docstring is the specification of the format"
    assert reader.words and reader.kinds and all(reader.suffixes)
    assert all(suffix == suffix.lower() and suffix.startswith(".") for suffix in reader.suffixes)


@each
def test_its_options_are_declared_once(reader):
    assert dataclasses.is_dataclass(reader.options) and reader.options.__dataclass_params__.frozen
    reader.options()
    for row in table(reader.options):
        assert row.get("help"), row["name"]


@each
def test_sniffing_never_raises_and_knows_its_bounds(reader):
    for name, head in heads(reader):
        score = reader.sniff(head)
        assert isinstance(score, (int, float)) and 0 <= score <= 1, name
        words = reader.refuse(head)
        assert isinstance(words, str), name


@each
def test_noise_and_strangers_are_not_claimed_with_certainty(reader):
    for name, head in heads(reader):
        assert reader.sniff(head) < 0.9, name
        if name.startswith(("noise", "zeros", "prose", "html", "json")):
            assert reader.sniff(head) <= 0.3, name


@each
@pytest.mark.parametrize("kind", GARBAGE)
def test_garbage_is_refused_in_words(reader, kind, tmp_path):
    for suffix in reader.suffixes or (".txt",):
        path = tmp_path / f"mess{suffix}"
        path.write_bytes(GARBAGE[kind])
        with pytest.raises(ReadError) as caught:
            reader.read(path, reader.options())
        words = str(caught.value)
        assert path.name in words and len(words) > len(path.name) + 15


@each
def test_a_file_that_is_empty_or_gone_is_refused_in_words(reader, tmp_path):
    path = tmp_path / f"empty{(reader.suffixes or ('.txt',))[0]}"
    path.touch()
    for _ in range(2):
        with pytest.raises((ReadError, FileNotFoundError)) as caught:
            reader.read(path, reader.options())
        assert path.name in str(caught.value)
        path.unlink(missing_ok=True)


def cycling() -> Signal:
    """One cycle: charge, rest, discharge, under the names of the Battery Data Format."""
    n = 60
    time = np.arange(n) * 60.0
    current = np.repeat([1.5e-3, 0.0, -1.5e-3], n // 3)
    columns = {
        "test_time_second": (time, "s"),
        "unix_time_second": (1.7e9 + time, "s"),
        "current_ampere": (current, "A"),
        "voltage_volt": (3.0 + np.round(np.cumsum(current) * 30, 4), "V"),
        "cycle_count": (np.ones(n, int), "1"),
        "step_count": (np.repeat([1, 2, 3], n // 3), "1"),
    }
    return table_of("cycling", columns, origin="synthetic", name="virtual")


def impedance() -> Signal:
    """A resistance beside a capacitance, behind another resistance."""
    frequency = np.logspace(5, 0, 31)
    z = 12.0 + 80.0 / (1 + 2j * np.pi * frequency * 80.0 * 1e-5)
    columns = {
        "frequency_hertz": (frequency, "Hz"),
        "real_impedance_ohm": (z.real, "ohm"),
        "imaginary_impedance_ohm": (z.imag, "ohm"),
    }
    return table_of("impedance", columns, origin="synthetic", name="virtual")


def photoelectron() -> Signal:
    """A core level as a virtual spectrometer counts it."""
    peaks = (XpsPeak(9000.0, 17.0, 1.6, 1.71, 0.75),)
    return measure_spectra([TrueSpectrum("Hf 4f", XpsScan(11.0, 25.0), peaks, XpsBackground(1500.0))], "lho", 1)[0]


def infrared() -> Signal:
    """One band."""
    wavenumber = np.linspace(1800.0, 600.0, 601)
    columns = {
        "wavenumber": (wavenumber, "1/cm"),
        "absorbance": (0.1 * np.exp(-(((wavenumber - 1430) / 30) ** 2)), "1"),
    }
    return table_of("infrared", columns, metadata={"quantity": "absorbance"}, origin="synthetic", name="virtual")


# what a virtual instrument of each kind would write; a reader's module may offer its own as `example()`
EXAMPLES = {"cycling": cycling, "impedance": impedance, "xps": photoelectron, "infrared": infrared}


def written_by(reader: Reader, tmp_path: Path) -> tuple[Signal, Path]:
    """A signal of the first of the reader's kinds that its writer takes, written by it."""
    module = sys.modules[reader.read.__module__]
    examples = [module.example] if hasattr(module, "example") else [EXAMPLES[k] for k in reader.kinds if k in EXAMPLES]
    if reader.write is None:
        pytest.skip(f"reader '{reader.name}' writes nothing")
    path, refusals = tmp_path / f"virtual ä{reader.suffixes[0]}", []
    for example in examples:
        signal = example()
        try:
            reader.write(signal, path)
        except NacreError as error:
            refusals.append(str(error))
        else:
            return signal, path
    return pytest.fail(f"reader '{reader.name}' writes no example (its module may offer example()): {refusals}")


@each
def test_what_it_writes_it_recognises_reads_and_marks_as_virtual(reader, tmp_path):
    signal, path = written_by(reader, tmp_path)
    head = registry.head(path)
    assert head.is_virtual, f"a file written by us says '{VIRTUAL_MARK}' near its start"
    assert registry.reader_for(path, READERS).name == reader.name
    (back,) = read(path, reader)
    assert back.kind == signal.kind and back.origin == "synthetic"
    for name, variable in signal.variables.items():
        values = back.array(name, variable.unit)
        assert values.shape == variable.values.shape, name
        if np.issubdtype(variable.values.dtype, np.number):
            assert values == pytest.approx(variable.values, rel=1e-4, abs=1e-6), name
        else:
            assert values.tolist() == variable.values.tolist(), name
    for variable in back.variables.values():
        units.check_unit(variable.unit)


@each
def test_it_gives_data_and_notes_alone(reader, tmp_path):
    _, path = written_by(reader, tmp_path)
    for signal in reader.read(path, reader.options()):
        assert signal.source is None, "nacre.readers.reading adds path and hash"
        assert signal.origin == "measured", "nacre.readers.reading looks for the mark of virtual instruments"
    for signal in read(path, reader):
        assert signal.source.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
        assert signal.source.reader == reader.name and signal.name
        assert not any(v.values.flags.writeable for v in signal.variables.values())


@pytest.mark.parametrize("path", READERS_FILES, ids=lambda path: path.stem)
def test_no_file_of_the_readers_hashes_or_says_where_it_is_from(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    imported = {
        name.name for node in ast.walk(tree) if isinstance(node, (ast.Import, ast.ImportFrom)) for name in node.names
    }
    assert not imported & {"hashlib", "Source"}
    asked = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    assert "is_virtual" not in asked


@each
def test_a_file_cut_anywhere_is_read_or_refused_in_words(reader, tmp_path):
    _, path = written_by(reader, tmp_path)
    whole = path.read_bytes()
    cut = tmp_path / f"cut{path.suffix}"
    for at in sorted({1, len(whole) // 2, len(whole) - 1, *(RNG.randrange(1, len(whole)) for _ in range(25))}):
        cut.write_bytes(whole[:at])
        assert 0 <= reader.sniff(registry.head(cut)) <= 1
        try:
            signals = reader.read(cut, reader.options())
        except ReadError as error:
            assert cut.name in str(error)
        else:
            assert all(isinstance(s, Signal) for s in signals)


def touch(signal: Signal, path: Path) -> None:
    path.touch()


def test_the_checks_themselves_catch_what_they_are_for(tmp_path):
    """A reader that does all wrong, so that these tests do not pass by being empty."""

    @dataclasses.dataclass
    class Loose:
        x: int = option(1, "")

    bad = Reader("bad", "bad", ("k",), (".X",), lambda h: 2.0, lambda p, o: [], options=Loose)
    for check in (
        lambda: test_its_file_is_its_specification(bad),
        lambda: test_its_options_are_declared_once(bad),
        lambda: test_sniffing_never_raises_and_knows_its_bounds(bad),
        lambda: test_noise_and_strangers_are_not_claimed_with_certainty(bad),
    ):
        with pytest.raises(AssertionError):
            check()
    telling = Reader("telling", "", ("infrared",), (".x",), lambda h: 1.0, lambda p, o: [infrared()], write=touch)
    with pytest.raises(AssertionError, match="looks for the mark"):
        test_it_gives_data_and_notes_alone(telling, tmp_path)
    with pytest.raises(pytest.fail.Exception, match=r"DID NOT RAISE"):
        test_garbage_is_refused_in_words(bad, "prose", tmp_path)

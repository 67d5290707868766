"""`nacre new`: what a lab's folder of raw files is taken for, and that the study it writes loads."""

from pathlib import Path

import pytest

import nacre
from nacre.core.errors import StudyError
from nacre.core.registry import readers
from nacre.pipeline.discovery.inventory import FoundFile, once
from nacre.pipeline.discovery.naming import clean, is_formula, part_of, read_names
from nacre.pipeline.discovery.new import left_out, new, no_data, summary
from nacre.virtual.chemistry import emission
from readers.chemistry.test_wet_chemistry import workbook

READER = '''
"""Toy formats: the first word says the kind; BOTH holds whichever its second word names."""
import numpy as np
from nacre.core.contracts import Reader
from nacre.core.signal import table


def read(path, options):
    words = path.read_text(encoding="utf-8").split()
    return [table(words[1] if words[0] == "BOTH" else {kind!r}, {{"value": (np.zeros(3), "V")}})]


def refuse(head):
    return "save the binary file as text in the maker's program" if head.start[:3] == b"BIN" else ""


def sniff(head):
    return float(head.text.startswith({mark!r}))


READER = Reader({name!r}, "toy", {kinds!r}, (".txt",), sniff, read, refuse=refuse)
'''
FORMATS = (
    ("toycyc", ("cycling",), "CYC"),
    ("toyeis", ("impedance",), "EIS"),
    ("toyxps", ("spectrum",), "XPS"),
    ("toyboth", ("cycling", "impedance"), "BOTH"),
)


def study(folder: Path) -> Path:
    (folder / "plugins").mkdir(parents=True)
    for name, kinds, mark in FORMATS:
        text = READER.format(name=name, kinds=kinds, kind=kinds[0], mark=mark)
        (folder / "plugins" / f"{name}.py").write_text(text, encoding="utf-8")
    return folder


def fill(folder: Path, files: dict[str, str] | list[str]) -> Path:
    files = files if isinstance(files, dict) else dict.fromkeys(files, "CYC")
    for i, (name, content) in enumerate(files.items()):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{content} {'cycling' if len(content.split()) == 1 else ''} {i}\n", encoding="utf-8")
    return folder


def made(tmp_path, files):
    """The study made of files with these names, loaded: {measurement: file names}."""
    folder = study(tmp_path / "study")
    new(folder, fill(tmp_path / "raw", files))
    loaded = nacre.load(folder)
    root = (tmp_path / "raw").resolve()
    return {m.name: [p.resolve().relative_to(root).as_posix() for p in m.files] for m in loaded.measurements}, loaded


# file name -> sample, number of the cell, part
NAMES = {
    "a lab's usual names": """
        bare_1_rate.txt -> bare, 1, rate
        bare_2_rate.txt -> bare, 2, rate
        LHO-NCM85_1_rate.txt -> LHO-NCM85, 1, rate
    """,
    "maccor's numbered suffix, a word all share": """
        LHO-NCM85_cell2_formation.081 -> LHO-NCM85, 2, formation
        bare-NCM85_cell1_formation.083 -> bare-NCM85, 1, formation
    """,
    "all but one word shared": """
        maccor_two.txt -> two, 1,
        maccor_three.txt -> three, 1,
    """,
    "one sample only": """
        NCM85_cell1.txt -> NCM85, 1,
        NCM85_cell2.txt -> NCM85, 2,
    """,
    "one file": """
        pristine.txt -> pristine, 1,
    """,
    "EC-Lab's channel, date, cell number in front": """
        240506_PC05_NCM-LPSCl_baseline_C08.mpr -> baseline, 5,
        240507_PC07_NCM-LPSCl_LHO_C08.mpr -> LHO, 7,
    """,
    "EC-Lab's technique numbers": """
        240506_LHO_1_01_GCPL_C01.mpr -> LHO, 1, cycling
        240506_LHO_1_02_PEIS_C01.mpr -> LHO, 1, eis
        240506_bare_1_01_GCPL_C02.mpr -> bare, 1, cycling
    """,
    "numbers only tell": """
        KIT-SIMBA-013-2.081 -> KIT-SIMBA-013, 2,
        KIT-SIMBA-013-1.080 -> KIT-SIMBA-013, 1,
    """,
    "umlauts and spaces": """
        Prüfling 1 Rate.txt -> Pruefling, 1, rate
        unbeschichtet Zelle 2 Alterung.txt -> unbeschichtet, 2, ageing
    """,
    "restarts": """
        bare_1_rate_01.txt -> bare, 1, rate
        bare_1_rate_02.txt -> bare, 1, rate
        lho_2_rate_01.txt -> lho, 2, rate
    """,
    "restarts without a part": """
        bare_1_01.txt -> bare, 1,
        bare_1_02.txt -> bare, 1,
        lho_1_01.txt -> lho, 1,
    """,
    "folders carry it": """
        bare/cell1/rate.081 -> bare, 1, rate
        bare/cell2/formation.082 -> bare, 2, formation
        LHO/cell1/rate.083 -> LHO, 1, rate
    """,
    "folders of instruments and days": """
        cycling/240506/LHO/1.txt -> LHO, 1, cycling
        cycling/240506/bare/1.txt -> bare, 1, cycling
        XPS/bare.vms -> bare, 1, xps
    """,
    "numbers of materials are no cells": """
        NCM85_HfO2_1.txt -> HfO2, 1,
        NCM85_HfO2_2.txt -> HfO2, 2,
        NCM85_1.txt -> NCM85, 1,
    """,
    "names that tell nothing of the sample": """
        rate.txt -> sample, 1, rate
        240506_formation.txt -> sample, 1, formation
    """,
    "numbers alone": """
        1.txt -> sample, 1,
        2.txt -> sample, 2,
    """,
    "glued": """
        bare1.txt -> bare, 1,
        bare2.txt -> bare, 2,
        LHO1.txt -> LHO, 1,
    """,
    "rates in the name": """
        2024-05-06_bare_1_0.1C.txt -> bare, 1, rate
        2024-05-06_bare_1_1C.txt -> bare, 1, rate
        LHO_1_2C.txt -> LHO, 1, rate
    """,
    "annealing temperatures are samples": """
        NCM_600C_1.txt -> 600C, 1,
        NCM_700C_1.txt -> 700C, 1,
    """,
    "one spelling": """
        LHO_1_rate.txt -> LHO, 1, rate
        lho_2_rate.txt -> LHO, 2, rate
        bare_1.txt -> bare, 1,
    """,
    "in doubt two cells: channel": """
        bare_ch1.txt -> bare, 1,
        bare_ch2.txt -> bare, 2,
        lho_ch3.txt -> lho, 1,
    """,
    "in doubt two cells: suffix": """
        bare.081 -> bare, 1,
        bare.082 -> bare, 2,
        lho.083 -> lho, 1,
    """,
    "in doubt two cells: date": """
        240506_bare.txt -> bare, 1,
        240513_bare.txt -> bare, 2,
        lho.txt -> lho, 1,
    """,
}


def wanted(case):
    rows = (line.strip().split(" -> ") for line in NAMES[case].strip().splitlines())
    return {name: tuple(word.strip() for word in words.split(",")) for name, words in rows}


@pytest.mark.parametrize("case", NAMES)
def test_names_are_read(case):
    named = read_names([Path(name) for name in wanted(case)], Path("."))
    assert {n.path.as_posix(): (n.sample, n.replicate, n.part) for n in named} == wanted(case)


def test_words_of_names():
    assert clean("Prüfling ä µm / Å") == "Pruefling-ae-um-A" and clean("漢") == "sample"
    assert part_of("Ageing") == "ageing" and part_of("Formierung") == "formation" and part_of("stern") == ""
    assert all(map(is_formula, ("NCM85", "HfO2", "Li6PS5Cl", "LPS75", "Al2O3")))
    assert not any(map(is_formula, ("PC05", "bare1", "LHO2", "C08", "cell2")))


def test_a_folder_of_forty_files_becomes_a_study_that_loads(tmp_path):
    names = [
        f"240506_{sample}_{cell}_{part}.txt"
        for sample in ("bare", "lho")
        for cell in range(1, 6)
        for part in ("formation", "rate", "ageing", "ageing_02")
    ]
    found, loaded = made(tmp_path, names)
    assert list(loaded.samples) == ["bare", "lho"] and loaded.contrasts == (("bare", "lho"),)
    assert list(loaded.cells) == [f"{s}_{i}" for s in ("bare", "lho") for i in range(1, 6)]
    assert found["lho_3:ageing"] == ["240506_lho_3_ageing.txt", "240506_lho_3_ageing_02.txt"]
    text = (tmp_path / "study/study.toml").read_text(encoding="utf-8")
    assert text.count("[[measurement]]") == 3 and "../raw/240506_{cell}_rate.txt" in text


@pytest.mark.parametrize("case", NAMES)
def test_every_file_is_in_the_study_once(tmp_path, case):
    names = [name.replace(".mpr", ".txt").replace(".vms", ".txt") for name in wanted(case)]
    found, loaded = made(tmp_path, names)
    assert sorted(name for files in found.values() for name in files) == sorted(names)
    assert len(loaded.cells) == len({(s, r) for s, r, _ in wanted(case).values()})


def test_cells_and_samples_of_several_methods_meet(tmp_path):
    files = {
        "bare-NCM85_1_rate.txt": "CYC",
        "LHO-NCM85_1_rate.txt": "CYC",
        "bare-NCM85_1_eis.txt": "EIS",
        "LHO-NCM85_1_eis.txt": "EIS",
        "XPS/LHO.txt": "XPS",
        "XPS/bare.txt": "XPS",
    }
    found, loaded = made(tmp_path, files)
    assert list(loaded.samples) == ["bare-NCM85", "LHO-NCM85"]
    assert found["LHO-NCM85:xps"] == ["XPS/LHO.txt"] and found["LHO-NCM85_1:eis"] == ["LHO-NCM85_1_eis.txt"]


def test_two_formats_of_one_part_and_formats_of_several_kinds(tmp_path):
    files = {"bare_1_rate.txt": "CYC", "bare_1_rate_b.txt": "BOTH cycling", "bare_1_x.txt": "BOTH impedance"}
    found, _ = made(tmp_path, files)
    assert {name.split(":")[1] for name in found} == {"rate-toycyc", "rate-toyboth", "impedance"}


def test_odd_characters_in_names(tmp_path):
    names = ["bare [1] {x}.txt", "lho [2] {x}.txt", "Übung 'a' & \"b\" 3.txt"]
    found, _ = made(tmp_path, names)
    assert sorted(name for files in found.values() for name in files) == sorted(names)


def test_raw_files_inside_the_study(tmp_path):
    folder = fill(study(tmp_path / "Prüfstand ä"), ["raw/bare_1.txt", "raw/lho_1.txt"])
    made = new(folder, folder)
    assert summary(made) == [("toycyc (cycling)", "2")] and left_out(made) == []
    assert [m.files[0].name for m in nacre.load(folder).measurements] == ["bare_1.txt", "lho_1.txt"]
    assert 'name = "Pruefstand' in made.study.read_text(encoding="utf-8")


def test_blanks_are_named_and_a_guess_is_said(tmp_path):
    folder = study(tmp_path / "s")
    result = new(folder, fill(tmp_path / "raw", ["one_1.txt", "two_1.txt"]))
    assert result.blanks == (
        "cells.csv: the mass of cathode active material of 'one_1'",
        "cells.csv: the mass of cathode active material of 'two_1'",
        "study.toml: the electrode diameter",
        "study.toml: the current of 1C per gram of active material",
    )
    text = result.study.read_text(encoding="utf-8")
    assert "; a guess: name the right one" in text and text.count("FILL IN") == 2
    assert result.cells.read_bytes().startswith(b"\xef\xbb\xbfcell,sample,cam_mass / mg,comment\none_1,one,,\n")


def test_nothing_is_overwritten(tmp_path):
    for name in ("study.toml", "cells.csv"):
        folder = study(tmp_path / name[:5])
        (folder / name).write_text("mine", encoding="utf-8")
        with pytest.raises(StudyError, match=rf"{name}: there is a study here already\. Choose another folder"):
            new(folder, fill(tmp_path / "raw", ["bare_1.txt"]))
        assert (folder / name).read_text(encoding="utf-8") == "mine"
        assert len(list(folder.glob("*.*"))) == 1


def test_what_cannot_be_read_is_named_with_its_cure(tmp_path):
    raw = fill(tmp_path / "raw", ["bare_1.txt"])
    (raw / "bare_2.081").write_bytes(b"BIN\x00\x01\x02" * 9)
    (raw / "empty.txt").touch()
    (raw / "notes.md").write_text("notes", encoding="utf-8")
    (raw / "export.csv").write_text("a;b\n", encoding="utf-8")
    (raw / "copy of bare.txt").write_bytes((raw / "bare_1.txt").read_bytes())
    why = dict(left_out(new(study(tmp_path / "s"), raw)))
    assert set(why) == {"bare_2.081", "empty.txt", "export.csv", "copy of bare.txt"}
    assert "found binary data" in why["bare_2.081"] and "export it as text (tab separated)" in why["bare_2.081"]
    assert (
        "the file is empty" in why["empty.txt"] and why["copy of bare.txt"] == "the same, byte for byte, as bare_1.txt."
    )


def test_folders_that_cannot_become_a_study(tmp_path):
    with pytest.raises(StudyError, match=r"no such folder"):
        new(study(tmp_path / "a"), tmp_path / "nowhere")
    (tmp_path / "none").mkdir()
    with pytest.raises(StudyError, match=r"the folder holds no files"):
        new(study(tmp_path / "b"), tmp_path / "none")
    (tmp_path / "none" / "x.081").write_bytes(b"BIN\x00")
    with pytest.raises(
        StudyError, match=r"none of the files can be read; found 1 files. For example.*export it as text"
    ):
        new(study(tmp_path / "c"), tmp_path / "none")
    assert not (tmp_path / "c" / "study.toml").exists()


def test_the_text_export_of_a_file_that_is_there_is_no_second_run():
    def taken(name, kind="impedance"):
        return FoundFile(Path(name), "r", kind)

    files = [taken("a/bare_1.mpr"), taken("a/bare_1.mpt"), taken("b/bare_1.mpt"), taken("a/bare_1.txt")]
    seen = {s.path.as_posix(): s.why_not for s in once([*files, taken("a/lho.mpr", "cycling"), taken("a/lho.mpt")])}
    assert [name for name, why in seen.items() if why] == ["a/bare_1.mpt"]
    assert seen["a/bare_1.mpt"] == "the text export of bare_1.mpr, which is taken."


def test_a_workbook_is_what_can_be_read_in_it(tmp_path):
    raw = fill(tmp_path / "raw", ["bare_1.txt"])
    workbook(raw / "Notizen Gespräch.xlsx", [["on Monday", "we weighed"], ["bare 1", "8.3"]])
    titration = [["volume / mL", "pH"], *([f"{0.1 * i:.1f}", f"{10 - 0.3 * i:.2f}"] for i in range(20))]
    workbook(raw / "bare_titration.xlsx", titration)
    result = new(study(tmp_path / "s"), raw)
    words = "the workbook holds no table of an instrument that is known (icp_table, titration_table were tried)."
    assert left_out(result) == [("Notizen Gespräch.xlsx", words)]
    text = result.study.read_text(encoding="utf-8")
    assert 'bare_titration.xlsx"\nreader = "titration_table"' in text and "Notizen" not in text
    assert nacre.load(result.study)


def test_one_run_of_many_samples_is_of_each_of_them(tmp_path):
    raw = fill(tmp_path / "raw", ["bare_1.txt", "bare_2.txt", "lho_1.txt"])
    digests = tuple(emission.Digest(f"{name}-{i}", {"Li": 7.0}, 0.1) for name in ("bare", "lho") for i in (1, 2))
    readers()["icp_table"].write(
        emission.measure_emission(digests, emission.EmissionSpectrometer(), seed=1), raw / "icp.csv"
    )
    result = new(study(tmp_path / "s"), raw)
    assert dict(result.samples) == {"bare": 3, "lho": 2}
    assert nacre.load(result.study).samples.keys() == {"bare", "lho"}
    assert 'name = "icp"\nsample = ["bare", "lho"]' in result.study.read_text(encoding="utf-8")


def test_doses_stand_in_their_order(tmp_path):
    raw = fill(tmp_path / "raw", ["lno2_cell1.txt", "lno1_cell1.txt", "lno05_cell1.txt", "bare_cell1.txt"])
    assert list(new(study(tmp_path / "s"), raw).samples) == ["bare", "lno05", "lno1", "lno2"]


def test_what_is_no_data_by_its_ending_is_listed_apart(tmp_path):
    raw = fill(tmp_path / "raw", ["bare_1.txt", "sub/~$Massen.xlsx"])
    for name in ("sub/Thumbs.db", "Protokoll.pdf"):
        (raw / name).write_bytes(b"%\x00\x01")
    (raw / "sub" / "leer.txt").touch()
    result = new(study(tmp_path / "s"), raw)
    assert no_data(result) == ["Protokoll.pdf", "sub/Thumbs.db"]
    assert [name for name, _ in left_out(result)] == ["sub/leer.txt"]
    assert left_out(result)[0][1].startswith("the file is empty")

import textwrap

import pytest

import nacre
from nacre.core.errors import StudyError
from nacre.pipeline.loading.load import read
from nacre.pipeline.loading.problems import StudyProblems
from pipeline import toys


@pytest.fixture
def folder(tmp_path):
    return toys.make(tmp_path / "study")


def problems_of(folder, text=None):
    if text is not None:
        (folder / "study.toml").write_text(textwrap.dedent(text), encoding="utf-8")
    with pytest.raises(StudyProblems) as caught:
        nacre.load(folder)
    return caught.value.problems


def changed(old, new):
    assert old in toys.STUDY
    return toys.STUDY.replace(old, new)


def test_a_sound_study_loads(folder):
    study = nacre.load(folder / "study.toml")
    assert [m.name for m in study.measurements] == ["bare-1:n", "lho-1:n", "lho:sem"]
    assert str(study.cell("lho-1").inputs["cam_mass"]) == "8.10(10) mg"
    assert [step.do for step in study.sample("lho").steps] == ["heating", "coating"]
    assert study.contrasts == (("bare", "lho"),)


def test_every_mistake_is_named_at_once_with_its_line(folder):
    text = changed('cam_mass = "8.1(1) mg"', 'cam_mas = "8.1(1) mg"').replace("raw/{cell}.num", "raw/{cell}.nmu")
    text = text.replace('technique = "joint"', 'technique = "jiont"').replace("750 degC", "750 degZ")
    text = text.replace('"8.3(1) mg"', '"8,3 mg"')
    found = problems_of(folder, text)
    lines = textwrap.dedent(text).splitlines()
    for words, on_line in (
        ("did you mean 'cam_mass'", 'cam_mas = "8.1'),
        ("matches no file", "{cell}.nmu"),
        ("unknown technique 'jiont'", "jiont"),
        ("unknown unit 'degZ'", "degZ"),
        ("use a decimal point", "8,3 mg"),
    ):
        match = [p for p in found if words.lower() in p.text.lower()]
        assert match, (words, list(map(str, found)))
        assert on_line in lines[match[0].line - 1]


def test_a_misspelt_key_gets_a_suggestion(folder):
    found = problems_of(folder, changed('reference = "bare"', 'refrence = "bare"'))
    assert [str(p) for p in found] == ["study.toml:6: unknown key 'refrence'. Did you mean 'reference' or 'relevance'?"]


def test_unknown_sample_reader_option_and_circle(folder):
    text = changed('sample = "lho"\n    cam_mass', 'sample = "loh"\n    cam_mass')
    assert any("unknown sample 'loh'" in p.text for p in problems_of(folder, text))
    text = changed("[cell]\n", "[options.mean]\n    ofset = 1\n\n    [cell]\n")
    assert any("unknown option 'ofset'" in p.text and "offset" in p.text for p in problems_of(folder, text))
    text = changed("[cell]\n", "[options.mean]\n    offset = '3 mA'\n\n    [cell]\n")
    assert any("'mA' cannot become 'V'" in p.text for p in problems_of(folder, text))
    text = changed('standard = "mean:bare-1:n"', 'standard = "chain2"') + (
        '\n    [[analysis]]\n    name = "chain2"\n    technique = "calibrated"\n'
        '    inputs = { standard = "chain", sample = "lho-1:n" }\n'
    )
    assert any("depends on itself" in p.text for p in problems_of(folder, text))
    text = changed('name = "bare"\n    label', 'name = "bare"\n    like = "lho"\n    label')
    assert any("in a circle" in p.text for p in problems_of(folder, text))


def test_broken_toml_backslashes_and_encodings(folder):
    path = folder / "study.toml"
    path.write_text(textwrap.dedent(changed('"raw/{cell}.num"', r'"raw\{cell}.num"')), encoding="utf-8")
    with pytest.raises(StudyError, match="single quotes"):
        nacre.load(folder)
    path.write_bytes(textwrap.dedent(changed('label = "Bare"', 'label = "Prüfling"')).encode("cp1252"))
    with pytest.raises(StudyError, match=r"study.toml:11: not UTF-8 text.*Save it as UTF-8"):
        nacre.load(folder)
    text = textwrap.dedent(changed('"raw/{cell}.num"', r"'raw\{cell}.num'"))
    path.write_bytes(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())
    assert len(nacre.load(folder).measurements) == 3


def test_no_study_here(tmp_path):
    with pytest.raises(StudyError, match="nacre new"):
        nacre.load(tmp_path)


@pytest.mark.parametrize(
    "data",
    [
        b"cell,sample,cam_mass / mg\nc1,bare,8.32(5)\n",
        'cell;sample;cam_mass (mg);comment\r\nc1;bare;8,32(5);"ö; x"\r\n'.encode("cp1252"),
        "\ufeffcell\tsample\tcam_mass\n# weighed twice\nc1\tbare\t8.32(5) mg\n".encode(),
    ],
)
def test_cells_csv_as_excel_writes_it_anywhere(folder, data):
    (folder / "cells.csv").write_bytes(data)
    (folder / "raw/c1.num").write_text("NUMBERS\n1\n2\n", encoding="utf-8")
    study, problems = read(folder)
    assert not problems.errors
    assert str(study.cell("c1").inputs["cam_mass"]) == "8.32(5) mg"


def test_cells_csv_mistakes_have_lines(folder):
    (folder / "cells.csv").write_text("cell,sample,cam_mas / mg\nc1,bra,8.3\n,bare,1\n", encoding="utf-8")
    found = [str(p) for p in problems_of(folder)]
    assert any(p.startswith("cells.csv:1: unknown column 'cam_mas'") and "cam_mass" in p for p in found)
    assert any(p.startswith("cells.csv:2: unknown sample 'bra'") for p in found)
    assert any(p.startswith("cells.csv:3: a row without a cell name") for p in found)


def test_a_crashing_plugin_is_named_with_its_line(folder):
    (folder / "plugins/bad.py").write_text("x = 1\ny = 1 / 0\n", encoding="utf-8")
    found = problems_of(folder)
    assert any("plugins/bad.py:2" in p.text and "ZeroDivisionError" in p.text for p in found)


def test_segments(folder):
    good = 'segments = [{name = "formation", cycles = "1-2", rate = "0.1C"}, {name = "ageing", cycles = "13-"}]'
    (folder / "study.toml").write_text(
        textwrap.dedent(changed('files = "raw/{cell}.num"', f'files = "raw/{{cell}}.num"\n    {good}')),
        encoding="utf-8",
    )
    formation, ageing = nacre.load(folder).measurements[0].segments
    assert (formation.first, formation.last, formation.rate.unit) == (1, 2, "C-rate")
    assert (ageing.first, ageing.last, ageing.rate) == (13, None, None)
    bad = good.replace("1-2", "2-1")
    found = problems_of(folder, changed('files = "raw/{cell}.num"', f'files = "raw/{{cell}}.num"\n    {bad}'))
    assert any("cycles '2-1' are not like" in p.text for p in found)

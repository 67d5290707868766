"""The command line, as a process of its own: what it prints, where, and how it ends."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline import toys

SOURCE = Path(__file__).resolve().parents[2] / "src"
HEAVY = ("numpy", "polars", "scipy", "pydantic", "plotly", "matplotlib", "numba", "pint")


def nacre(*words, cwd=None, encoding="utf-8"):
    env = {**os.environ, "PYTHONPATH": str(SOURCE), "PYTHONIOENCODING": encoding, "COLUMNS": "200", "NO_COLOR": "1"}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "nacre", *map(str, words)],
        capture_output=True,
        check=False,
        cwd=cwd,
        env=env,
        timeout=120,
    )
    return done.returncode, done.stdout.decode(encoding), done.stderr.decode(encoding)


@pytest.fixture
def folder(tmp_path):
    return toys.make(tmp_path / "Prüfstand 1")


def test_help_imports_nothing_heavy():
    code = (
        "import sys\nsys.argv = ['nacre', '--help']\nfrom nacre.cli import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        f"print('HEAVY', [m for m in {HEAVY} if m in sys.modules])"
    )
    env = {**os.environ, "PYTHONPATH": str(SOURCE)}
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True, env=env).stdout
    assert out.strip().endswith("HEAVY []")
    assert all(verb in out for verb in ("new", "check", "run", "demo", "formats", "techniques", "cite", "schema"))


def test_an_error_is_one_sentence_and_exit_code_2(tmp_path):
    code, out, err = nacre("check", tmp_path / "nowhere")
    assert code == 2 and out == ""
    assert err.strip() == (
        f"{tmp_path / 'nowhere'}: no study here; expected a folder with study.toml. Try `nacre new FOLDER`."
    )
    code, _, err = nacre("new", tmp_path / "study", "--from", tmp_path / "nowhere")
    assert code == 2 and "no such folder" in err and "Traceback" not in err
    code, _, err = nacre("techniques", "nonesuch")
    assert code == 2 and err.startswith("unknown technique 'nonesuch'")
    code, _, err = nacre("schema", tmp_path)  # a folder, where a file is to be written
    assert code == 2 and "Traceback" not in err and len(err.strip().splitlines()) == 1


def test_check_names_all_mistakes_and_ends_with_1(folder):
    code, out, err = nacre("check", folder)
    assert (code, out.strip(), err) == (0, "The study is sound; 5 analyses would run.", "")
    path = folder / "study.toml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace('cam_mass = "8.3(1) mg"', "") + "\n[cell.spare]\nsample = 'bare'\n", encoding="utf-8")
    (folder / "raw/spare.num").write_text("NUMBERS\n1\n2\n", encoding="utf-8")
    code, out, _ = nacre("check", folder)
    assert code == 1 and out.splitlines()[-1] == "2 things to fix."
    assert "study.toml:35: cell 'bare-1': the mass of cathode active material is not given" in out


def test_a_study_that_does_not_load_names_each_mistake_with_its_line(folder):
    path = folder / "study.toml"
    text = path.read_text(encoding="utf-8").replace("8.3(1) mg", "8,3 mg").replace("750 degC", "750 degZ")
    path.write_text(text, encoding="utf-8")
    code, out, err = nacre("cite", folder)
    assert code == 2 and "Traceback" not in err and out == ""
    assert [line.partition(": ")[0] for line in err.splitlines()] == ["study.toml:15", "study.toml:26"]


def test_a_narrow_code_page_does_not_crash(folder):
    path = folder / "study.toml"
    text = path.read_text(encoding="utf-8").replace('"bare"\nlabel', '"bare"\nlike = "μ漢"\nlabel')
    path.write_text(text, encoding="utf-8")
    code, out, err = nacre("check", folder, encoding="cp1252")
    assert code == 1 and "unknown sample" in out and "Traceback" not in err
    code, out, err = nacre("check", folder.parent / "漢", encoding="cp1252")
    assert code == 2 and "no study here" in err


def test_lists_and_schema(folder, tmp_path):
    for verb in ("formats", "techniques"):
        code, _, err = nacre(verb)
        assert (code, err) == (0, "")
    code, _, _ = nacre("schema", tmp_path / "s.json", "--study", folder)
    assert code == 0
    assert any(
        line.startswith("rietveld ") and line.endswith("when asked for") for line in nacre("techniques")[1].splitlines()
    )
    assert nacre("run", "--help")[1].startswith("Usage: nacre run ")
    techniques = json.loads((tmp_path / "s.json").read_text(encoding="utf-8"))["$defs"]["AnalysisPart"]
    assert "joint" in techniques["properties"]["technique"]["enum"]


def test_usage_is_explained():
    code, out, err = nacre("run")
    assert code == 2 and "Missing argument" in err
    code, out, err = nacre("rnu", ".")
    assert code == 2 and "No such command 'rnu'" in err
    code, out, err = nacre()
    assert "Usage: " in out + err


def test_ctrl_c_says_that_nothing_is_lost(folder):
    code = (
        "import sys\nfrom nacre.pipeline.running import check\n"
        "def stop(path):\n    raise KeyboardInterrupt\n"
        f"check.check = stop\nsys.argv = ['nacre', 'check', {str(folder)!r}]\nfrom nacre.cli import main\nmain()"
    )
    env = {**os.environ, "PYTHONPATH": str(SOURCE)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False, text=True, env=env)
    assert done.returncode == 130 and "Traceback" not in done.stderr
    assert done.stderr.strip() == "Stopped. What was finished is kept; run again to go on."

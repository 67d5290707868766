"""The first five minutes of a new user: a folder of mixed files, a handful of commands, a handful of typed values."""

import json
import re
import shutil

import polars as pl
import pytest
from typer.testing import CliRunner

from nacre.cli.app import app
from nacre.core.registry import readers
from nacre.virtual.cycling.cycler import Cycler, Logging, simulate_cycler
from nacre.virtual.cycling.cycler_truth import Programme
from paper_truth import PAPER

PARTS = {
    "formation": Programme("formation", ((0.1, 1),), fresh=True),
    "rate_01": Programme("rate", ((0.2, 1),)),
    "rate_02": Programme("rate", ((0.5, 1),)),
    "rate_03": Programme("rate", ((1.0, 1),)),
    "cycling": Programme("cycling", ((0.2, 4),)),
}


class Terminal:
    """Counts what a user does: commands, and values typed into blanks."""

    def __init__(self):
        self.commands, self.typed = 0, 0

    def command(self, *words):
        self.commands += 1
        done = CliRunner().invoke(app, [str(word) for word in words], catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return done.output

    def type_into(self, path, pattern, *values):
        text = path.read_text(encoding="utf-8-sig")
        for value in values:
            text, n = re.subn(
                pattern, lambda match, value=value: f"{match[1]}{value}", text, count=1, flags=re.MULTILINE
            )
            assert n == 1, (pattern, value)
            self.typed += 1
        path.write_text(text, encoding="utf-8")


def virtual_file(path, sample, programme, seed):
    cycler = Cycler(log=Logging(10e-3, 600.0))
    readers()["maccor"].write(simulate_cycler(PAPER[sample], programme, cycler, seed=seed), path)


@pytest.fixture(scope="module")
def mixed(tmp_path_factory):
    """30 virtual files of six cells, in two folders, among other things that lie about."""
    raw = tmp_path_factory.mktemp("Messdaten März") / "MACCOR export"
    seed = 0
    for sample, label in (("bare", "Bare-NCM85"), ("lho", "LHO-NCM85")):
        for replicate in (1, 2, 3):
            for part, programme in PARTS.items():
                seed += 1
                path = raw / label / f"230301_{label}_cell{replicate}_{part}.txt"
                path.parent.mkdir(parents=True, exist_ok=True)
                virtual_file(path, sample, programme, seed)
    (raw / "readme.md").write_text("# notes\n", encoding="utf-8")
    (raw / "masses.xlsx").write_bytes(b"PK\x03\x04" + bytes(300))
    (raw / "LHO-NCM85" / "live.081").write_bytes(bytes(range(256)) * 200)
    return raw


@pytest.mark.slow
def test_thirty_mixed_files_reach_a_figure_in_five_commands_and_ten_typed_values(mixed, tmp_path):
    user, folder = Terminal(), tmp_path / "study"
    said = user.command("new", folder, "--from", mixed)
    assert "30 files" in said and "live.081" in said and "text" in said
    cells = folder / "cells.csv"
    user.type_into(cells, r"^([^,\n]+,[^,\n]+,)(?=,)", "8.32(5)", "8.30(5)", "8.35(5)", "8.29(5)", "8.31(5)", "8.33(5)")
    user.type_into(folder / "study.toml", r'^(diameter = ")(?=")', "10 mm")
    user.type_into(folder / "study.toml", r'^(one_c = ")(?=")', "190 mA/g")
    user.command("run", folder, "-j", "2")
    assert user.commands <= 5 and user.typed <= 10
    found = json.loads((folder / "results/results.json").read_text(encoding="utf-8"))
    first = [q for q in found["quantities"] if q["name"] == "discharge_capacity" and q["state"].get("rate_C") == 0.1]
    assert len(first) == 6 and {q["sample"] for q in first} == {"Bare-NCM85", "LHO-NCM85"}
    assert list((folder / "results/figures").glob("*.svg"))
    contrast = next(
        c for c in found["contrasts"] if c["name"] == "discharge_capacity" and c["state"].get("rate_C") == 0.1
    )
    assert contrast["reference"] == "Bare-NCM85" and contrast["n_treated"] == 3
    assert contrast["lo95"] < 25 < contrast["hi95"]


@pytest.mark.realdata
@pytest.mark.slow
def test_two_real_files_become_a_report_with_masses_and_areas_alone(realdata, tmp_path):
    raw, folder = tmp_path / "raw", tmp_path / "study"
    raw.mkdir()
    for name in ("maccor_two.txt", "maccor_three.txt"):
        shutil.copy(realdata / "cycling/cellpy" / name, raw / name)
    user = Terminal()
    user.command("new", folder, "--from", raw)
    user.type_into(folder / "cells.csv", r"^([^,\n]+,[^,\n]+,)(?=,)", "200", "8.3")
    user.type_into(folder / "study.toml", r'^(diameter = ")(?=")', "10 mm")
    user.command("run", folder, "-j", "1")
    assert (folder / "results/report.html").stat().st_size > 1e5
    found = json.loads((folder / "results/results.json").read_text(encoding="utf-8"))["quantities"]
    table = pl.read_parquet(folder / "results/cycles.parquet")
    table = table.drop_nulls("discharge_capacity / mAh/g")
    charged = dict(zip(table["cycle"], table["discharge_capacity / mAh/g"], strict=True))
    for cycle, wanted in ((1, 850.928), (2, 846.961), (3, 843.942)):  # mAh, over 0.2 g
        assert charged[cycle] * 0.2 == pytest.approx(wanted, abs=0.002)
    assert all(q["origin"] == "measured" for q in found)

"""One raw file is damaged: its analyses are named with a cure, all others are what they were, the report is whole."""

import random

import pytest

import nacre
from nacre.report.html import render
from studies import bench

# a file of each kind, and what is lost with it
LOST = {
    "lho-1_rate.txt": {"cycling:lho-1:rate", "dqdv:lho-1:rate", "rate:lho-1:rate"},
    "lho-1_eis.mpt": {"impedance:lho-1:eis"},
    "icp.csv": {"icp_oes:bare:icp", "icp_oes:lho:icp"},
    "lho_titration.txt": {"titration:lho:titration", "lithium-consumed"},
    "lho_xps.vms": {"surface-lho", "xps_quant:lho:xps", "hafnium"},
    "lho_ir_1.dpt": {"carbonate"},
    "lho_stem.emd": {"shell"},
    "lho_top.tif": {"sem_top:lho:top"},
    "lho_map.h5oina": {"eds_evenness:lho:map"},
    "si640f_xrd.raw": {"line-standard"},
}
# formats whose first part is a measurement that ended early: what is there is told, with a warning
READABLE = {"lho-1_rate.txt", "lho-1_eis.mpt", "icp.csv"}


def junk(n: int) -> bytes:
    return random.Random(1).randbytes(n)


DAMAGE = {
    "empty": lambda whole, folder: b"",
    "junk": lambda whole, folder: junk(3000),
    "cut": lambda whole, folder: whole[: 2 * len(whole) // 5],
    "of another instrument": lambda whole, folder: (
        (folder / "icp.csv").read_bytes()
        if (folder / "icp.csv").read_bytes() != whole
        else (folder / "lho_titration.txt").read_bytes()
    ),
}


def by_analysis(outcome):
    found = {}
    for result in outcome.results:
        found.setdefault(result.analysis, []).append((result.entries, result.checks))
    return found


@pytest.fixture
def damaged(whole):
    """Runs the study with one file in another state; afterwards the file is what it was."""
    folder, files = whole[0] / "raw", {}

    def run(name, how):
        files[name] = (folder / name).read_bytes()
        (folder / name).write_bytes(DAMAGE[how](files[name], folder))
        return nacre.run(whole[0])

    yield run
    for name, data in files.items():
        (folder / name).write_bytes(data)


@pytest.mark.slow
@pytest.mark.parametrize("how", DAMAGE)
@pytest.mark.parametrize("name", LOST)
def test_a_damaged_file_leaves_the_rest_whole(whole, damaged, name, how):
    before, outcome = by_analysis(whole[1]), damaged(name, how)
    after = by_analysis(outcome)
    assert after.keys() <= before.keys()
    for analysis in before.keys() - LOST[name]:
        assert after[analysis] == before[analysis], analysis
    if how == "cut" and name in READABLE:
        lost = before.keys() - after.keys()
        told = [check.text for a in LOST[name] & after.keys() for _, checks in after[a] for check in checks]
        assert lost <= LOST[name] and any("last line" in text or "cut there" in text for text in told)
        return
    assert before.keys() - after.keys() == LOST[name]
    errors = [failure.error for failure in outcome.failures]
    assert any(name in error for error in errors)
    assert all(error.count(".") >= 2 for error in errors if name in error)  # what is wrong, and what to do
    assert not any("crashed" in error for error in errors), errors


@pytest.mark.slow
def test_the_report_of_a_damaged_study_is_whole_and_names_the_file(whole, damaged):
    outcome = damaged("lho_stem.emd", "cut")
    words = bench.visible(render(outcome))
    assert "One analysis failed and left no numbers: analysis 'shell'" in words
    assert "lho_stem.emd" in words and "opy it again" in words
    assert "LHO-NCM85: Hf content 0.8" in words

"""docs/python.md: its blocks, run in order on a small virtual study that lies where the page says."""

import re
from pathlib import Path

from studies import bench

PAGE = Path(__file__).resolve().parents[2] / "docs" / "python.md"


def test_the_blocks_of_the_page_run(tmp_path, monkeypatch, capsys):
    bench.batches(tmp_path).rename(tmp_path / "mystudy")
    monkeypatch.chdir(tmp_path)
    made: dict = {}
    for block in re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL):
        exec(block, made)
    assert made["page"].is_file() and made["page"].name == "report.html"
    assert made["outcome"].failures == () and made["outcome"].doubts == ()
    assert {"sample", "cell", "quantity", "value", "unit", "std"} <= set(made["rows"][0])
    assert made["arrays"] and "mAh/g" in capsys.readouterr().out
    shown = repr(made["outcome"])
    assert shown.startswith("<Outcome of 'two-batches': ") and "quantities" in shown and len(shown) < 120
    assert len(repr(made["first"])) < 120, "a notebook shows what stands last in a cell"

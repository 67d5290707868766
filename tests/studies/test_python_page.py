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
    assert [p for p in made["problems"] if p.level == "error"] == []
    assert made["table"].height and set(made["table"]["name"]) == {"discharge_capacity"}
    assert set(made["table"]["cycle"]) == {1} and made["table"]["value"].null_count() == 0
    assert made["cycles"].height > made["table"].height and made["curve"].height and made["record"].height
    assert made["contrasts"].height == len(made["outcome"].contrasts) > 0
    assert "mAh/g" in capsys.readouterr().out
    shown = repr(made["outcome"])
    assert shown.startswith("<Outcome of 'two-batches': ") and "quantities" in shown and len(shown) < 120
    assert len(repr(made["first"])) < 120, "a notebook shows what stands last in a cell"
    for thing in (made["study"], made["outcome"], made["first"], made["capacity"], made["signal"]):
        text = thing._repr_html_()
        assert text.startswith("<div>") and len(text) < 50_000

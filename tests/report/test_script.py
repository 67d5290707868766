"""The report's script: nothing of it throws, on load or in print, whatever figures the page holds."""

import json
import re
import shutil
import subprocess
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import pytest

from nacre.core.outcome import LedgerRow
from nacre.report import html
from report.demo_outcome import demo

NODE = shutil.which("node")
BROWSER = next((path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), "")
FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync")
FLAGS += ("--disable-background-networking", "--disable-component-update", "--virtual-time-budget=20000")
PANEL = json.dumps({"panels": [{"traces": [], "layout": {"font": {}}}], "columns": []})

# put before the page's own scripts: keeps every error, and prints once all figures are drawn
RECORDER = """<script>
window.told = [];
addEventListener("error", (event) => told.push(event.message));
console.error = (...words) => told.push(words.join(" "));
addEventListener("load", () => setTimeout(() => {
  dispatchEvent(new Event("beforeprint"));
  const places = [...document.querySelectorAll(".plot")];
  const scaled = places.filter((place) => place.style.getPropertyValue("--ratio")).length;
  dispatchEvent(new Event("afterprint"));
  const all = places.length, drawn = document.querySelectorAll(".js-plotly-plot").length;
  document.body.textContent = "TOLD" + JSON.stringify({ told, all, drawn, scaled }) + "END";
}, 8000));
</script>"""


def tied():
    """An outcome whose ledger has a graph: a figure without data."""
    outcome = demo(cycles=12)
    row = LedgerRow("A", "hafnium found twice is the same", "holds", techniques=("icp", "xps"))
    return replace(outcome, ledger=(*outcome.ledger, row))


def ran(tmp_path, figures) -> dict:
    page = tmp_path / "figures.json"
    page.write_text(json.dumps(figures), encoding="utf-8")
    script = files("nacre.report").joinpath("report.js")
    stub = Path(__file__).with_name("script_stub.js")
    done = subprocess.run([NODE, stub, str(script), page], capture_output=True, text=True, check=True, timeout=120)
    return json.loads(done.stdout)


def figure(name, *, json=PANEL, drawn=True, bad=False) -> dict:
    return {"id": name, "json": json, "drawn": drawn, "bad": bad}


def figures_of(page: str) -> list[dict]:
    """The figures of a page as the stub wants them."""
    found = []
    for i, (head, body) in enumerate(re.findall(r"<figure([^>]*)>(.*?)</figure>", page, re.DOTALL)):
        data = re.search(r'<script type="application/json">(.*?)</script>', body, re.DOTALL)
        drawn = re.search(r'class="drawn\b', head) is not None
        found.append(figure(f"{i}", json=data[1] if data else None, drawn=drawn))
    return found


@pytest.fixture
def page(monkeypatch) -> str:
    monkeypatch.setattr(html, "_read_plotly", lambda: "")
    return html.render(tied())


def test_the_script_draws_what_has_data_and_no_other_figure(page):
    found = figures_of(page)
    assert [f["json"] is not None for f in found] == [f["drawn"] for f in found]
    assert [f["drawn"] for f in found].count(False) == 1  # the graph of the ledger
    without = figures_of(html.render(replace(demo(cycles=12), ledger=())))
    assert all(f["drawn"] for f in without) and len(without) == len(found) - 1


@pytest.mark.skipif(not NODE, reason="node is not installed")
def test_a_page_with_a_ledger_graph_is_drawn_and_scaled_for_print(tmp_path, page):
    found = figures_of(page)
    seen = ran(tmp_path, found)
    assert seen["errors"] == [] and seen["shown"] == []
    wanted = {f["id"] for f in found if f["drawn"]}
    assert set(seen["drawn"]) == set(seen["scaled"]) == wanted


@pytest.mark.skipif(not NODE, reason="node is not installed")
def test_a_figure_that_cannot_be_drawn_says_so_and_stops_no_other(tmp_path):
    seen = ran(tmp_path, [figure("a"), figure("b", bad=True), figure("c", json="not json"), figure("d")])
    assert set(seen["drawn"]) == {"a", "d"} and {"a", "d"} <= set(seen["scaled"])
    assert {name for name, _ in seen["shown"]} == {"b", "c"}
    assert "could not be drawn: bad trace" in dict(seen["shown"])["b"]
    assert {text.split(":")[0] for text in seen["errors"]} == {"b", "c"}


@pytest.mark.skipif(not BROWSER, reason="no chromium is installed")
def test_a_browser_finds_no_error_on_load_or_in_print(tmp_path):
    told = opened(html.render(tied()), tmp_path)
    assert told["told"] == []
    assert told["all"] == told["drawn"] == told["scaled"] > 5


def opened(page: str, folder: Path) -> dict:
    """What a browser tells of a page after it was loaded and printed."""
    file = folder / "report.html"
    file.write_text(page.replace("<body>", f"<body>{RECORDER}", 1), encoding="utf-8")
    command = [BROWSER, *FLAGS, f"--user-data-dir={folder / 'profile'}", "--dump-dom", file.as_uri()]
    done = subprocess.run(command, check=True, capture_output=True, text=True, encoding="utf-8", timeout=300)
    return json.loads(re.search(r"TOLD(\{.*?\})END</body>", done.stdout, re.DOTALL)[1])

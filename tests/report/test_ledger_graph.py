"""The ledger's graph: a line per pair that a relation ties, coloured by its worst verdict; nothing said that is not."""

import xml.etree.ElementTree as ET

from nacre.core.outcome import LedgerRow
from nacre.report.ledger_graph import ledger_graph


def row(name, verdict, *techniques, rule=""):
    return LedgerRow(name, name, verdict, techniques=techniques, rule=rule)


def lines(rows):
    tree = ET.fromstring(ledger_graph(rows))
    return [
        (line.find("title").text, line.get("stroke"), line.get("stroke-dasharray")) for line in tree.findall("line")
    ]


def test_each_pair_has_one_line_and_the_worst_verdict_shows():
    rows = [
        row("A", "holds", "icp_oes", "xps"),
        row("B", "broken", "xps", "icp_oes"),
        row("C", "cannot_tell", "stem_shell", "icp_oes"),
        row("D", "holds", "cycling"),
    ]
    assert lines(rows) == [
        ("ICP and TEM shell: 1 cannot be decided", "var(--line)", "5 5"),
        ("ICP and XPS: 1 hold, 1 broken (B)", "var(--bad)", None),
    ]
    words = "".join(ET.fromstring(ledger_graph(rows)).itertext())
    assert "cycling, within itself: 1 hold" in words


def test_what_is_only_computed_ties_nothing():
    assert ledger_graph([row("A", "cannot_tell", "icp", "xps", rule="computed only")]) == ""
    assert ledger_graph([]) == "" and ledger_graph([row("A", "holds", "icp")]) == ""


def test_names_are_escaped():
    assert "<b>" not in ledger_graph([row("A", "broken", "<b>x</b>", "icp")])

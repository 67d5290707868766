"""The ledger as a small graph: which technique supports which, and where they disagree. An inline SVG."""

import math
from collections import Counter
from collections.abc import Iterable
from html import escape
from itertools import combinations

from nacre.core import old_names
from nacre.core.outcome import LedgerRow
from nacre.report.findings import only_computed

_NAMES = {  # short enough to stand on the ring
    "icp_oes": "ICP",
    "xps": "XPS",
    "bet": "BET",
    "sem_cross": "SEM",
    "sem_top": "SEM top view",
    "stem_shell": "TEM shell",
    "dqdv": "dQ/dV",
    "atr_ir": "infrared",
    "rietveld": "diffraction",
}
_COLOURS = {"holds": "var(--good)", "broken": "var(--bad)", "cannot_tell": "var(--line)"}
_WORDS = {"holds": "hold", "broken": "broken", "cannot_tell": "cannot be decided"}
WIDTH, HEIGHT = 640, 400


def ledger_graph(rows: Iterable[LedgerRow]) -> str:
    """Techniques on a ring; a line for every two that a relation ties. "" where no relation ties two.

    A line is red where one of its relations is broken, green where one holds, else grey and dashed. A relation
    within one technique colours the ring of its point.
    """
    rows = [row for row in rows if row.techniques and not only_computed(row)]
    edges: dict[tuple[str, ...], list[LedgerRow]] = {}
    for row in rows:
        techniques = sorted(set(row.techniques))
        for pair in combinations(techniques, 2) if len(techniques) > 1 else [tuple(techniques)]:
            edges.setdefault(pair, []).append(row)
    names = sorted({name for pair in edges for name in pair})
    if not any(len(pair) == 2 for pair in edges):
        return ""
    places = {name: _place(k, len(names)) for k, name in enumerate(names)}
    lines = [_draw_line(pair, tied, places) for pair, tied in sorted(edges.items(), key=_rank) if len(pair) == 2]
    points = [_draw_point(name, places[name], edges.get((name,), [])) for name in names]
    words = "Which technique supports which"
    return (
        f'<svg class="ledger-graph" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{words}" '
        f'style="max-width: 42rem; width: 100%; height: auto"><title>{words}</title>'
        f"{''.join(lines)}{''.join(points)}</svg>"
    )


def _place(k: int, n: int) -> tuple[float, float]:
    angle = 2 * math.pi * k / n - math.pi / 2
    return WIDTH / 2 + 210 * math.cos(angle), HEIGHT / 2 + 160 * math.sin(angle)


def _find_worst(rows: Iterable[LedgerRow]) -> str:
    verdicts = {row.verdict for row in rows}
    return next(v for v in ("broken", "holds", "cannot_tell") if v in verdicts)


def _rank(item) -> tuple[int, tuple[str, ...]]:
    """Broken lines are drawn last, on top."""
    return ("cannot_tell", "holds", "broken").index(_find_worst(item[1])), item[0]


def _draw_line(pair: tuple[str, ...], rows: list[LedgerRow], places) -> str:
    (x1, y1), (x2, y2) = (places[name] for name in pair)
    verdict = _find_worst(rows)
    dash = ' stroke-dasharray="5 5"' if verdict == "cannot_tell" else ""
    title = f"{_name(pair[0])} and {_name(pair[1])}: {_count_verdicts(rows)}"
    return (
        f'<line x1="{x1:.0f}" y1="{y1:.0f}" x2="{x2:.0f}" y2="{y2:.0f}" stroke="{_COLOURS[verdict]}" '
        f'stroke-width="{1 + 0.5 * min(len(rows), 6):.1f}"{dash}><title>{escape(title)}</title></line>'
    )


def _draw_point(name: str, place: tuple[float, float], rows: list[LedgerRow]) -> str:
    x, y = place
    colour = _COLOURS[_find_worst(rows)] if rows else "var(--ink)"
    title = f"{_name(name)}, within itself: {_count_verdicts(rows)}" if rows else _name(name)
    side = "middle"  # names stand outside the circle: beside it, or above and below
    if abs(x - WIDTH / 2) > 5:
        side = "start" if x > WIDTH / 2 else "end"
    dx = {"start": 13, "end": -13, "middle": 0}[side]
    dy = 4
    if side == "middle":
        dy = -14 if y < HEIGHT / 2 else 24
    return (
        f'<circle cx="{x:.0f}" cy="{y:.0f}" r="7" fill="var(--paper)" stroke="{colour}" stroke-width="2.5">'
        f"<title>{escape(title)}</title></circle>"
        f'<text x="{x + dx:.0f}" y="{y + dy:.0f}" text-anchor="{side}" font-size="14" fill="var(--ink)" '
        f'font-family="var(--sans)">{escape(_name(name))}</text>'
    )


def _name(technique: str) -> str:
    return _NAMES.get(old_names.technique(technique), technique)  # relations of older plugins have older names


def _count_verdicts(rows: list[LedgerRow]) -> str:
    """`3 hold, 1 broken (G2)`."""
    counts = Counter(row.verdict for row in rows)
    broken = ", ".join(row.relation for row in rows if row.verdict == "broken")
    parts = [f"{counts[v]} {_WORDS[v]}" + (f" ({broken})" if v == "broken" else "") for v in _WORDS if counts[v]]
    return ", ".join(parts)

"""The coating procedure as a drawing (Fig. 1a of a coating study), from its recipe: an inline SVG."""

import math
import re
from html import escape

from nacre.cell.recipe.coating import Coating
from nacre.core.study import PreparationStep, Sample

_SUB = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
_FORMULA = re.compile(r"\b(?:[A-Z][a-z]?(?:\d+(?:\.\d+)?)?){2,}\b")


def pretty(text: str) -> str:
    """Formulas with subscripts: `Li2HfO3` becomes `Li₂HfO₃` (decimals stay as they are)."""
    return _FORMULA.sub(lambda m: m[0] if "." in m[0] else m[0].translate(_SUB), text)


def scheme(sample: Sample, coating: Coating) -> str:
    """Powder, particles on it, and the coating after annealing, labelled with what the recipe says."""
    heat = [step for step in sample.steps if "temperature" in step.conditions]
    anneal = heat[-1] if heat else None
    metal = " / ".join(pretty(phase) for phase in coating.phases) or pretty(coating.precursor)
    labels = (
        pretty(str(sample.inputs.get("cam", "powder"))),
        f"{pretty(coating.precursor)} nanoparticles on it",
        metal,
    )
    arrows = ((_describe_dose(coating), "dosing, drying"), (_describe_conditions(anneal), anneal.do if anneal else ""))
    parts = [_draw_particle(90, "bare"), _draw_particle(340, "dots"), _draw_particle(590, "shell")]
    parts += [_draw_arrow(165, *arrows[0]), _draw_arrow(415, *arrows[1])]
    parts += [_draw_text(x, 178, label, 13) for x, label in zip((90, 340, 590), labels, strict=True)]
    words = escape(f"Coating of {sample.title}")
    return (
        f'<svg viewBox="0 0 680 195" role="img" aria-label="{words}" xmlns="http://www.w3.org/2000/svg" '
        f'font-family="sans-serif"><title>{words}</title>{"".join(parts)}</svg>'
    )


def _describe_dose(coating: Coating) -> str:
    target, assay = coating.numbers.get("target"), coating.numbers.get("dispersion")
    return ", ".join([*([str(target)] if target else []), *([f"{assay} dispersion"] if assay else [])])


def _describe_conditions(step: PreparationStep | None) -> str:
    wanted = ("temperature", "time", "gas")
    return ", ".join(str(step.conditions[key]) for key in wanted if key in step.conditions) if step else ""


def _draw_particle(x: float, state: str) -> str:
    """A secondary particle of primary grains, with nanoparticles or a shell around it."""
    grains = [(0.0, 0.0)] + [(28 * math.cos(a * math.pi / 3), 28 * math.sin(a * math.pi / 3)) for a in range(6)]
    out = [f'<circle cx="{x + dx:.1f}" cy="{85 + dy:.1f}" r="17" fill="#b9c0c7" stroke="#fff"/>' for dx, dy in grains]
    if state == "shell":
        out.insert(0, f'<circle cx="{x}" cy="85" r="53" fill="#e8a33d"/><circle cx="{x}" cy="85" r="47" fill="#fff"/>')
    if state == "dots":
        for k in range(28):
            angle = 2 * math.pi * k / 28
            cx, cy = x + 50 * math.cos(angle), 85 + 50 * math.sin(angle)
            out.append(f'<circle cx="{cx:.1f}" cy="{cy:.1f}" r="4" fill="#4477aa"/>')
    return "".join(out)


def _draw_arrow(x: float, above: str, below: str) -> str:
    line = f'<path d="M{x} 85 H{x + 92} m-9 -6 l9 6 l-9 6" fill="none" stroke="#333" stroke-width="2"/>'
    words = [_draw_text(x + 48, 58 - 14 * (n - 1 - k), part, 11) for n, k, part in _draw_lines(above)]
    return line + "".join(words) + _draw_text(x + 48, 108, below, 11)


def _draw_lines(text: str) -> list[tuple[int, int, str]]:
    parts = [part for part in text.split(", ") if part]
    return [(len(parts), k, part) for k, part in enumerate(parts)]


def _draw_text(x: float, y: float, words: str, size: int) -> str:
    return f'<text x="{x}" y="{y}" font-size="{size}" text-anchor="middle" fill="#111">{escape(words)}</text>'

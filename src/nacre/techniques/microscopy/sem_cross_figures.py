"""Figures of cross-sections: the first picture with what was found in it, and the particles' crack fractions."""

import numpy as np

from nacre.core.context import Context
from nacre.core.figure import Axis, Figure, Panel, Series
from nacre.techniques.microscopy import micrographs


def draw(seen, context: Context) -> tuple[Figure, ...]:
    """The first picture, and the distribution over particles (drawn together for all samples)."""
    return _draw_picture(seen[0], len(seen), context), _draw_distribution(seen, context)


def _draw_picture(seen, n: int, context: Context) -> Figure:
    from skimage.measure import find_contours

    shot, section = seen.shot, seen.section
    open_ = [
        run
        for line, gap in zip(section.contours, section.opened, strict=True)
        for run in micrographs.split_runs(line, gap)
    ]
    cracks = find_contours(section.cracks.astype(float), 0.5)
    overlays = (
        micrographs.draw_contours(section.contours, shot, "particles"),
        micrographs.draw_contours(open_, shot, "gaps"),
        micrographs.draw_contours([c for c in cracks if len(c) > 8], shot, "cracks"),
        micrographs.draw_contours(find_contours(section.voids.astype(float), 0.5), shot, "voids"),
    )
    caption = (
        f"Cross-section (first of {n}) with what was measured in it: particles, gaps along them, cracks in "
        "them, and cracks and voids of the electrolyte."
    )
    panel = micrographs.draw_micrograph(shot, *overlays)
    return micrographs.make_figure("sem-cross", "Cross-section", (panel,), caption, "Fig. 5g", context)


def _draw_distribution(seen, context: Context) -> Figure:
    parts = [100 * p.crack_area / p.area for s in seen for p in s.section.particles if p.area > 0]
    x = np.sort(np.array(parts))
    y = 100 * (np.arange(x.size) + 0.5) / max(x.size, 1)
    who, stage = micrographs.make_subject(context), micrographs.get_state(context).get("stage", "")
    group = " ".join(str(w) for w in (who.cell, stage) if w)
    series = Series("steps", x, y, str(stage) or who.cell, who.sample, group)
    panel = Panel(Axis("Crack fraction of a particle", "%"), Axis("Particles with less", "%"), (series,))
    caption = "Cumulative distribution of the crack fraction over particles."
    return Figure(
        "sem-crack-distribution", "Cracks by particle", (panel,), caption, "Fig. 5h", context.synthetic, wide=False
    )

"""How fading reads in dQ/dV: lost lithium, lost active material, or undetermined.

In a layered oxide that cycles against an electrode of constant potential, lost active material takes its part of
every transition; lost lithium leaves the material short of lithium at the end of discharge, and takes from H1-M, the
transition at the lithium-rich end, alone (M. Dubarry, C. Truchot, B. Y. Liaw, J. Power Sources 2012, 219, 204). But
polarisation ends a charge and a discharge early, and that too takes from the ends: where it grew, neither mode can be
determined.
"""

from collections.abc import Mapping

from nacre.core.quantity import Quantity, derive
from nacre.core.result import Check

SMALL_GROWTH = 5.0  # mV of polarisation between the two cycles
NOTHING = 2.0  # points in %: less is no loss
ALIKE = 3.0  # points in %
REMEDY = "a slow cycle (C/20 or slower) and an impedance spectrum at both times would decide"


def explain_fading(where: str, kept: Mapping[str, Quantity], grown: Quantity | None, retained: float | None) -> Check:
    """A verdict on one part of a test.

    kept : late over early area in %, by transition; grown : growth of the H1-M polarisation in mV, None where it
    cannot be determined; retained : late over early discharge capacity in %.
    """
    head = f"loss of lithium or of active material in {where}"
    lacking = [name for name in ("H1-M", "M-H2", "H2-H3") if name not in kept]
    if lacking:
        why = f"there is no area of {' and '.join(lacking)} at both times"
        return Check("info", f"{head}: cannot be determined, {why}", REMEDY)
    words = ", ".join(f"{name} {q.value:.0f} %" for name, q in kept.items())
    words = f"kept: {words}" + (f", capacity {retained:.0f} %" if retained is not None else "")
    if all(q.value > 100 - NOTHING for q in kept.values()) and (retained or 100.0) > 100 - NOTHING:
        return Check("info", f"{head}: none is seen ({words})")
    verdict, cure = _judge_mode(kept, grown)
    return Check("info", f"{head}: {verdict} ({words})", cure)


def _judge_mode(kept: Mapping[str, Quantity], grown: Quantity | None) -> tuple[str, str]:
    """What the kept parts of all three transitions say, and what would settle it."""
    if grown is None:
        return "cannot be determined, the polarisation at both times is not known", REMEDY
    if grown.value > SMALL_GROWTH:
        why = f"H1-M on charge and on discharge moved apart by {grown.value:.0f} mV"
        return f"cannot be determined, {why}, and polarisation cuts transitions off too", REMEDY
    first, *others = kept.values()
    # lost material takes the same part of every transition, lost lithium takes from the lithium-rich end alone
    if all(_is_alike(first, other) for other in others):
        text = "reads as active material lost, or no longer reached: all transitions shrank alike"
        return text, "a slow cycle would distinguish lost from slow material"
    if all(other.value > 100 - ALIKE for other in others) and not _is_alike(first, others[0]):
        text = "reads as lithium lost: H1-M shrank alone, at the lithium-rich end"
        return text, "lithium that is merely slow to return looks the same"
    return "cannot be determined, the transitions shrank neither alike nor at one end", REMEDY


def _is_alike(a: Quantity, b: Quantity) -> bool:
    """Whether two kept parts agree, within what matters or twice the uncertainty of their difference."""
    gap = derive(lambda x, y: x - y, a, b, unit="%")
    return abs(gap.value) <= max(ALIKE, 2 * (gap.std or 0.0))

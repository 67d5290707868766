"""Studies of cells, as arrays: null studies, effects, margins, unequal scatter, bad cells, many cycles, doses."""

from dataclasses import dataclass, field, replace

import numpy as np

from truth.foreign.verdicts.endpoints import CAUSES, ENDPOINTS, FIRST, RETENTION, Endpoint, find_endpoint, true_contrast
from truth.foreign.verdicts.study import Side, Study, Truth

WEIGHING = 0.0025  # 0.02 mg of 8.3 mg, comes on top of `load`: a balance's data sheet states it
SHARED = 0.01  # the die and the mass fraction, common to all cells of a study


@dataclass(frozen=True)
class Plan:
    """What kind of study to draw.

    Attributes
    ----------
    n
        Cells of each side, the reference first.
    scatter
        Relative standard deviation of the first capacity between cells of one recipe, weighing left out; everything
        else scales with it.
    spread
        Factor on the scatter of each side: (1, 3) for a treatment that is hard to reproduce.
    effects
        Per endpoint the true effect of the last side: relative for a ratio, in the unit for the others.
    cycles
        Cycles of the test; retention is that of the last. 200 cycles lose what the endpoint's table says.
    stated
        "right": each value bears its true measurement uncertainty; "absent": none does; "mixed": the first half of
        the endpoints does.
    bad_cells
        Probability that a cell has a bad contact (a third of the cells that have one also leak).
    """

    n: tuple[int, ...] = (3, 3)
    scatter: float = 0.03
    spread: tuple[float, ...] = (1.0, 1.0)
    effects: dict[str, float] = field(default_factory=dict)
    cycles: int = 200
    stated: str = "right"
    bad_cells: float = 0.0
    endpoints: tuple[Endpoint, ...] = ENDPOINTS


def draw_study(plan: Plan, rng: np.random.Generator) -> tuple[Study, Truth]:
    """One study of a reference and a treated sample.

    Returns
    -------
    study, truth
        The sides are "bare" and "coated"; the truth holds one contrast per endpoint.
    """
    return draw_series(plan, ({}, plan.effects), (0.0, 1.0), "none", rng)


def draw_series(
    plan: Plan, effects: tuple[dict[str, float], ...], doses: tuple[float, ...], trend: str, rng: np.random.Generator
) -> tuple[Study, Truth]:
    """A study of several sides, the effects of each given; the first is the reference."""
    mass, area = rng.normal(0, SHARED, 2)
    common = {e.name: _error_of_all(e, mass, area) for e in plan.endpoints}
    sides = []
    for i, (effect, dose) in enumerate(zip(effects, doses, strict=True)):
        sides.append(_draw_side(plan, i, effect, dose, common, rng))
    shared = {e.name: SHARED for e in plan.endpoints if e.form == "ratio"}
    contrast = {e.name: tuple(true_contrast(e, side.get(e.name, 0.0)) for side in effects[1:]) for e in plan.endpoints}
    return Study(plan.endpoints, tuple(sides), plan.cycles, shared), Truth(contrast, trend)


def draw_doses(
    plan: Plan, levels: tuple[float, ...], trend: str, rng: np.random.Generator, name: str = FIRST, size: float = 0.15
) -> tuple[Study, Truth]:
    """A dose series: bare and each level, in wt%, `plan.n[0]` cells of each.

    "monotone" rises with the dose and levels off; "turning" rises to the full size at the middle dose and is back to
    nothing at the highest; "none" does neither.
    """
    doses = (0.0, *levels)
    effects = tuple({name: size * share} if share else {} for share in _shape_of(trend, doses))
    plan = replace(plan, n=(plan.n[0],) * len(doses), spread=(1.0,) * len(doses))
    return draw_series(plan, effects, doses, trend, rng)


def raise_capacities(size: float) -> dict[str, float]:
    """An effect on every capacity alike, for `Plan.effects`: more of the material takes part."""
    return {e.name: size for e in ENDPOINTS if _is_per_gram(e)}


def at_margin(plan: Plan, names: tuple[str, ...] | None = None, side: int = 1) -> Plan:
    """The same study with the true difference of these endpoints (all: None) exactly at the edge of what matters.

    `side` = 1 puts it at the upper edge, -1 at the lower. The lower edge of a ratio with margin 3 % is 1/1.03, so that
    both edges are as far from nothing in the logarithm.
    """
    chosen = names or tuple(e.name for e in plan.endpoints)
    return replace(plan, effects={name: _edge(find_endpoint(name), side) for name in chosen})


def _edge(endpoint: Endpoint, side: int) -> float:
    if endpoint.form == "ratio":
        return (1 + endpoint.margin) ** side - 1
    return side * endpoint.margin


def _error_of_all(endpoint: Endpoint, mass: float, area: float) -> float:
    """The mass fraction is in every charge per gram, the die in every resistance times area."""
    if endpoint.form != "ratio":
        return 0.0
    return float(mass if _is_per_gram(endpoint) else area)


def _shape_of(trend: str, doses: tuple[float, ...]) -> list[float]:
    top = max(doses)
    if trend == "none":
        return [0.0 for _ in doses]
    if trend == "monotone":
        return [(1 - np.exp(-2 * dose / top)) / (1 - np.exp(-2)) for dose in doses]
    if trend != "turning":
        raise ValueError(f"trend {trend!r}: none, monotone or turning")
    middle = doses[len(doses) // 2]
    return [float(np.interp(dose, [0, middle, top], [0, 1, 0])) for dose in doses]


def _draw_side(
    plan: Plan, i: int, effect: dict[str, float], dose: float, common: dict[str, float], rng: np.random.Generator
) -> Side:
    size = plan.scatter / 0.03 * plan.spread[i]
    causes = {name: rng.normal(0, size, plan.n[i]) for name in CAUSES}
    _spoil(causes, plan.bad_cells, rng)
    weighed = rng.normal(0, WEIGHING, plan.n[i])
    values, stated = {}, {}
    for k, endpoint in enumerate(plan.endpoints):
        exact = _draw_exact(_aged(endpoint, plan.cycles), causes, size, effect.get(endpoint.name, 0.0), rng)
        slip = common[endpoint.name] + weighed * _is_per_gram(endpoint)
        read = _read(endpoint, exact * np.exp(slip), rng)
        known = plan.stated == "right" or (plan.stated == "mixed" and k < len(plan.endpoints) / 2)
        values[endpoint.name] = read[:, None]
        stated[endpoint.name] = _uncertainty(endpoint, read)[:, None] if known else None
    name = ("bare", "coated")[i] if len(plan.n) == 2 else f"dose-{dose:g}"
    return Side(name, dose, values, stated, _curves(values, plan.cycles, rng))


def _draw_exact(
    endpoint: Endpoint, causes: dict[str, np.ndarray], size: float, effect: float, rng: np.random.Generator
) -> np.ndarray:
    """What the cells are, before anybody measures them."""
    moved = rng.normal(0, endpoint.own * size, causes["load"].size)
    for name, weight in endpoint.moves.items():
        moved += weight * causes[name]
    variance = size**2 * (sum(weight**2 for weight in endpoint.moves.values()) + endpoint.own**2)
    return _value(endpoint, moved, variance, effect)


def _spoil(causes: dict[str, np.ndarray], chance: float, rng: np.random.Generator) -> None:
    """Bad contacts: five standard deviations and more, always to the worse; both sides alike."""
    bad = rng.random(causes["contact"].size) < chance
    leaking = bad & (rng.random(bad.size) < 1 / 3)
    causes["contact"] += np.where(bad, rng.uniform(5, 9, bad.size), 0)
    causes["active"] -= np.where(bad, rng.uniform(1, 4, bad.size), 0)
    causes["leak"] += np.where(leaking, rng.uniform(3, 6, bad.size), 0)


def _aged(endpoint: Endpoint, cycles: int) -> Endpoint:
    """Retention lacks more the longer the test: as the root of the cycles, 15 % at 200."""
    if endpoint.name != RETENTION:
        return endpoint
    lacking = (100 - endpoint.typical) * np.sqrt(cycles / 200)
    return replace(endpoint, typical=100 - min(lacking, 60.0))


def _value(endpoint: Endpoint, moved: np.ndarray, variance: float, effect: float) -> np.ndarray:
    if endpoint.form == "ratio":
        return endpoint.typical * (1 + effect) * np.exp(moved)
    if endpoint.form == "plain":
        return endpoint.typical + effect + moved
    lacking = 100 - endpoint.typical - effect
    if lacking <= 0:
        raise ValueError(f"{endpoint.name}: an effect of {effect} points would be above 100 %")
    return 100 - lacking * np.exp(moved - variance / 2)


def _is_per_gram(endpoint: Endpoint) -> bool:
    return endpoint.unit == "mAh/g"


def _read(endpoint: Endpoint, exact: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    error = rng.normal(0, endpoint.error, exact.size)
    return exact * np.exp(error) if endpoint.form == "ratio" else exact + error


def _uncertainty(endpoint: Endpoint, read: np.ndarray) -> np.ndarray:
    """What the laboratory can state of one value: reading and weighing, not what cells differ by."""
    if endpoint.form != "ratio":
        return np.full(read.size, endpoint.error)
    weighing = WEIGHING if _is_per_gram(endpoint) else 0.0
    return read * np.hypot(endpoint.error, weighing)


def _curves(values: dict[str, np.ndarray], cycles: int, rng: np.random.Generator) -> np.ndarray | None:
    """Capacity of each cycle from the first to what is kept at the last, with the room's temperature in it."""
    if FIRST not in values or RETENTION not in values:
        return None
    along = np.sqrt(np.linspace(0, 1, cycles))
    kept = 1 - (1 - values[RETENTION] / 100) * along
    wander = rng.normal(0, 0.0005, kept.shape)
    wander[:, [0, -1]] = 0
    return values[FIRST] * kept * (1 + wander)

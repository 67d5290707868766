"""The package's rule of verdicts, asked as the foreign generator of studies asks any rule (see truth.foreign.verdicts).

Every number of a study of arrays becomes a quantity of a cell, as an analysis would give it; nothing else is added.
"""

from functools import lru_cache
from pathlib import Path
from types import SimpleNamespace

from nacre.core.quantity import Quantity
from nacre.core.result import Entry, Result, Subject
from nacre.core.study import Sample
from nacre.core.study import Study as OurStudy
from nacre.evidence.contrasts.contrast import contrasts
from nacre.evidence.contrasts.doses import dose_trends

AGEING = {"cycle": 200, "segment": "ageing"}
# (name, state, test within the cell's life) of the foreign endpoints
NAMES = {
    "discharge_capacity": ("discharge_capacity", {"cycle": 1, "rate_C": 0.1}, "rate"),
    "capacity_retention": ("capacity_retention", AGEING, "ageing"),
    "coulombic_efficiency": ("coulombic_efficiency", {"cycle": 1, "rate_C": 0.1}, "rate"),
    "discharge_capacity@0.2C": ("discharge_capacity", {"cycle": 4, "rate_C": 0.2}, "rate"),
    "discharge_capacity@0.5C": ("discharge_capacity", {"cycle": 6, "rate_C": 0.5}, "rate"),
    "discharge_capacity@1C": ("discharge_capacity", {"cycle": 8, "rate_C": 1.0}, "rate"),
    "discharge_capacity@2C": ("discharge_capacity", {"cycle": 10, "rate_C": 2.0}, "rate"),
    "mean_coulombic_efficiency": ("mean_coulombic_efficiency", {"segment": "ageing"}, "ageing"),
    "h1_m_shift": ("h1_m_shift", {"cycle": 200, "segment": "ageing"}, "ageing"),
    "r_cam_se@fresh": ("r_cam_se", {"cycle": 1}, "eis"),
    "r_cam_se@aged": ("r_cam_se", {"cycle": 200}, "eis"),
    "r_bulk": ("r_bulk", {"cycle": 1}, "eis"),
    "crack_growth": ("crack_growth", {}, ""),
    "gap_growth": ("gap_growth", {}, ""),
    "mean_discharge_voltage": ("mean_discharge_voltage", {"cycle": 1}, "rate"),
    "hf_ratio": ("species_ratio", {"of": "HfO2", "to": "Li2HfO3"}, ""),
    "hf_content": ("element_content", {"element": "Hf"}, ""),
}
TESTS = ("rate", "ageing", "eis")


@lru_cache(maxsize=8)
def _study(declared: tuple, margins: tuple) -> OurStudy:
    tests = tuple(SimpleNamespace(name=f"bare-0:{test}", cell="bare-0", sample="bare") for test in TESTS)
    asked = {"endpoints": {"relevance": dict(margins)}}
    study = OurStudy("foreign", Path("."), contrasts=(("reference", "treated"),), measurements=tests, extra=asked)
    if declared:  # a study.toml would say it under [lab.reproducibility]
        object.__setattr__(study, "lab", SimpleNamespace(reproducibility=dict(declared)))
    return study


def judge(study) -> dict[str, str]:
    """{foreign endpoint: verdict} of one study: of its last side against its first, and of trends over doses."""
    trends = judge_doses(study) if len(study.sides) > 2 else {}
    return _judge_pair(study) | trends


def _judge_pair(study) -> dict[str, str]:
    results = []
    for role, side in (("reference", study.reference), ("treated", study.treated)):
        results += _results_of(role, side, {e.name: e.unit for e in study.endpoints})
    declared = tuple((NAMES[name][0], Quantity(100 * sd, "%", 0.0)) for name, sd in study.declared.items())
    margins = tuple(dict.fromkeys((NAMES[e.name][0], _margin(e)) for e in study.endpoints))
    found = contrasts(_study(declared, margins), results)
    made = {(c.name, tuple(sorted(c.state.items()))): c.verdict for c in found}
    verdicts = {}
    for endpoint in study.endpoints:
        name, state, _ = NAMES[endpoint.name]
        verdicts[endpoint.name] = made.get((name, tuple(sorted(state.items()))), "cannot_tell")
    return verdicts


def judge_doses(study) -> dict[str, str]:
    """{trend:endpoint: verdict} of a dose series, its sides as the samples of one study."""
    samples = {side.name: Sample(side.name, inputs={"cam": "NCM"}, coating=_coating(side)) for side in study.sides}
    pairs = tuple((study.reference.name, side.name) for side in study.sides[1:])
    tests = _study((), ()).measurements
    ours = OurStudy("foreign", Path("."), samples=samples, contrasts=pairs, measurements=tests)
    units = {e.name: e.unit for e in study.endpoints}
    results = [result for side in study.sides for result in _results_of(side.name, side, units)]
    found = dose_trends(ours, results)
    made = {(t.name, tuple(sorted(t.state.items()))): t.verdict for t in found}
    keys = {e.name: (NAMES[e.name][0], tuple(sorted(NAMES[e.name][1].items()))) for e in study.endpoints}
    return {f"trend:{name}": made[key] for name, key in keys.items() if key in made}


def _coating(side) -> dict[str, str]:
    return {"precursor": "HfO2", "target": f"{side.dose} wt%"} if side.dose else {}


def _margin(endpoint) -> str:
    """A difference that matters to nobody, as study.toml would say it."""
    return f"{100 * endpoint.margin} %" if endpoint.form == "ratio" else f"{endpoint.margin} {endpoint.unit}"


def _results_of(role, side, units):
    replicates = next(iter(side.values.values())).shape[0]
    one_specimen = side.capacities is None
    for endpoint, values in side.values.items():
        name, state, test = NAMES[endpoint]
        unit = units[endpoint]
        for i in range(replicates):
            cell = "" if one_specimen else f"{role}-{i}"
            for k, value in enumerate(values[i]):
                if value != value:  # not measured
                    continue
                stated = side.stated.get(endpoint)
                std = None if stated is None else float(stated[i, k])
                q = Quantity(float(value), unit, std, origin="measured")
                subject = Subject(role, cell, f"{cell or role}:{test}" if test else "")
                where = f"x:{cell or role}:{endpoint}:{i}:{k}"
                repeat = {"spot": k, "batch": f"{role}-{i}"} if one_specimen and replicates > 1 else {}
                repeat |= {"spot": k} if one_specimen else {}
                yield Result("foreign", where, subject, (Entry(name, q, {**state, **repeat}),))

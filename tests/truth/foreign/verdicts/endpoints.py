"""The endpoints of a coating study and what moves them within one cell.

Every value of a cell hangs on a few causes that the cell has once:

load      true over weighed mass of active material, less one: every charge per gram moves with it, and the higher the
          rate, the more (a thicker electrode)
active    share of the particles that takes part: every capacity, nothing else
contact   logarithm of the contact to the electrolyte: resistances, and the capacity the more the higher the rate
leak      logarithm of the side reactions: what efficiencies lack of 100 %, and a part of the fade
fade      logarithm of the ageing: what retention lacks of 100 %, the aged resistance, cracks and gaps

A cause has standard deviation 1 times `scatter / 0.03` from cell to cell; the table says by how much an endpoint moves
with it. `own` is what is left to the endpoint alone. Three forms of endpoint:

ratio     value = typical * exp(sum): log-normal; an effect is relative (0.15 = 15 % more), its truth the logarithm
deficit   value = 100 - lacking * exp(sum), mean of the exponential 1: skewed, below 100; an effect is in points
plain     value = typical + sum: normal; an effect is in the endpoint's unit
"""

from dataclasses import dataclass, field
from math import log1p

CAUSES = ("load", "active", "contact", "leak", "fade")


@dataclass(frozen=True)
class Endpoint:
    """One number of a cell that a study compares.

    `margin` is the difference that matters to nobody: relative for a ratio, in the unit for the others. `error` is the
    standard uncertainty of measuring it, in the same terms; what weighing adds stands in `load` and not here.
    """

    name: str
    unit: str
    form: str
    typical: float
    role: str
    margin: float
    own: float
    error: float
    moves: dict[str, float] = field(default_factory=dict)


def _capacity(name: str, typical: float, rate_c: float, role: str = "secondary") -> Endpoint:
    """A charge per gram; contact and loading weigh in with the rate."""
    moves = {"load": 0.010 * (1 + 0.5 * rate_c), "active": 0.027, "contact": -0.010 * rate_c}
    return Endpoint(name, "mAh/g", "ratio", typical, role, 0.03, 0.004, 0.001, moves)


RETENTION = "capacity_retention"
FIRST = "discharge_capacity"

PRIMARY = (
    _capacity(FIRST, 190.0, 0.1, "primary"),
    Endpoint(RETENTION, "%", "deficit", 85.0, "primary", 2.0, 0.05, 0.05, {"fade": 0.15, "leak": 0.06}),
)

SECONDARY = (
    Endpoint("coulombic_efficiency", "%", "deficit", 88.0, "secondary", 1.0, 0.05, 0.05, {"leak": 0.05}),
    _capacity("discharge_capacity@0.2C", 182.0, 0.2),
    _capacity("discharge_capacity@0.5C", 170.0, 0.5),
    _capacity("discharge_capacity@1C", 152.0, 1.0),
    _capacity("discharge_capacity@2C", 121.0, 2.0),
    Endpoint("mean_coulombic_efficiency", "%", "deficit", 99.85, "secondary", 0.05, 0.15, 0.01, {"leak": 0.30}),
    Endpoint("h1_m_shift", "mV", "plain", 18.0, "secondary", 5.0, 1.5, 0.5, {"contact": 3.0, "fade": 2.0}),
    Endpoint("r_cam_se@fresh", "ohm cm2", "ratio", 60.0, "secondary", 0.20, 0.08, 0.02, {"contact": 0.15}),
    Endpoint(
        "r_cam_se@aged", "ohm cm2", "ratio", 240.0, "secondary", 0.20, 0.08, 0.02, {"contact": 0.15, "fade": 0.20}
    ),
    Endpoint("r_bulk", "ohm cm2", "ratio", 38.0, "secondary", 0.10, 0.03, 0.01, {"contact": 0.01}),
    Endpoint("crack_growth", "%", "plain", 6.0, "secondary", 1.5, 0.6, 0.5, {"fade": 0.7}),
    Endpoint("gap_growth", "%", "plain", 4.0, "secondary", 1.5, 0.5, 0.5, {"fade": 0.5}),
    Endpoint("mean_discharge_voltage", "mV", "plain", 3720.0, "secondary", 10.0, 2.0, 0.5, {"contact": -4.0}),
)

ENDPOINTS = PRIMARY + SECONDARY


def find_endpoint(name: str) -> Endpoint:
    """The endpoint of this name.

    Raises
    ------
    KeyError
        Where there is none.
    """
    for endpoint in ENDPOINTS:
        if endpoint.name == name:
            return endpoint
    raise KeyError(f"no endpoint {name!r}; there are {', '.join(e.name for e in ENDPOINTS)}")


def true_contrast(endpoint: Endpoint, effect: float) -> float:
    """What a study of endless cells would find: logarithm of the ratio, or the difference in the endpoint's unit."""
    return log1p(effect) if endpoint.form == "ratio" else effect

"""What the shift of the followed phase transition must fulfil together with impedance: rows of the ledger.

Overpotential and resistance belong to one state of charge: that of the transition's peak.
"""

from nacre.materials.transitions import find_followed

NAME, SHIFT = find_followed().name, find_followed().shift
AGEING = {"rate_C": "$rate", "segment": "$segment", "cycle": "$early", "to_cycle": "$n"}
MOVED = {"quantity": SHIFT, "state": AGEING, "unit": "mV"}
LATE = {"quantity": "r_cam_se", "state": {"cycle": "$n", "at": NAME}}
AT_PEAK = "at the voltage of the peak"
BUTLER_VOLMER = (
    "2000 * gas_constant * temperature / faraday"
    " * asinh(r * current / 1000 * faraday / (2 * gas_constant * temperature))"
)


def _describe_first_shift(cycle: dict) -> dict:
    return {"quantity": SHIFT, "state": cycle, "of": "reference", "unit": "mV"}


def _describe_current(**mass: str) -> dict:
    return {
        "one_c": {"input": "one_c", "unit": "mA/g", "exact": True},
        "mass": {"input": "cam_mass", "unit": "mg", **mass},
        "area": {"input": "area", "unit": "cm2", "exact": True},
    }


RELATIONS = (
    {
        "id": "first-shift",
        "words": f"shift of the {NAME} peak in the first cycle over the current is the difference of interfacial "
        "resistance there",
        "each": "pair",
        "unit": "ohm cm2",
        "computed": "shift / current",
        "stated": "r_reference - r_treated",
        "techniques": ["dqdv", "impedance"],
        "operands": {
            "shift": _describe_first_shift({"cycle": 1, "rate_C": "$rate"}),
            "current": {"relation": "pair-current"},
            "r_reference": {"quantity": "r_cam_se", "state": {"cycle": 1, "at": NAME}, "of": "reference"},
            "r_treated": {"quantity": "r_cam_se", "state": {"cycle": 1, "at": NAME}},
        },
        "how": {
            "r_reference": f"impedance in cycle 1 {AT_PEAK}",
            "r_treated": f"impedance in cycle 1 {AT_PEAK}",
        },
    },
    {
        "id": "pair-current",
        "words": "current per electrode area at the rate of a peak shift",
        "each": "pair",
        "unit": "mA/cm2",
        "computed": "one_c * mass / 1000 / area * rate",
        "techniques": ["recipe"],
        "operands": {**_describe_current(of="reference"), "shift": _describe_first_shift({"rate_C": "$rate"})},
    },
    {
        "id": "ageing-current",
        "words": "current per electrode area at the rate of the ageing",
        "each": "subject",
        "unit": "mA/cm2",
        "computed": "one_c * mass / 1000 / area * rate",
        "techniques": ["recipe"],
        "operands": {**_describe_current(), "shift": MOVED},
    },
    {
        "id": "ageing-shift",
        "words": f"shift of the {NAME} peak over the current is the growth of interfacial resistance there, if that is "
        "linear",
        "each": "subject",
        "unit": "ohm cm2",
        "computed": "shift / current",
        "stated": "r_late - r_early",
        "techniques": ["dqdv", "impedance"],
        "operands": {
            "shift": MOVED,
            "current": {"relation": "ageing-current"},
            "r_late": LATE,
            "r_early": {"quantity": "r_cam_se", "state": {"cycle": "$early", "at": NAME}},
        },
        "how": {
            "r_late": f"impedance after the last cycle {AT_PEAK}",
            "r_early": f"impedance after the early cycle {AT_PEAK}",
        },
    },
    {
        "id": "overpotential-linear",
        "words": f"resistance times current is at least the shift of the {NAME} peak (a film without Butler-Volmer "
        "kinetics)",
        "each": "subject",
        "unit": "mV",
        "computed": "r * current",
        "stated": "shift",
        "rule": "at least",
        "techniques": ["impedance", "dqdv"],
        "operands": {"r": LATE, "current": {"relation": "ageing-current"}, "shift": MOVED},
        "how": {"r": f"impedance after the last cycle {AT_PEAK}"},
    },
    {
        "id": "overpotential-butler-volmer",
        "words": "overpotential of charge transfer with this resistance, 2RT/F asinh(j R F / 2RT), is at least the "
        f"shift of the {NAME} peak",
        "each": "subject",
        "unit": "mV",
        "computed": BUTLER_VOLMER,
        "stated": "shift",
        "rule": "at least",
        "techniques": ["impedance", "dqdv"],
        "operands": {
            "r": LATE,
            "current": {"relation": "ageing-current"},
            "temperature": {"input": "temperature", "unit": "K", "exact": True},
            "shift": MOVED,
        },
        "how": {"r": f"impedance after the last cycle {AT_PEAK}"},
    },
)

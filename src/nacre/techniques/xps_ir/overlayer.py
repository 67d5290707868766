"""What a survey scan says of a layer on the active material: thickness where the substrate's signal still allows it.

A layer that is thicker than 3 lambda cos theta leaves nothing of the substrate; what is seen of that then comes through
holes, and determines the part that is covered. Where nothing of the substrate is seen, that part has a lower bound.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from nacre.core.context import Context
from nacre.core.errors import NacreError, NotAssessable
from nacre.core.quantity import Quantity
from nacre.core.result import Check, Entry
from nacre.core.signal import Signal
from nacre.materials.library import composition, load_builtin
from nacre.materials.spectra.xps_factors import Factor, load_imfp_inputs
from nacre.physics.xps_ir import depth as xps_depth
from nacre.techniques.xps_ir.survey_options import XpsQuantOptions

SEEN = 6.0
_BOTH = (
    "O",
    "Li",
    "H",
    "C",
    "P",
    "F",
    "S",
    "Cl",
    "N",
)  # may be in both
_TPP_2M = 0.11  # relative error of the escape depths
_ONE_SIDED = 1.645  # standard deviations of a 95 % bound


@dataclass(frozen=True)
class SurveyLine:
    """An element's line: area in counts eV with its counting error, amount in units of C 1s counts eV, and per area."""

    factor: Factor
    area: float
    error: float
    amount: float
    per_area: float

    @property
    def seen(self) -> bool:
        return self.area > SEEN * self.error


Found = tuple[list[Entry], list[Check]]


def judge_layer(
    lines: Sequence[SurveyLine],
    seen: Mapping[str, SurveyLine],
    context: Context,
    signal: Signal,
    options: XpsQuantOptions,
) -> Found:
    """Thickness where the substrate's signal gives it, else coverage, else a bound; nothing where no layer is named.

    Raises NacreError where the angle, the active material or the layer's element is missing.
    """
    if not options.layer:
        return [], []
    angle, cam = signal.metadata.get("emission_angle_deg"), context.text("cam")
    if angle is None:
        raise NacreError(
            "the emission angle is not in the file", where=signal.where, do="leave `layer` empty, or export it"
        )
    if not cam:
        raise NacreError(
            "the substrate's formula is not given", where=context.where, do='add cam = "..." to the sample'
        )
    own = options.layer_element or _find_metal(options.layer, signal.where)
    options = replace(
        options, layer_element=own, substrate_element=options.substrate_element or _find_substrate_metal(cam, own)
    )
    if own not in seen:
        return [], [Check("info", f"no {own} is detected: the layer cannot be assessed")]
    below = options.substrate_element
    bound = None if below in seen else _bound_line(lines, below)
    if below not in seen and bound is None:
        return [], [Check("info", f"the scan does not reach a line of {below}: the layer cannot be assessed")]
    shown = seen if bound is None else {**seen, below: bound}
    kinds = [
        _describe_material(name, shown, options, cam, math.radians(angle), signal)
        for name in options.layer.split(" or ")
    ]
    limit = min(kind.limit for kind in kinds)
    thick = options.known_thickness is not None and options.known_thickness > limit
    if bound is not None:
        return _report_hidden(kinds, limit, options, thick, bound)
    if thick or max(kind.apparent for kind in kinds) > limit:
        return _report_coverage(kinds, limit, options, shown[below])
    return _report_thickness(kinds, limit, options, shown[own])


def _report_coverage(
    kinds: Sequence["LayerMaterial"], limit: float, options: XpsQuantOptions, line: SurveyLine
) -> Found:
    parts = [100 * xps_depth.compute_coverage(kind.ratio) for kind in kinds]
    part = 0.5 * (min(parts) + max(parts))
    std = math.hypot(
        part * (1 - part / 100) * _compute_relative_error(options), 0.5 * (max(parts) - min(parts)) / math.sqrt(3)
    )
    coverage = Quantity(part, "%", std, basis="propagated", origin="measured")
    why = (
        f"{_describe_uniform(kinds, limit)}: no thickness is given, but the coverage if the layer is thick where it is"
    )
    return [Entry("shell_coverage", coverage, {"line": line.factor.name})], [Check("warn", why)]


def _report_hidden(
    kinds: Sequence["LayerMaterial"], limit: float, options: XpsQuantOptions, thick: bool, most: SurveyLine
) -> Found:
    """Nothing of the substrate is seen: the bounds that the most there can be of it leaves."""
    weaker = 1 - _ONE_SIDED * _compute_relative_error(options)
    part = 100 * min(xps_depth.compute_coverage(kind.ratio * weaker) for kind in kinds)
    thin = min(kind.thicker(weaker) for kind in kinds)
    text = f"{most.factor.name} is not seen: a uniform layer is thicker than {min(thin, limit):.1f} nm, "
    text += f"one that is thick where it is covers more than {part:.0f} % (95 %)"
    if not thick and thin <= limit:
        return [], [Check("info", text)]
    coverage = Quantity(100.0, "%", None, part, 100.0, basis="counting", origin="measured")
    return [Entry("shell_coverage", coverage, {"line": most.factor.name})], [Check("warn", text)]


def _report_thickness(
    kinds: Sequence["LayerMaterial"], limit: float, options: XpsQuantOptions, line: SurveyLine
) -> Found:
    depths = [kind.apparent for kind in kinds]
    depth, spread = 0.5 * (min(depths) + max(depths)), 0.5 * (max(depths) - min(depths)) / math.sqrt(3)
    up = max(kind.thicker(1 + _compute_relative_error(options)) - kind.apparent for kind in kinds)
    std = math.sqrt(up**2 + (_TPP_2M * depth) ** 2 + spread**2)
    thickness = Quantity(depth, "nm", std, basis="propagated", origin="measured")
    note = f"{_describe_uniform(kinds, limit)}; islands that are thicker would look the same"
    return [Entry("shell_thickness", thickness, {"line": line.factor.name})], [Check("info", note)]


def _describe_uniform(kinds: Sequence["LayerMaterial"], limit: float) -> str:
    found = ", ".join(f"{kind.apparent:.1f} nm of {kind.name}" for kind in kinds)
    return f"a uniform layer would be {found}; above {limit:.1f} nm (3 lambda cos theta) no thickness can be determined"


def _compute_relative_error(options: XpsQuantOptions) -> float:
    """Relative standard uncertainty of a ratio of two amounts."""
    return math.sqrt(2) * options.factor_error / 100


def _bound_line(lines: Sequence[SurveyLine], element: str) -> SurveyLine | None:
    """The line of an element that is not seen, with the most that may hide in its noise (95 %)."""
    line = next((line for line in lines if line.factor.element == element), None)
    if line is None:
        return None
    area = max(line.area, 0.0) + _ONE_SIDED * line.error
    return replace(line, area=area, amount=area * line.per_area)


def _find_metal(layer: str, where: str) -> str:
    metals = {e for name in layer.split(" or ") for e in composition(load_builtin()[name].formula)} - set(_BOTH)
    if len(metals) != 1:
        raise NacreError(
            "which element is in the layer alone?", where=where, found=layer, do='give layer_element = "..."'
        )
    return metals.pop()


def _find_substrate_metal(cam: str, own: str) -> str:
    """The most abundant metal of the active material that the layer does not hold. Raises NacreError where none is."""
    atoms = {element: n for element, n in composition(cam).items() if element not in (own, *_BOTH)}
    if not atoms:
        raise NacreError("which element is in the substrate alone?", found=cam, do='give substrate_element = "..."')
    return max(atoms, key=lambda element: atoms[element])


@dataclass(frozen=True)
class LayerMaterial:
    """What the signals say if the layer is of this material: ratio to the substrate, thickness and its limit in nm."""

    name: str
    ratio: float
    own: float
    through: float
    angle: float

    @property
    def apparent(self) -> float:
        return self.thicker(1.0)

    @property
    def limit(self) -> float:
        return xps_depth.solve_layer_thickness(self.ratio, self.own, self.through, self.angle)[1]

    def thicker(self, factor: float) -> float:
        """The thickness for `factor` times the ratio."""
        return xps_depth.solve_layer_thickness(self.ratio * factor, self.own, self.through, self.angle)[0]


def _describe_material(
    name: str, seen, options: XpsQuantOptions, cam: str, angle: float, signal: Signal
) -> LayerMaterial:
    own, through = _compute_lengths(name, options, seen, signal.metadata["photon_energy_eV"])
    return LayerMaterial(name, max(_compute_signal_ratio(name, seen, options, cam), 0.0), own, through, angle)


def _compute_lengths(name: str, options: XpsQuantOptions, seen, photon: float) -> tuple[float, float]:
    """Attenuation lengths (nm) in the layer of its own line and of the substrate's line, by TPP-2M."""
    inputs = load_imfp_inputs(name)
    if inputs is None:
        raise NotAssessable(
            f"escape depths in {name} are not known", do="leave `layer` empty: valence and gap are missing"
        )
    material = load_builtin()[name]
    density, mass = material.density.value.to("g/cm3").value, material.molar_mass.to("g/mol").value
    energies = [photon - seen[e].factor.energy for e in (options.layer_element, options.substrate_element)]
    own, through = xps_depth.compute_inelastic_mean_free_path(np.array(energies), density, mass, *inputs)
    return float(own), float(through)


def _compute_signal_ratio(name: str, seen, options: XpsQuantOptions, cam: str) -> float:
    """Signal of layer over substrate, each against its bulk: the bulk of each has its own atoms per volume."""
    layer, substrate = load_builtin()[name], load_builtin()[cam]
    dense = []
    for material, element in ((layer, options.layer_element), (substrate, options.substrate_element)):
        per = composition(material.formula)[element]
        dense.append(per * material.density.value.to("g/cm3").value / material.molar_mass.to("g/mol").value)
    amounts = [seen[e].amount for e in (options.layer_element, options.substrate_element)]
    return (amounts[0] / dense[0]) / (amounts[1] / dense[1])

"""What may be chosen about a survey scan and the layer it shows."""

from dataclasses import dataclass

from nacre.core.options import option


@dataclass(frozen=True)
class XpsQuantOptions:
    """Options of `xps_quant`: expected elements, errors of the factors, and a layer."""

    expected: tuple[str, ...] = option((), "elements that are no surprise, beside those of the sample, C and O")
    factor_error: float = option(
        10.0,
        "relative standard uncertainty of factor, escape depth and transmission",
        unit="%",
        lo=0.0,
        hi=100.0,
        lab="xps.factor_error",
    )
    layer: str = option("", "material of a layer whose thickness or coverage is wanted, like 'HfO2 or Li2HfO3'")
    layer_element: str = option("", "element that only the layer has; else the metal of its formula")
    substrate_element: str = option("", "element that only the substrate has; else the active material's first metal")
    known_thickness: float | None = option(None, "thickness of the layer known otherwise", unit="nm", lo=0.0)

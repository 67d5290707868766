"""Quantities, states and names as a sentence or a table cell says them. Everything returned is plain text or Markup."""

import math
import re
from collections.abc import Mapping
from typing import Any

from markupsafe import Markup, escape

from nacre.core.display.style import formula, pretty_unit
from nacre.core.errors import NacreError
from nacre.core.quantity import Quantity, show
from nacre.core.vocabulary import word

ORIGIN_WORDS = {
    "measured": "measured",
    "synthetic": "virtual data",
    "reported": "published",
    "calibrated": "calibrated",
    "predicted": "predicted",
    "derived": "derived",
}
BASIS_WORDS = {"none": "no uncertainty estimated", "given": "as given", "last-digit": "last digit"}


def name_words(name: str, state: Mapping[str, Any] | None = None) -> str:
    """A quantity's name in words, in its state where the words hold one (`Hf content`); the bare name where the
    vocabulary does not know it."""
    try:
        return formula(word("quantity", name).words_of(state or {}))
    except NacreError:
        return name.replace("_", " ")


def name_meaning(name: str) -> str:
    try:
        return formula(word("quantity", name).meaning)
    except NacreError:
        return ""


def technique_words(name: str) -> str:
    """A technique as people call it; the bare name of one that nobody knows."""
    try:
        return word("technique", name).words
    except NacreError:
        return name.replace("_", " ")


def symbol(name: str, state: Mapping[str, Any] | None = None) -> Markup:
    """A quantity's symbol with its index lowered: `q_dis` -> q<sub>dis</sub>."""
    try:
        text = word("quantity", name).symbol_of(state or {})
    except NacreError:
        return Markup("")
    parts = re.split(r"_([^\s/)>]+)", text)
    return Markup("").join(Markup("<sub>{}</sub>").format(p) if i % 2 else escape(p) for i, p in enumerate(parts))


def state_words(state: Mapping[str, Any], name: str = "") -> str:
    """A state as it is spoken: `cycle 1, 0.1C, ageing`; without what the words of the quantity `name` say already."""
    said = _list_fields_of_name(name)
    order = ("stage", "phase", "region", "segment", "direction", "cycle", "to_cycle", "rate_C", "temperature_degC")
    keys = [key for key in state if key not in said]
    keys.sort(key=lambda key: (order.index(key) if key in order else len(order), key))
    return ", ".join(_describe_state(key, state[key]) for key in keys)


def _list_fields_of_name(name: str) -> tuple[str, ...]:
    try:
        return word("quantity", name).fields if name else ()
    except NacreError:
        return ()


def _describe_state(key: str, raw) -> str:
    value = f"{raw:g}" if isinstance(raw, float) else str(raw)
    forms = {
        "cycle": "cycle {}",
        "to_cycle": "to cycle {}",
        "rate_C": "{}C",
        "temperature_degC": "{} °C",
        "at": "at {}",
    }
    if isinstance(raw, str) and key not in forms:  # a word speaks for itself
        return value
    if key in forms:
        return forms[key].format(value)
    try:
        row = word("state", key)
    except NacreError:
        return f"{key.replace('_', ' ')} {value}"
    return f"{row.words} {value} {pretty_unit(row.unit)}".strip()


def number(value: float | None, digits: int = 4) -> str:
    """A number for reading; an en dash where there is none."""
    if value is None or not math.isfinite(value):
        return "–"
    return _format_signed(f"{value:.{digits}g}") if abs(value) < 10**digits else _format_signed(f"{value:.0f}")


def like(value: float, scale: float) -> str:
    """A number to three significant digits of `scale` (the larger thing it stands beside)."""
    decimals = max(0, 2 - math.floor(math.log10(abs(scale)))) if scale and math.isfinite(scale) else 0
    return _format_signed(f"{value:.{min(decimals, 12)}f}")


def _format_signed(text: str) -> str:
    """A true minus sign, and powers of ten as they are printed."""
    mantissa, _, power = text.partition("e")
    tail = f" × 10{str(int(power)).translate(str.maketrans('-0123456789', '⁻⁰¹²³⁴⁵⁶⁷⁸⁹'))}" if power else ""
    return mantissa.replace("-", "−") + tail


def value(quantity: Quantity) -> str:
    """`8.32(5)`, without the unit."""
    return _format_signed(show(quantity, with_unit=False))


def with_unit(text: str, unit: str) -> str:
    tail = pretty_unit(unit)
    if not tail:
        return text
    # a rate is written without a space: 0.1C
    return f"{text}{tail}" if tail == "C" else f"{text} {tail}"


def quantity(q: Quantity) -> str:
    """`8.32(5) mg`."""
    return with_unit(value(q), q.unit)


def interval(lo: float | None, hi: float | None) -> str:
    """`7.1 to 9.3`, both ends to the digits that their distance deserves."""
    if lo is None or hi is None or not (math.isfinite(lo) and math.isfinite(hi)):
        return "–"
    step = (hi - lo) or abs(hi) or 1.0
    decimals = min(12, max(0, 1 - math.floor(math.log10(step))))
    return _format_signed(f"{lo:.{decimals}f}") + " to " + _format_signed(f"{hi:.{decimals}f}")


def uncertainty(q: Quantity) -> str:
    """How the uncertainty came about, in words."""
    if q.std is None and not q.bounded:
        least = with_unit(f"{q.known_std:.2g}", q.unit)
        return f"at least ± {least}, the rest is not estimated" if q.known_std else BASIS_WORDS["none"]
    if q.std == 0:
        return "exact"
    return BASIS_WORDS.get(q.basis, q.basis.replace("-", " "))


def several(parts: list[str]) -> str:
    """`a, b and c`."""
    if len(parts) < 2:
        return "".join(parts)
    return ", ".join(parts[:-1]) + " and " + parts[-1]


def count(n: int, one: str, many: str = "") -> str:
    """`no cells`, `one cell`, `12 cells`."""
    small = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
    return f"{small[n] if n <= 12 else n} {one if n == 1 else many or one + 's'}"


def sentence(text: str) -> str:
    """With a capital, unless it begins with a file's name or a number, and a full stop."""
    text = text.strip()
    first = text.split(" ")[0].rstrip(",.;")
    capital = text[:1] if re.search(r"[._/\\:\d]", first) else text[:1].upper()
    return text and capital + text[1:] + ("" if text[-1] in ".?!" else ".")

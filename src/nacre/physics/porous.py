"""Pressed layers of mixed powders: whether the fractions of their components can be."""

import math
from collections.abc import Sequence


class LayerError(ValueError):
    """A layer that cannot be."""


def check_fractions(fractions: Sequence, names: Sequence[str] = (), tolerance: float = 1e-6) -> None:
    """Check fractions.

    Parameters
    ----------
    fractions : Sequence
        Fractions of the components.
    names : Sequence[str], optional
        Their names, for the message of the error.
    tolerance : float, optional
        How far the sum may lie from 1.

    Raises
    ------
    LayerError
        Where a fraction is negative or they do not sum to 1 within `tolerance`.
    """
    for i, value in enumerate(fractions):
        if not value >= 0:
            raise LayerError(
                f"the fraction of {names[i] if names else f'component {i + 1}'} is {value}; expected 0 to 1"
            )
    total = math.fsum(fractions)
    if abs(total - 1) > tolerance:
        listed = f" ({', '.join(f'{n} {x:g}' for n, x in zip(names, fractions, strict=True))})" if names else ""
        raise LayerError(
            f"the fractions sum to {total:.6g}, not 1{listed}; a component is missing or a number is mistyped"
        )

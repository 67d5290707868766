"""Readings of loss: each verdict from areas made for it, and none where the data do not separate the causes."""

import pytest

from nacre.core.quantity import Quantity
from nacre.techniques.cycling.degradation_modes import explain_fading


def areas(*values, std=0.5):
    return {n: Quantity(v, "%", std) for n, v in zip(("H1-M", "M-H2", "H2-H3"), values, strict=False)}


STILL = Quantity(1.0, "mV", 0.5)


@pytest.mark.parametrize(
    ("kept", "grown", "retained", "words"),
    [
        (
            areas(81, 82, 80),
            STILL,
            81.0,
            "reads as active material lost, or no longer reached: all transitions shrank alike",
        ),
        (areas(70, 99, 100), STILL, 90.0, "reads as lithium lost: H1-M shrank alone, at the lithium-rich end"),
        (areas(99.5, 99, 100), STILL, 99.0, "none is seen (kept: H1-M 100 %, M-H2 99 %, H2-H3 100 %, capacity 99 %)"),
        (areas(70, 85, 80), STILL, 78.0, "cannot be determined, the transitions shrank neither alike nor at one end"),
        (
            areas(47, 46, 42),
            Quantity(119, "mV", 1),
            46.0,
            "cannot be determined, H1-M on charge and on discharge moved apart by 119 mV",
        ),
        (areas(81, 82, 80), None, 81.0, "cannot be determined, the polarisation at both times is not known"),
        (areas(81, 82), STILL, 81.0, "cannot be determined, there is no area of H2-H3 at both times"),
        (areas(70, 90, 85, std=12.0), STILL, 80.0, "all transitions shrank alike"),
    ],
)
def test_verdicts(kept, grown, retained, words):
    check = explain_fading("cycles 1 to 200", kept, grown, retained)
    assert check.text.startswith("loss of lithium or of active material in cycles 1 to 200: ")
    assert words in check.text


def test_a_verdict_names_what_would_tell():
    assert "slow cycle" in explain_fading("x", areas(47, 46, 42), Quantity(119, "mV", 1), None).do
    assert "slow to return" in explain_fading("x", areas(70, 99, 100), STILL, None).do

"""Fades as cells show them, with knees and without: activation, seasons, square-root ageing, drifting noise."""

import numpy as np


def draw_noise(n: int, rng: np.random.Generator, size: float) -> np.ndarray:
    """White noise and a little that wanders, of the whole `size` (n,)."""
    wander = np.zeros(n)
    for i in range(1, n):
        wander[i] = 0.8 * wander[i - 1] + rng.normal(0, 0.6)
    return size * (0.8 * rng.normal(0, 1, n) + 0.6 * wander)


def draw_rise(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """A capacity that first rises by 0.5 to 5 %, then fades on a line: no knee."""
    n = int(rng.integers(60, 400))
    x = np.arange(1.0, n + 1)
    tau = rng.uniform(0.01, 0.12) * n
    q = 170 * (1 + rng.uniform(0.005, 0.05) * (1 - np.exp(-x / tau))) - rng.uniform(0.05, 0.35) * 170 * x / n
    return x, q + draw_noise(n, rng, rng.uniform(0.1, 0.5))


def draw_season(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """A line with a slow season of 0.7 %: no knee."""
    n = int(rng.integers(60, 400))
    x = np.arange(1.0, n + 1)
    wave = np.sin(2 * np.pi * (x / n / rng.uniform(0.4, 1.6) + rng.uniform()))
    q = 170 * (1 + 0.007 * wave) - rng.uniform(0.03, 0.3) * 170 * x / n
    return x, q + draw_noise(n, rng, rng.uniform(0.1, 0.4))


def draw_knee(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, float]:
    """A fade that speeds up three- to eightfold at a cycle, over a few cycles: a knee, and where it is."""
    n = int(rng.integers(80, 400))
    x = np.arange(1.0, n + 1)
    place, width = rng.uniform(0.3, 0.75) * n, rng.uniform(0.002, 0.02) * n
    before = rng.uniform(0.04, 0.12) * 170 / n
    after = before * rng.uniform(3, 8)
    q = 170 - before * x - (after - before) * width * np.logaddexp(0, (x - place) / width)
    return x, q + draw_noise(n, rng, rng.uniform(0.1, 0.5)), place

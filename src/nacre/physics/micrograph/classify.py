"""Pixels told apart from a few labelled strokes: a small trainable classifier.

Each pixel is described by the image and its derivatives at several blurs (brightness, slope, the two principal
curvatures), as trainable segmentation does (I. Arganda-Carreras et al., Bioinformatics 33 (2017) 2424); the classes
are told by multinomial logistic regression with a ridge (T. Hastie, R. Tibshirani, J. Friedman, The Elements of
Statistical Learning, 2nd ed., Springer 2009, 4.4). Classes count alike, however many pixels of them are labelled.
"""

import numpy as np
from scipy import ndimage as ndi
from scipy.optimize import minimize

SCALES = (1.0, 2.0, 4.0, 8.0)
MOST = 20_000  # labelled pixels that are used
CALM = 0.7  # pixels over which the scores are averaged: a pixel is like its neighbours


def compute_features(image: np.ndarray, scales=SCALES) -> np.ndarray:
    """Descriptions (rows, columns, 1 + 4 per scale) of the pixels, in units of the image's own spread."""
    image = np.asarray(image, float)
    image = (image - image.mean()) / (image.std() or 1.0)
    found = [image]
    for s in scales:
        gy, gx = (s * ndi.gaussian_filter(image, s, order=order) for order in ((1, 0), (0, 1)))
        yy, xx, xy = (s * s * ndi.gaussian_filter(image, s, order=order) for order in ((2, 0), (0, 2), (1, 1)))
        middle, half = (xx + yy) / 2, np.hypot((xx - yy) / 2, xy)
        found += [ndi.gaussian_filter(image, s), np.hypot(gx, gy), middle + half, middle - half]
    return np.stack(found, axis=-1)


def compute_probabilities(image: np.ndarray, strokes: np.ndarray, ridge: float = 5e-3, seed: int = 0):
    """(classes (k,), probability (rows, columns, k)) from `strokes` (rows, columns), 0 where nothing is labelled.

    Raises ValueError for fewer than two classes or another shape.
    """
    if image.shape != strokes.shape:
        raise ValueError(f"strokes of shape {strokes.shape} for an image of shape {image.shape}")
    classes = np.unique(strokes[strokes > 0])
    if classes.size < 2:
        raise ValueError(f"labels of {classes.size} class: two are needed to tell them apart")
    x = compute_features(image)
    at = np.flatnonzero(strokes.ravel() > 0)
    if at.size > MOST:
        at = np.random.default_rng(seed).choice(at, MOST, replace=False)
    flat = x.reshape(-1, x.shape[-1])
    weights, centre, spread = _fit_classifier(
        flat[at], np.searchsorted(classes, strokes.ravel()[at]), classes.size, ridge
    )
    scores = (((flat - centre) / spread) @ weights[:-1] + weights[-1]).reshape(*image.shape, classes.size)
    scores = ndi.gaussian_filter(scores, (CALM, CALM, 0))
    p = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return classes, p / p.sum(axis=-1, keepdims=True)


def classify_pixels(image: np.ndarray, strokes: np.ndarray, **choices) -> np.ndarray:
    """The likeliest class of every pixel (rows, columns), by the numbers of the strokes."""
    classes, p = compute_probabilities(image, strokes, **choices)
    return classes[p.argmax(axis=-1)]


def _fit_classifier(x: np.ndarray, y: np.ndarray, k: int, ridge: float):
    centre, spread = x.mean(axis=0), x.std(axis=0) + 1e-9
    z = np.column_stack([(x - centre) / spread, np.ones(len(x))])
    aim = np.eye(k)[y]
    share = (1.0 / (k * np.bincount(y, minlength=k)))[y]
    held = np.ones((z.shape[1], 1)) * ridge
    held[-1] = 0.0  # the offset is free

    def loss(flat):
        w = flat.reshape(-1, k)
        s = z @ w
        s = s - s.max(axis=1, keepdims=True)
        p = np.exp(s)
        p /= p.sum(axis=1, keepdims=True)
        value = -(share * np.log(np.maximum((p * aim).sum(axis=1), 1e-300))).sum() + 0.5 * (held * w * w).sum()
        return value, (z.T @ (share[:, None] * (p - aim)) + held * w).ravel()

    found = minimize(loss, np.zeros(z.shape[1] * k), jac=True, method="L-BFGS-B", options={"maxiter": 400})
    return found.x.reshape(-1, k), centre, spread

"""Velox's stream of X-ray events: one 16-bit number per event, in the order in which the beam visits the pixels.

A number below 65535 is the channel of a photon; 65535 ends a pixel. Pixels follow row after row, frame after frame.
The last pixel of a recording may lack its end, and the last frame may be cut short. A stream does not say how large a
frame is; sizes that the file gives elsewhere are judged by the number of ended pixels.
"""

import math
from dataclasses import dataclass

import numpy as np

from nacre.core.errors import ReadError

END = 65535


@dataclass(frozen=True)
class Scan:
    """The scanned area: rows and columns of pixels, and how many frames were taken (the last perhaps in part)."""

    rows: int
    columns: int
    frames: int
    missing: int = 0

    @property
    def pixels(self) -> int:
        return self.rows * self.columns


def scan_of(
    ended: int, frames: int | None, first_frame: int | None, candidates: list[tuple[int, int]], where: str
) -> Scan:
    """The candidate (rows, columns) that fits the number of ended pixels, the fullest where several do.

    frames : how many the file says it has, None where it does not; first_frame : pixels ended within the first frame,
    where that is known. Raises ReadError where none fits.
    """
    fits = []
    for rows, columns in dict.fromkeys(candidates):
        pixels = rows * columns
        taken = math.ceil(ended / pixels) if pixels > 0 else 0
        if not taken or (frames and taken != frames) or (first_frame and first_frame not in (pixels, pixels - 1)):
            continue
        missing = taken * pixels - ended
        fits.append(Scan(rows, columns, taken, 0 if missing == 1 else missing))
    if not fits:
        sizes = ", ".join(f"{c} x {r}" for r, c in dict.fromkeys(candidates)) or "none"
        raise ReadError(
            "the scanned area cannot be told: no size in the file fits the number of pixels in its stream",
            where=where,
            found=f"{ended} pixels in {frames or 'an unknown number of'} frames; sizes {sizes}",
            do="open the map in Velox and save it again",
        )
    return min(fits, key=lambda scan: scan.missing / (scan.pixels * scan.frames))


def _pixels(stream: np.ndarray, scan: Scan) -> np.ndarray:
    """The pixel (row after row) of every photon of a stream."""
    ends = stream == END
    return np.cumsum(ends)[~ends] % scan.pixels


def busiest(streams: list[np.ndarray], scan: Scan) -> int:
    """Photons in the pixel that has most, of all streams and frames."""
    counts = [np.bincount(_pixels(stream, scan), minlength=scan.pixels) for stream in streams]
    return int(np.sum(counts, axis=0).max())


def add_to(cube: np.ndarray, stream: np.ndarray, scan: Scan, step: int) -> tuple[int, int]:
    """Adds a stream's events to a cube (pixels, channels), `step` channels of the detector to one of the cube's.

    Returns (events added, events beyond the cube's channels).
    """
    pixel = _pixels(stream, scan)
    channel = stream[stream != END] // step
    inside = channel < cube.shape[1]
    np.add.at(cube, (pixel[inside], channel[inside]), 1)
    return int(inside.sum()), int((~inside).sum())


def events(counts: np.ndarray) -> np.ndarray:
    """The stream (uint16) of one frame of counts (rows, columns, channels)."""
    flat = counts.reshape(-1, counts.shape[-1])
    pixel, channel = np.nonzero(flat)
    times = flat[pixel, channel]
    return np.insert(
        np.repeat(channel, times).astype(np.uint16),
        np.cumsum(flat.sum(axis=1)),
        np.uint16(END),
    )

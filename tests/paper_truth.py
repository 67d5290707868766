"""The truth behind the reference study's virtual files, from the study itself."""

from pathlib import Path

from nacre.virtual.cycling.cycler_truth import load_cells

STUDY = Path(__file__).resolve().parents[1] / "studies" / "lho-ncm85"
PAPER = load_cells(STUDY / "truth.toml")

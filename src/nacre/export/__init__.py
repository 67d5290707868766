"""What leaves the program: results.json, curves, print figures."""

from nacre.export.write import write_all

__all__ = ["write_all"]

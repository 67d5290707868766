"""Facts about phases and materials, each number with its source and status; a study adds its own."""

from nacre.materials.layered import ncm
from nacre.materials.library import Library, builtin
from nacre.materials.material import STATUSES, Cell, Conductivity, Fact, Material

__all__ = ["STATUSES", "Cell", "Conductivity", "Fact", "Library", "Material", "builtin", "ncm"]

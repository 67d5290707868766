"""Facts about phases and materials, each number with its source and status; a study adds its own."""

from nacre.materials.layered import write_ncm
from nacre.materials.library import Library, load_builtin
from nacre.materials.material import STATUSES, Conductivity, Material, MaterialFact, UnitCell

__all__ = ["STATUSES", "Conductivity", "Library", "Material", "MaterialFact", "UnitCell", "load_builtin", "write_ncm"]

"""What a notebook shows of a study and of all that comes of it; see `nacre.core.notebook_hook`."""

from nacre.notebook.show import show

__all__ = ["show"]

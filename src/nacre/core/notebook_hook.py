"""How the nouns of a study show themselves in a notebook, without knowing how to draw.

Drawing needs the rooms above this one (words, print figures). The class below therefore looks nacre.notebook up by its
name when a notebook asks, and imports nothing of ours; without the rest of the package it shows nothing special.
"""

from importlib import import_module


class ShowsInNotebook:
    """A thing that a notebook shows as HTML: its words, its table, its first figure."""

    __slots__ = ()

    def _repr_html_(self) -> str | None:
        """What Jupyter asks for; None (plain text then) where it cannot be drawn."""
        return import_module("nacre.notebook").show(self)

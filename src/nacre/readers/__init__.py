"""Instrument formats, one file each: the module docstring is the specification of the format."""

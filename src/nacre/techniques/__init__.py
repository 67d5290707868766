"""Techniques, one file each: options, analysis, figures."""

"""Powder diffraction patterns."""

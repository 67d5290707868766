"""Scanning and transmission electron microscopy, with EDS and EELS."""

"""Micrographs, maps and spectra of electron microscopes."""

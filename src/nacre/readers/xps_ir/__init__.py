"""Photoelectron and infrared spectra."""

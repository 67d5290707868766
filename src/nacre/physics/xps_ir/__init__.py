"""Photoelectron and infrared spectra: line shapes, fits, depth, baselines."""

"""Impedance spectra: circuits, their fit, Kramers-Kronig validity, relaxation times. SI units throughout."""

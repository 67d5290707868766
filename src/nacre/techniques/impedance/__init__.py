"""Impedance spectroscopy."""

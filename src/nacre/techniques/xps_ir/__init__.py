"""Photoelectron and infrared spectroscopy."""

"""Galvanostatic cycling, rate capability and differential capacity."""

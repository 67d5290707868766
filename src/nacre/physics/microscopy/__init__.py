"""Electron microscopy: shells, fringes, spots, energy losses, X-ray maps."""

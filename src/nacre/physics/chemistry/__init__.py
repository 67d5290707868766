"""Formulas, reactions, balances, calibration lines and titrations."""

"""The cell linearised: impedance, its causes and its derivatives."""

"""Records of battery cyclers."""

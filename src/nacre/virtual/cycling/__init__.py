"""Virtual cyclers."""

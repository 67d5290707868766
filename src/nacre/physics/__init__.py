"""Mathematics of the package: pure functions of arrays in SI units. Imports nothing of ours."""

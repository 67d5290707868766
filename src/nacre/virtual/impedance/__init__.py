"""Virtual potentiostats."""

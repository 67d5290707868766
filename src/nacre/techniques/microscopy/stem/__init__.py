"""STEM-EDS maps of shells and particles."""

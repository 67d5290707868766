"""Virtual electron microscopes."""

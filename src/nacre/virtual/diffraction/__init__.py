"""A virtual diffractometer."""

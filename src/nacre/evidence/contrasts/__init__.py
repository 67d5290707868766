"""Coated against bare: values joined by meaning, units of replication, tests, endpoints and verdicts."""

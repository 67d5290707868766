"""Comparisons of few values: t tests, equivalence, many endpoints, trends over doses."""

"""Nacre: from the raw files of a cathode-coating study to answers, each with an uncertainty and a trail back."""

__version__ = "0.1.0"

"""Slow states of a cell over many cycles, and what changes them."""

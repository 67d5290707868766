"""Micrographs as arrays: flattening, phases, particles, cracks and gaps, texture, evenness of counts, statistics."""

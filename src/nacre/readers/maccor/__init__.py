"""MACCOR text exports."""

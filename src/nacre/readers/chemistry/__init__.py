"""Wet chemistry: ICP-OES and titration."""

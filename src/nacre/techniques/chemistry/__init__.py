"""ICP-OES and acid titration."""

"""Half cycles, differential capacity and fading."""

"""A virtual ICP-OES and a virtual titrator."""

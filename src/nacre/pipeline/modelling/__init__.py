"""The cell model on a study: simulate, sweep, calibrate, predict."""

"""Virtual photoelectron and infrared spectrometers."""

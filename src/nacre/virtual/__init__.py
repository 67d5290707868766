"""Virtual instruments: known truth in, synthetic raw signals out."""

"""A folder of raw files -> a first study.toml."""

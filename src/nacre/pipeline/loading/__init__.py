"""study.toml and cells.csv -> Study, with everything that is wrong named at once."""

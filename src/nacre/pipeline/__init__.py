"""From study.toml to an Outcome: load, check, task graph, cache, run."""

"""The task graph, its cache, and the workers that run it."""

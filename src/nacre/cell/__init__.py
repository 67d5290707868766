"""The cell: from what was weighed to a geometry, from a protocol in words to steps."""

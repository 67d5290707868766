"""From what was weighed and dosed to the numbers of a cell model."""

"""The report: one HTML file that opens anywhere. Sees results only, never a technique."""

"""A calibration and its predictions as Results: quantities, curves and figures that the report shows."""

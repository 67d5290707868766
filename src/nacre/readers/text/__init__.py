"""What text readers share: files of any encoding, lines and their cells, numbers, clocks, quantities with units."""

"""Tables of lines, bands, sensitivity factors and species."""

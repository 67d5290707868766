"""BioLogic EC-Lab files: .mpr and .mpt, cycling and impedance."""

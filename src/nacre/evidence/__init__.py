"""Evidence: contrasts, the ledger of relations, calibration."""

"""The cell model against a study's evidence: fit, identifiability, rivals, prediction."""

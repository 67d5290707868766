"""Words and literature of ICP-OES."""

from typing import Any

CITATIONS = (
    "D. L. Massart et al., Handbook of Chemometrics and Qualimetrics: Part A, Elsevier (1997), chapter 8",
    "E. C. Fieller, Some problems in interval estimation, J. R. Stat. Soc. B 16 (1954) 175",
    "DIN 32645:2008-11, Chemical analysis - Decision limit, detection limit and determination limit",
    "R. DerSimonian, N. Laird, Meta-analysis in clinical trials, Control. Clin. Trials 7 (1986) 177",
)

VOCABULARY: dict[str, dict[str, dict[str, Any]]] = {
    "quantity": {
        "detection_limit": {
            "unit": "wt%",
            "words": "detection limit of {element}",
            "symbol": "x_D({element})",
            "meaning": "content of the powder that is found with a probability of 95 % (DIN 32645)",
            "compared": False,
        },
        "spike_recovery": {
            "unit": "%",
            "words": "recovery of a spike of {element}",
            "symbol": "R",
            "meaning": "content found of what was added to a digest, over what was added",
            "compared": False,
        },
    },
    "input": {
        "digest_mass": {"unit": "g", "words": "the mass of powder that was digested", "where": "sample"},
        "digest_volume": {"unit": "mL", "words": "the volume the digest was filled up to", "where": "sample"},
        "digest_dilution": {"unit": "1", "words": "the factor by which the digest was diluted", "where": "sample"},
        "standard_assay": {
            "unit": "%",
            "words": "the coating metal's standard: its content over that on its label, by gravimetry or certificate",
            "where": "sample",
        },
        "bulk_standard_assay": {
            "unit": "%",
            "words": "the same of the standards of the active material's elements",
            "where": "sample",
        },
        "digest_recovery": {
            "unit": "%",
            "words": "the part of the element that digestion and matrix let be found, where no spike was run",
            "where": "sample",
        },
        "signal_drift": {
            "unit": "%",
            "words": "the change of the signal between standards and sample, where no drift check was run",
            "where": "sample",
        },
    },
}

"""Words, literature and relations of the titration of residual lithium."""

CITATIONS = (
    "R. B. Warder, Alkalimetry with phenol-phthalein as indicator, Am. Chem. J. 3 (1881) 55",
    "G. Gran, Determination of the equivalence point in potentiometric titrations. Part II, Analyst 77 (1952) 661",
    "L. N. Plummer, E. Busenberg, The solubilities of calcite, aragonite and vaterite in CO2-H2O solutions, "
    "Geochim. Cosmochim. Acta 46 (1982) 1011",
    "C. W. Davies, Ion Association, Butterworths, London (1962)",
)

VOCABULARY = {
    "quantity": {
        "residual_lithium": {
            "unit": "umol/g",
            "words": "residual lithium",
            "symbol": "n(Li)/m",
            "meaning": "lithium of LiOH and Li2CO3 on the powder: base of its aqueous extract, per mass of powder",
        },
        "lithium_consumed": {
            "unit": "umol/g",
            "words": "residual lithium consumed",
            "chapter": "coating",
            "symbol": "dn(Li)/m",
            "meaning": "residual lithium of the powder before a step less that after it, per mass of powder",
        },
        "second_end_point": {
            "unit": "mL",
            "words": "acid up to the second end point",
            "symbol": "V_2",
            "meaning": "volume of acid that takes all base, from the fit of the whole titration curve",
        },
        "gran_end_point": {
            "unit": "mL",
            "words": "acid up to the second end point, by Gran's line",
            "symbol": "V_Gran",
            "meaning": "volume of acid where Gran's line through the points of free acid cuts zero",
        },
        "warder_lioh": {
            "unit": "wt%",
            "words": "LiOH by Warder's end points",
            "symbol": "w_W(LiOH)",
            "meaning": "LiOH from both inflections of the titration curve, biased where doses are coarse",
        },
        "warder_li2co3": {
            "unit": "wt%",
            "words": "Li2CO3 by Warder's end points",
            "symbol": "w_W(Li2CO3)",
            "meaning": "Li2CO3 from both inflections of the titration curve, biased where doses are coarse",
        },
        "electrode_slope": {
            "unit": "%",
            "words": "slope of the pH electrode",
            "symbol": "s",
            "meaning": "slope of the electrode that the titration curve shows, over the ideal one",
        },
    },
    "state": {"determination": {"unit": "1", "words": "determination"}},
    "input": {
        "titration_mass": {"unit": "g", "words": "the mass of powder that was extracted", "where": "sample"},
        "extract_volume": {"unit": "mL", "words": "the volume of water on the powder", "where": "sample"},
        "aliquot_volume": {"unit": "mL", "words": "the volume of extract that was titrated", "where": "sample"},
        "bath_volume": {"unit": "mL", "words": "the volume in the beaker before acid came", "where": "sample"},
        "acid_concentration": {"unit": "mol/L", "words": "the concentration of the acid", "where": "sample"},
        "co2_uptake": {
            "unit": "%",
            "words": "the part of the hydroxide that met CO2 before or during the titration",
            "where": "sample",
        },
        "soak_time": {"unit": "min", "words": "the time the powder was in water", "where": "sample"},
    },
}

RELATIONS = (
    {
        "id": "residual-lithium",
        "words": "lithium in the coating is the residual lithium that titration no longer finds",
        "each": "coated-pair",
        "unit": "umol/g",
        "computed": "c / 100 / molar_mass(product) * atoms(product, 'Li') * 1e6",
        "stated": "before - after",
        "techniques": ["icp_oes", "xps", "titration"],
        "operands": {
            "c": {"relation": "product-content"},
            "before": {"quantity": "residual_lithium", "of": "reference", "unit": "umol/g"},
            "after": {"quantity": "residual_lithium", "unit": "umol/g"},
        },
        "how": {"before": "acid titration of the bare powder", "after": "acid titration of the coated powder"},
    },
)

"""CIF and pdCIF of a refinement: what is written is read back by other readers."""

import numpy as np
import pytest

from nacre.core.quantity import Quantity
from nacre.core.result import Check, Curve, Entry, Result, Subject
from nacre.export import cif
from nacre.readers.diffraction import pdcif


@pytest.fixture
def result() -> Result:
    x = np.linspace(10, 12, 60)
    pattern = {"two_theta": (x, "deg")}
    pattern |= dict.fromkeys(("observed", "calculated", "background"), (100 + x, "counts"))
    pattern["std"] = (np.full(60, 10.0), "counts")
    cell = {"a": 2.874, "b": 2.874, "c": 14.205, "alpha": 90.0, "beta": 90.0, "gamma": 120.0}
    phases = {"phase": (np.array(["NCM"]), "1"), "space_group": (np.array(["R -3 m:H"]), "1")}
    phases |= {key: (np.array([value]), "1") for key, value in cell.items()}
    phases |= {f"{key}_esd": (np.array([2e-5 if key in "abc" else 0.0]), "1") for key in cell}
    phases["wavelength"] = (np.array([0.7093172]), "Ang")
    sites = {"phase": (np.array(["NCM"] * 2), "1"), "label": (np.array(["Li_b", "O"]), "1")}
    sites["element"] = (np.array(["Li", "O"]), "1")
    numbers = {"x": 0.0, "y": 0.0, "z": 0.259, "occupancy": 0.968, "b_iso": 0.6}
    sites |= {key: (np.full(2, value), "1") for key, value in numbers.items()}
    sites |= {f"{key}_esd": (np.full(2, 0.001 if key == "z" else 0.0), "1") for key in numbers}
    reflections = {
        "phase": (np.array(["NCM"]), "1"),
        "hkl": (np.array(["0 0 3"]), "1"),
        "two_theta": (np.array([8.6]), "deg"),
    }
    curves = {"pattern": pattern, "phases": phases, "sites": sites, "reflections": reflections}
    values = {"rwp": (2.67, "%"), "rexp": (2.63, "%"), "gof": (1.017, "1"), "esd_inflation": (1.17, "1")}
    return Result(
        "rietveld",
        "structure-bare",
        Subject("bare"),
        entries=tuple(Entry(name, Quantity(value, unit)) for name, (value, unit) in values.items()),
        curves=tuple(Curve(name, columns) for name, columns in curves.items()),
        checks=(
            Check("info", "tied: occ(Li, 3b) = 1 - x; one B per site"),
            Check("info", "range 10 to 12 deg, left out: 10.5-10.6"),
        ),
        methods="A refinement.",
        origin="synthetic",
    )


@pytest.fixture(autouse=True)
def words():
    from nacre.core import registry

    registry.techniques()


def test_structure_and_pattern_come_back(tmp_path, result):
    path = tmp_path / "a.cif"
    path.write_text(cif.text(result), encoding="utf-8")
    pattern, crystal = pdcif.read(path)
    np.testing.assert_allclose(pattern.array("two_theta", "deg"), np.linspace(10, 12, 60), atol=1e-5)
    assert pattern["intensity"].std[0] == pytest.approx(10.0)
    assert crystal.metadata["cell"] == pytest.approx((2.874, 2.874, 14.205, 90, 90, 120))
    assert crystal.metadata["space_group"] == "R -3 m:H"
    assert crystal.array("z", "1")[0] == pytest.approx(0.259)


def test_what_a_journal_asks_for(result):
    text = cif.text(result)
    for item in (
        "_cell_length_a 2.874000(20)", "_diffrn_radiation_type 'Mo K\\a~1~'", "_refine_ls_shift/su_max ?",
        "_pd_proc_info_excluded_regions '10.5-10.6'", "_refine_ls_weighting_scheme sigma",
        "_pd_proc_ls_prof_wR_factor 0.02670",
        "Constraints: tied: occ(Li, 3b) = 1 - x",
    ):  # fmt: skip
        assert item in text
    assert text.startswith("# NACRE VIRTUAL")

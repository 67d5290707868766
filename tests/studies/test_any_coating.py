"""One study twice, its coating of hafnia and of zirconia: every technique and every relation says of both what it says
of one.
"""

from dataclasses import dataclass, replace

import numpy as np
import pytest

import nacre
from nacre.core.outcome import Outcome
from nacre.core.registry import readers
from nacre.materials.spectra.xps_species import load_species
from nacre.physics.chemistry.stoichiometry import compute_molar_mass
from nacre.readers.xps_ir.vamas import write_all
from nacre.report.findings import findings
from nacre.virtual.chemistry import emission, titrator
from nacre.virtual.microscopy import stem_eds
from nacre.virtual.xps_ir.xps import TrueSpectrum, XpsBackground, XpsPeak, XpsScan, measure_spectra

MOLES, RATIO = 47.06e-6, 1.02  # mol of the coating's metal per gram of powder; oxide over lithiated oxide
STUDY = """
schema = 1
[study]
name = "coating"
reference = "bare"

[[sample]]
name = "bare"
cam = "LiNi0.85Co0.10Mn0.05O2"
extract_volume = "50.00(5) mL"
aliquot_volume = "40.00(3) mL"
acid_concentration = "0.0500(1) mol/L"
co2_uptake = "3(1) %"
soak_time = "10 min"
standard_assay = "100.0(10) %"
bulk_standard_assay = "100.0(3) %"
digest_recovery = "100.0(10) %"

[[sample]]
name = "coated"
like = "bare"
[sample.coating]
precursor = "{oxide}"
phases = ["{oxide}", "{product}"]
target = "{target:.3f} wt%"
basis = "bare"

[[measurement]]
name = "icp"
files = "raw/icp.csv"
sample = ["bare", "coated"]
options = {{ icp_oes = {{ mass_error = "0.1 mg", volume_error = "0.1 %", dilution_error = "0.1 %" }} }}

[[measurement]]
name = "titration"
files = "raw/{{sample}}_titration.txt"
options = {{ titration = {{ mass_error = "0.2 mg", burette_error = "0.1 %" }} }}

[[measurement]]
name = "xps"
files = "raw/coated.vms"
sample = "coated"

[[measurement]]
name = "stem"
files = "raw/coated.emd"
sample = "coated"
technique = "stem_shell"
"""


def grams(formula: str) -> float:
    """Per mole."""
    return 1e3 * compute_molar_mass(formula)


@dataclass(frozen=True)
class Metal:
    """A coating: its metal, phases, emission lines in nm, core level with the places of both phases in eV."""

    symbol: str
    oxide: str
    product: str
    wavelengths: tuple[float, float]
    level: str
    places: tuple[float, float]

    @property
    def content(self) -> float:
        """wt% of the metal."""
        return 100 * MOLES * grams(self.symbol)

    @property
    def phases(self) -> float:
        """wt% of both phases."""
        shares = (RATIO / (1 + RATIO), 1 / (1 + RATIO))
        masses = (grams(self.oxide), grams(self.product))
        return 100 * MOLES * sum(share * mass for share, mass in zip(shares, masses, strict=True))

    @property
    def target(self) -> float:
        """wt% of oxide per bare powder."""
        return 100 * MOLES * grams(self.oxide) / (1 - self.phases / 100)


COMPARED = ("element_content", "species_ratio", "shell_thickness", "detection_limit")
METALS = (
    Metal("Hf", "HfO2", "Li2HfO3", (264.141, 277.336), "Hf 4f", (18.1, 15.6)),
    Metal("Zr", "ZrO2", "Li2ZrO3", (339.198, 343.823), "Zr 3d", (182.5, 181.3)),
)


def write_icp(metal: Metal, path) -> None:
    bulk = {"Li": 7.07, "Ni": 50.56, "Co": 5.97, "Mn": 2.78}
    digests = []
    for sample, held in (("bare", 0.0), ("coated", metal.content)):
        for i, mass in enumerate((0.1003, 0.1021)):
            contents, label = {**bulk, metal.symbol: held}, f"{sample}-{i + 1}"
            digests.append(emission.Digest(label, contents, mass))
            digests.append(emission.Digest(f"{label} x400", contents, mass, dilution=400.0))
    own = [emission.EmissionLine(metal.symbol, nm, 3e4, 300.0) for nm in metal.wavelengths]
    others = [line for line in emission.LINES if line.element not in ("Hf", "Zr")]
    tool = emission.EmissionSpectrometer((*own, *others))
    readers()["icp_table"].write(emission.measure_emission(tuple(digests), tool, seed=5), path)


def write_xps(metal: Metal, path) -> None:
    region = load_species().region(metal.level)
    low, high = region.window
    shares = (RATIO / (1 + RATIO), 1 / (1 + RATIO))
    doublets = [
        XpsPeak(40000.0 * share, place, 1.5, region.level.splitting, region.level.ratio)
        for share, place in zip(shares, metal.places, strict=True)
    ]
    carbon = (XpsPeak(9000.0, 284.8, 1.4), XpsPeak(2100.0, 286.3, 1.4), XpsPeak(900.0, 288.6, 1.4))
    spectra = [
        TrueSpectrum("C 1s", XpsScan(277.0, 297.0), carbon, XpsBackground(1800.0, 60.0, 0.02)),
        TrueSpectrum(metal.level, XpsScan(low - 1, high + 2), tuple(doublets), XpsBackground(1200.0, 80.0, 0.04)),
    ]
    write_all(measure_spectra([replace(s, shift=1.5) for s in spectra], "coated", 9), path)


def made(metal: Metal, folder) -> Outcome:
    raw = folder / "raw"
    raw.mkdir()
    (folder / "study.toml").write_text(
        STUDY.format(oxide=metal.oxide, product=metal.product, target=metal.target), encoding="utf-8"
    )
    write_icp(metal, raw / "icp.csv")
    write_xps(metal, raw / "coated.vms")
    for i, (sample, carbonate) in enumerate((("bare", 0.265), ("coated", 0.093))):
        signal = titrator.titrate(titrator.TitratedPowder(0.05, carbonate), seed=20 + i, name=sample)
        readers()["metrohm_tiamo"].write(signal, raw / f"{sample}_titration.txt")
    specimen = stem_eds.LamellaSpecimen(element=metal.symbol, counts=2.0)
    readers()["velox"].write(stem_eds.measure_map(specimen, seed=6)[0], raw / "coated.emd")
    return nacre.run(folder)


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory) -> dict[str, Outcome]:
    done = {metal.symbol: made(metal, tmp_path_factory.mktemp(metal.symbol)) for metal in METALS}
    for outcome in done.values():
        assert not outcome.failures, outcome.failures
    return done


def quantity(outcome: Outcome, technique: str, name: str, **state):
    (found,) = (
        e.quantity
        for r in outcome.results
        for e in r.entries
        if (r.technique, e.name) == (technique, name) and (e.subject or r.subject).sample == "coated"
        and all(e.state.get(key) == value for key, value in state.items())
    )  # fmt: skip
    return found


def neutral(text: str, metal: Metal) -> str:
    """A text without the names of the coating."""
    for name, word in ((metal.product, "PRODUCT"), (metal.oxide, "OXIDE"), (metal.symbol, "METAL")):
        text = text.replace(name, word)
    return text


@pytest.mark.slow
@pytest.mark.parametrize("metal", METALS, ids=lambda metal: metal.symbol)
def test_each_technique_gives_the_truth(outcomes, metal):
    outcome = outcomes[metal.symbol]
    content = quantity(outcome, "icp_oes", "element_content", element=metal.symbol)
    assert content.lo95 < metal.content < content.hi95 and content.std < 0.03 * metal.content
    ratio = quantity(outcome, "xps", "species_ratio", of=metal.oxide, to=metal.product)
    assert abs(np.log(ratio.value / RATIO)) < 3 * ratio.std / ratio.value and ratio.std < 0.4 * RATIO
    assert quantity(outcome, "stem_shell", "shell_thickness").value == pytest.approx(12.0, abs=1.0)


@pytest.mark.slow
def test_both_have_the_same_quantities(outcomes):
    said = []
    for metal in METALS:
        found = {
            (r.technique, e.name, str(sorted(e.state.items())))
            for r in outcomes[metal.symbol].results
            for e in r.entries
            if e.name in COMPARED
        }
        said.append({(technique, name, neutral(state, metal)) for technique, name, state in found})
    assert said[0] == said[1] and len(said[0]) > 8


@pytest.mark.slow
def test_both_have_the_same_ledger(outcomes):
    """Coating content, dose and lithium: computed, and judged, for the one as for the other."""
    hafnia, zirconia = ({row.relation: row for row in outcomes[metal.symbol].ledger} for metal in METALS)
    assert hafnia.keys() == zirconia.keys()
    assert {name: row.verdict for name, row in hafnia.items()} == {name: row.verdict for name, row in zirconia.items()}
    for name in ("dose:coated", "coating-lithium:coated", "residual-lithium:coated", "coating-carbonate:coated"):
        assert hafnia[name].verdict == "holds", hafnia[name]
    for metal, rows in zip(METALS, (hafnia, zirconia), strict=True):
        whole = rows["coating-content:coated"]
        assert whole.computed == pytest.approx(metal.phases, abs=3 * whole.std)
        assert neutral(rows["oxide-content:coated"].needs, metal) == "coating content of 'coated' (OXIDE)"


@pytest.mark.slow
def test_the_first_page_calls_the_element_by_its_name(outcomes):
    for metal in METALS:
        blocks = {block.heading: block for block in findings(outcomes[metal.symbol])}
        told = " ".join(row.text for row in blocks["What the coating is"].rows)
        assert f"{metal.symbol} content 0." in told and "element content" not in told
        assert "Ni content" not in told and " ".join(told.split()).count(f"{metal.symbol} content") == 1

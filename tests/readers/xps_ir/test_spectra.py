"""Readers of photoelectron and infrared spectra: truth first, then files nobody here wrote, then bad input."""

from dataclasses import replace

import numpy as np
import pytest

from nacre.core.errors import ReadError
from nacre.core.registry import head, reader_for, readers
from nacre.core.signal import table
from nacre.readers.reading import read
from nacre.readers.xps_ir import casa_comments, casaxps_text, infrared_text, opus, regions, specs_xml, specs_xy, vamas

ENERGY = np.round(np.arange(1461.6, 1475.65, 0.05), 6)
COUNTS = np.round(200 + 900 * np.exp(-(((ENERGY - 1468.5) / 0.8) ** 2)))


def made(**more):
    about = {"region": "Hf 4f", "sample": "lho", "photon_energy_eV": 1486.6, "dwell_s": 0.1, "scans": 10.0} | more
    passed = np.linspace(1.2, 1.1, ENERGY.size)
    return regions.spectrum(ENERGY, COUNTS, scale="kinetic", unit="counts", metadata=about, transmission=passed)


# --- truth --------------------------------------------------------------------------------------------------


def test_vamas_round_trip(tmp_path):
    path = tmp_path / "a.vms"
    vamas.write_all([made(), made(region="C 1s", emission_angle_deg=45.0)], path)
    first, second = vamas.read(path)
    assert reader_for(path, readers()).name == "vamas"
    assert np.array_equal(first["intensity"].values, COUNTS) and first["intensity"].unit == "counts"
    assert np.abs(first["kinetic_energy"].values - ENERGY).max() < 1e-9
    assert np.abs(first["binding_energy"].values - (1486.6 - ENERGY)).max() < 1e-9
    assert (first.name, second.name, first.kind) == ("Hf 4f", "C 1s", "xps")
    assert second.metadata["emission_angle_deg"] == 45.0 and "emission_angle_deg" not in first.metadata
    assert first.metadata["scans"] == 10 and first.metadata["sample"] == "lho"
    assert np.allclose(first["transmission"].values, made()["transmission"].values, rtol=1e-6)


def test_a_synthetic_vamas_file_says_so(tmp_path):
    vamas.write(replace(made(), origin="synthetic"), tmp_path / "a.vms")
    assert read(tmp_path / "a.vms")[0].origin == "synthetic"
    assert head(tmp_path / "a.vms").is_virtual


def test_leading_blank_lines_a_byte_order_mark_and_missing_values_are_borne(tmp_path):
    path = tmp_path / "a.vms"
    vamas.write(made(), path)
    text = path.read_text().replace("1100\n", "1E+37\n").replace("1100\r\n", "1E+37\r\n")
    path.write_text("\ufeff\n\n" + text, encoding="utf-8")
    (signal,) = vamas.read(path)
    assert len(signal["intensity"].values) == ENERGY.size - (COUNTS == 1100).sum()
    assert "points without a value" in signal.notes[0].text


def test_irregular_blocks_carry_their_own_energies(tmp_path):
    path = tmp_path / "a.vms"
    vamas.write(made(), path)
    lines = path.read_text().splitlines()
    lines[lines.index("REGULAR")] = "IRREGULAR"
    at = lines.index("Kinetic energy")
    values = np.array(lines[-1 - 2 * ENERGY.size : -1], float).reshape(-1, 2)
    uneven = ENERGY + 0.01 * np.sin(ENERGY)
    rows = np.column_stack((uneven, values))
    start = lines.index("pulse counting")
    middle = lines[start : start + 4] + lines[start + 4 : start + 8]
    middle += [str(rows.size)] + ["0", "0"] * 3
    text = lines[:at] + ["3", "Kinetic Energy", "eV", "Intensity", "d", "transmission", "d"] + middle
    text += [f"{value:.8g}" for value in rows.ravel()] + ["end of experiment"]
    path.write_text("\n".join(text))
    (signal,) = vamas.read(path)
    assert np.abs(signal["kinetic_energy"].values - uneven).max() < 1e-4
    assert np.array_equal(signal["intensity"].values, COUNTS)


def test_casaxps_calibration_lines_add_up_and_positions_are_calibrated():
    lines = [
        "Calib M = 281.1700 A = 284.8 BE ADD",
        "Calib M = 284.7999 A = 284.8 BE ADD",
        "CASA region (*W 4f*) (*Shirley*) 1446.874 1455.9097 11.36 2 0 0 2622 -450 0 0 (*W 4f*) 183.8 0 9.8",
        "CASA comp (*a*) (*GL(40)*) Area 100 0 1e5 -1 1 MFWHM 0.7 0.2 5 -1 1 Position 1454.4 0 0 -1 1 RSF 9.8 MASS 1",
        "CASA comp (*b*) (*GL(40)*) Area 75 0 1e5 0 0.75 MFWHM 0.7 0.2 5 0 1 Position 1452.3 0 0 0 -2.1 RSF 9.8 MASS 1",
    ]
    found, notes = casa_comments.parse(lines, 1486.69)
    assert found["calibration_shift_eV"] == pytest.approx(3.6301) and not notes
    a, b = found["casa_components"]
    assert a["position"] == pytest.approx(32.29) and a["position_of"] is None
    assert b["position_of"] == (0, 2.1) and b["area_of"] == (0, 0.75)
    assert found["casa_regions"][0]["low"] == pytest.approx(30.7803)


def test_a_casaxps_calibration_by_a_range_is_told_not_guessed():
    found, notes = casa_comments.parse(["Calib M = 280,281 A = 284.8 BE ADD"], 1486.6)
    assert "calibration_shift_eV" not in found
    assert "without one measured energy" in notes[0].text


SPECS = """# Created by:        SpecsLab Prodigy, Version 4.1
#   Comment Prefix:           #
#   Energy Axis:              {axis}
#   Count Rate:               Counts per Second
#
# Group:                        1 lho
#
# Region:                       Hf4f
# Dwell Time:                   0.5
# Excitation Energy:            1486.6
# Pass Energy:                  30
# Cycle: 0
# Number of Scans: 2
# Cycle: 0, Curve: 0, Scan: 0
# ColumnLabels: energy counts/s
#
{first}

# Cycle: 0, Curve: 0, Scan: 1
# ColumnLabels: energy counts/s
#
{second}
"""


def test_specs_xy_adds_its_sweeps_up_to_counts(tmp_path):
    path, energy = tmp_path / "a.xy", np.arange(25, 10.9, -0.1)
    rates = np.arange(energy.size) * 2.0
    rows = ["\n".join(f"{e:.2f} {r + d}" for e, r in zip(energy, rates, strict=True)) for d in (0, 4)]
    path.write_text(SPECS.format(axis="Binding Energy", first=rows[0], second=rows[1]))
    (signal,) = specs_xy.read(path)
    assert reader_for(path, readers()).name == "specs_xy"
    assert np.allclose(signal["intensity"].values, rates + 2) and signal["intensity"].unit == "counts"
    assert np.allclose(signal["binding_energy"].values, energy)
    assert signal.metadata["scans"] == 2 and signal.metadata["pass_energy_eV"] == 30


def test_casaxps_text_keeps_components(tmp_path):
    path = tmp_path / "a.csv"
    rows = [
        f"{1486.6 - e:.2f},{c},{c / 2},10,{c},,{e:.2f},{c}" for e, c in zip([20, 19, 18, 17], [5, 9, 7, 4], strict=True)
    ]
    heading = "K.E.,Counts,Hf 4f HfO2,Background,Envelope,,B.E.,CPS"
    path.write_text("\n".join(["Cycle 0:Hf 4f:lho", "Name,,Hf 4f HfO2", "Position,,18.1", heading, *rows]))
    (signal,) = casaxps_text.read(path)
    assert reader_for(path, readers()).name == "casaxps_text"
    assert list(signal["binding_energy"].values) == [20, 19, 18, 17]
    assert signal["intensity"].unit == "counts" and list(signal["intensity"].values) == [5, 9, 7, 4]
    assert "Hf 4f HfO2" in signal and signal.metadata["region"] == "Hf 4f" and signal.metadata["sample"] == "lho"


def test_infrared_text_round_trip_and_what_the_file_does_not_say(tmp_path):
    x = np.linspace(1800, 600, 601)
    columns = {"wavenumber": (x, "1/cm"), "absorbance": (np.sin(x / 99), "1")}
    signal = table("infrared", columns, axis="wavenumber", metadata={"quantity": "absorbance"}, origin="synthetic")
    infrared_text.write(signal, tmp_path / "a.dpt")
    (found,) = read(tmp_path / "a.dpt")
    assert np.abs(found["absorbance"].values - np.sin(x / 99)).max() < 1e-5 and found.origin == "synthetic"
    assert "taken as absorbance" in found.notes[0].text
    (tmp_path / "b.csv").write_text("Wavenumber (cm-1),%Transmittance\n1000,50\n999,40\n998,45\n")
    assert reader_for(tmp_path / "b.csv", readers()).name == "infrared_text"
    (told,) = infrared_text.read(tmp_path / "b.csv")
    assert list(told["transmittance"].values) == [0.5, 0.4, 0.45] and not told.notes


# --- files nobody here wrote --------------------------------------------------------------------------------


@pytest.mark.realdata
def test_every_spectrum_of_the_folder_is_read(realdata):
    expected = {
        "xps/cheminfo/assigned.vms": ("vamas", 54),
        "xps/cheminfo/multiplex.vms": ("vamas", 3),
        "xps/pynxtools/regular.vms": ("vamas", 1),
        "xps/pynxtools/irregular.vms": ("vamas", 1),
        "xps/pynxtools/MgFe2O4_small.xy": ("specs_xy", 2),
        "xps/pynxtools/In-situ_PBTTT_XPS_SPECS.xml": ("specs_xml", 2),
        "infrared/brukeropus/file.0": ("opus", 1),
        "infrared/opusreader2/BF_lo_01_soil_cal.1": ("opus", 1),
        "infrared/orange-spectroscopy/peach_juice.0": ("opus", 1),
        "infrared/orange-spectroscopy/peach_juice.dpt": ("infrared_text", 1),
    }
    for name, (reader, blocks) in expected.items():
        found = reader_for(realdata / name, readers())
        assert (found.name, len(found.read(realdata / name, found.options()))) == (reader, blocks), name


@pytest.mark.realdata
def test_one_spectrum_in_three_exports_is_one_spectrum(realdata):
    folder = realdata / "xps/pynxtools"
    (regular,), (irregular,) = vamas.read(folder / "regular.vms"), vamas.read(folder / "irregular.vms")
    survey = specs_xy.read(folder / "MgFe2O4_small.xy")[0]
    order = np.argsort(survey["kinetic_energy"].values)
    for other in (regular, irregular):
        assert np.abs(survey["kinetic_energy"].values[order] - other["kinetic_energy"].values).max() < 1e-6
    assert np.allclose(survey["intensity"].values[order], regular["intensity"].values, rtol=1e-5)
    assert np.allclose(irregular["intensity"].values, 10 * regular["intensity"].values, rtol=1e-4)
    assert irregular["intensity"].unit == "arb"  # a rate with a dwell time of 1 s that is not true
    assert np.allclose(irregular["transmission"].values, regular["transmission"].values)


@pytest.mark.realdata
def test_the_channels_of_a_specs_detector_are_aligned(realdata):
    _, carbon = specs_xml.read(realdata / "xps/pynxtools/In-situ_PBTTT_XPS_SPECS.xml")
    x, y = carbon["binding_energy"].values, carbon["intensity"].values
    half = x[y > 0.5 * (y.max() + y.min())]
    assert x[y.argmax()] == pytest.approx(284.0, abs=0.3) and np.ptp(half) < 2.0


@pytest.mark.realdata
def test_casaxps_components_agree_with_the_calibrated_data(realdata):
    """W 4f7/2 sulfide over oxide as in the file, and its positions at the peaks of the shifted data."""
    blocks = vamas.read(realdata / "xps/cheminfo/assigned.vms")
    tungsten = [s for s in blocks if s.name == "W 4f" and "casa_components" in s.metadata]
    ratios = []
    for signal in tungsten:
        components = signal.metadata["casa_components"]
        ratios.append(components[0]["area"] / components[2]["area"])
        energy = signal["binding_energy"].values + signal.metadata["calibration_shift_eV"]
        counts = signal["intensity"].values
        near = np.abs(energy - components[0]["position"]) < 0.3
        a, b, _ = np.polyfit(energy[near], counts[near], 2)
        assert -b / (2 * a) == pytest.approx(components[0]["position"], abs=0.1)
    assert sorted(ratios) == pytest.approx([0.392, 0.540, 0.832], abs=6e-4)


@pytest.mark.realdata
def test_opus_block_equals_the_export_of_the_same_file(realdata):
    folder = realdata / "infrared/orange-spectroscopy"
    (binary,) = opus.read(folder / "peach_juice.0")
    (text,) = infrared_text.read(folder / "peach_juice.dpt", infrared_text.InfraredTextOptions("reflectance"))
    assert np.abs(binary["reflectance"].values - text["reflectance"].values).max() <= 1e-5
    assert np.abs(binary["wavenumber"].values - text["wavenumber"].values).max() <= 1e-5
    assert "block 'r' (reflectance) is read; also there: r_2" in binary.notes[0].text


@pytest.mark.realdata
def test_another_maker_s_file_is_refused_with_a_sentence(realdata):
    path = realdata / "infrared/negative/not_opus.spa"
    with pytest.raises(ReadError, match=r"Thermo OMNIC .spa file, not OPUS: export it as text"):
        reader_for(path, readers())
    with pytest.raises(ReadError, match=r"this is not an OPUS file.*Spectral Data File"):
        opus.read(path)


@pytest.mark.realdata
def test_an_unknown_block_is_answered_with_the_known(realdata):
    path = realdata / "infrared/opusreader2/BF_lo_01_soil_cal.1"
    with pytest.raises(ReadError, match=r"no result block 'a_3'.*a_2"):
        opus.read(path, opus.OpusOptions("a_3"))


# --- bad input ----------------------------------------------------------------------------------------------


def test_a_cut_vamas_file_says_where(tmp_path):
    path = tmp_path / "a.vms"
    vamas.write(made(), path)
    path.write_text("\n".join(path.read_text().splitlines()[:100]))
    with pytest.raises(ReadError, match=r"a\.vms:101: the file ends where a value should stand.*it was cut"):
        vamas.read(path)


def test_a_vamas_map_and_words_for_numbers_are_refused(tmp_path):
    path = tmp_path / "a.vms"
    vamas.write(made(), path)
    text = path.read_text()
    path.write_text(text.replace("REGULAR", "MAPPING"))
    with pytest.raises(ReadError, match="scan mode 'MAPPING' is not read"):
        vamas.read(path)
    path.write_text(text.replace("1486.6", "Al Ka", 1))
    with pytest.raises(ReadError, match=r"a\.vms:\d+: the photon energy is not a number; found 'Al Ka'"):
        vamas.read(path)


def test_kinetic_energies_need_a_photon_energy(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("K.E.\tCounts\n" + "".join(f"{e}\t{c}\n" for e, c in [(970, 3), (971, 5), (972, 4)]))
    with pytest.raises(ReadError, match=r"kinetic energies without a photon energy.*excitation energy"):
        casaxps_text.read(path)
    options = casaxps_text.CasaTextOptions(photon_energy=1253.6)
    assert casaxps_text.read(path, options)[0]["binding_energy"].values[0] == pytest.approx(283.6)


def test_rows_that_are_not_numbers_are_told(tmp_path):
    (tmp_path / "a.dpt").write_text("1800,0.1\n1798,0.2x\n1796,0.3\n1794,0.4\n1792,0.5\n")
    (found,) = infrared_text.read(tmp_path / "a.dpt")
    assert list(found.array("wavenumber", "1/cm")) == [1800, 1796, 1794, 1792]
    assert any("0.2x" in note.text and "line 2" in note.text for note in found.notes)
    (tmp_path / "a.xy").write_text(SPECS.format(axis="Binding Energy", first="25 x", second="25 2"))
    with pytest.raises(ReadError, match=r"a\.xy:17: a row is not numbers; found '25 x'"):
        specs_xy.read(tmp_path / "a.xy")
    (tmp_path / "a.xml").write_text("<any><broken></any>")
    with pytest.raises(ReadError, match="the XML cannot be read"):
        specs_xml.read(tmp_path / "a.xml")


GERMAN = "Wellenzahl [cm-1];Absorbance\n" + "".join(f"{4000 - 2 * i},00;0,0{20 + i}\n" for i in range(8))


def test_infrared_text_of_a_german_program(tmp_path):
    (tmp_path / "a.csv").write_text(GERMAN)
    (found,) = infrared_text.read(tmp_path / "a.csv")
    assert list(found.array("wavenumber", "1/cm")) == [4000 - 2 * i for i in range(8)]
    assert list(found.array("absorbance", "1")) == pytest.approx([0.020 + 0.001 * i for i in range(8)])
    (tmp_path / "a.dpt").write_text(GERMAN.partition("\n")[2])
    assert infrared_text.read(tmp_path / "a.dpt")[0]["absorbance"].values[0] == pytest.approx(0.020)


def test_spectra_side_by_side_are_a_signal_each_with_its_label(tmp_path):
    rows = "".join(f"{4000 - 2 * i}.0,0.{20 + i},0.{40 + i}\n" for i in range(8))
    (tmp_path / "a.csv").write_text("Wavenumber (cm-1),Absorbance bare,Absorbance LHO\n" + rows)
    bare, lho = infrared_text.read(tmp_path / "a.csv")
    assert (bare.metadata["sample"], lho.metadata["sample"]) == ("bare", "LHO")
    assert bare["absorbance"].values[0] == 0.20 and lho["absorbance"].values[0] == 0.40

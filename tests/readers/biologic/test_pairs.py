"""The raw file and its text export hold the same numbers: real pairs, English and German, column by column."""

import numpy as np
import pytest

from nacre.core import registry
from nacre.readers.biologic import mpr as biologic_mpr
from nacre.readers.biologic import mpt as biologic_mpt

pytestmark = pytest.mark.realdata

PAIRS = [
    ("cycling/yadg/gcpl.issue_149.mpr", "cycling/yadg/gcpl.issue_149.mpt"),
    ("cycling/yadg/mb.issue_95.mpr", "cycling/yadg/mb.issue_95.mpt"),
    ("cycling/yadg/mb.issue_95.mpr", "cycling/yadg/mb.issue_95.de.mpt"),
    ("cycling/cheminfo-biologic/ocv.mpr", "cycling/cheminfo-biologic/ocv.mpt"),
    ("impedance/yadg/geis.issue_149.mpr", "impedance/yadg/geis.issue_149.mpt"),
    ("impedance/yadg/peis.issue_225.with_ece.mpr", "impedance/yadg/peis.issue_225.with_ece.mpt"),
    ("impedance/yadg/peis.mpr", "impedance/yadg/peis.mpt"),
    (
        "impedance/hybrid-drt/PEIS_LPSCl_IonBlocking_-25C.mpr",
        "impedance/hybrid-drt/PEIS_LPSCl_IonBlocking_-25C.txt",
    ),
]
# EC-Lab prints -1 and 0 for these above 100 kHz, whatever the raw file holds
QUALITY = ("THD", "NSD", "NSR", "|Ewe h", "|I h")


@pytest.mark.parametrize(("raw", "export"), PAIRS)
def test_raw_file_equals_its_export(raw, export, realdata):
    ours, theirs = biologic_mpr.read(realdata / raw), biologic_mpt.read(realdata / export)
    assert [signal.kind for signal in ours] == [signal.kind for signal in theirs]
    for a, b in zip(ours, theirs, strict=True):
        assert a.sizes == b.sizes
        common = [name for name in a.variables if name in b]
        assert len(common) >= 8
        for name in common:
            x, y = a[name].values, b[name].values
            assert a[name].unit == b[name].unit
            if x.dtype.kind in "US":
                np.testing.assert_array_equal(x, y)
                continue
            told = np.ones(len(x), bool)
            if name.startswith(QUALITY):
                told = a["frequency_hertz"].values < 1e5
            np.testing.assert_allclose(x[told], y[told], rtol=1.5e-7, atol=1e-30, err_msg=name)
        for key in ("technique", "start", "channel", "channel_serial", "comment", "electrode_area", "software"):
            assert a.metadata.get(key) == b.metadata.get(key)


@pytest.mark.parametrize(("raw", "export"), PAIRS)
def test_every_column_of_the_raw_file_is_in_its_export(raw, export, realdata):
    ours, theirs = biologic_mpr.read(realdata / raw)[0], biologic_mpt.read(realdata / export)[0]
    missing = set(ours.variables) - set(theirs.variables)
    chosen = {"voltage_amplitude_volt", "current_amplitude_ampere", "Cs", "Cp", "I Range", "net_capacity_ah"}
    # the LPSCl export was made with fewer columns
    assert missing == (chosen if export.endswith(".txt") else set())


@pytest.mark.parametrize("path", sorted({name for pair in PAIRS for name in pair}))
def test_one_reader_takes_it_and_knows_every_column(path, realdata):
    reader = registry.reader_for(realdata / path, registry.readers())
    assert reader.name == ("biologic_mpr" if path.endswith(".mpr") else "biologic_mpt")
    for signal in reader.read(realdata / path, None):
        assert not any("column_" in name for name in signal.variables)
        assert not any("not known" in note.text or "nobody" in note.text for note in signal.notes)


def test_geis_has_four_spectra_and_the_ssb_cell_89_points(realdata):
    signals = biologic_mpr.read(realdata / "impedance/yadg/geis.issue_149.mpr")
    assert [signal.sizes["frequency"] for signal in signals] == [21, 21, 21, 21]
    assert [signal.metadata["spectrum"] for signal in signals] == [1, 2, 3, 4]
    (ssb,) = biologic_mpr.read(realdata / "impedance/hybrid-drt/PEIS_SSB.mpr")
    frequency = ssb["frequency_hertz"].values
    assert len(frequency) == 89 and frequency[0] == pytest.approx(7e6, rel=1e-5)
    assert frequency[-1] == pytest.approx(0.01, rel=1e-3)
    assert np.all(ssb["imaginary_impedance_ohm"].values[frequency < 1e5] < 0)


def test_the_export_without_a_raw_file_reads(realdata):
    (signal,) = biologic_mpt.read(realdata / "impedance/impedance.py/exampleDataBioLogic.mpt")
    assert signal.sizes == {"frequency": 43}
    assert signal["real_impedance_ohm"].values[0] == 65.470886
    assert signal["imaginary_impedance_ohm"].values[0] == -0.38998979

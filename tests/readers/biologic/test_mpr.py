"""The .mpr reader against files whose truth is known, laid out by hand: headers old and new, unknown columns, cuts."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import readers_mpr as made
from nacre.core import registry
from nacre.core.errors import ReadError
from nacre.readers.biologic import mpr as biologic_mpr

F, Z = made.spectrum()


def write(tmp_path, data: bytes, name: str = "x.mpr"):
    path = tmp_path / name
    path.write_bytes(data)
    return path


def texts(signal) -> str:
    return " | ".join(note.text for note in signal.notes)


@pytest.mark.parametrize(("new", "version"), [(True, 11), (True, 10), (False, 3), (False, 2), (False, 0)])
def test_a_spectrum_comes_back_from_every_header(new, version, tmp_path):
    path = write(tmp_path, made.mpr(*made.peis(F, Z), new=new, version=version, area=0.785, comment="25 °C"))
    assert registry.reader_for(path, registry.readers()).name == "biologic_mpr"
    (signal,) = biologic_mpr.read(path)
    assert signal.kind == "impedance" and signal.sizes == {"frequency": 20}
    np.testing.assert_array_equal(signal["frequency_hertz"].values, F)
    np.testing.assert_allclose(signal["real_impedance_ohm"].values, Z.real, rtol=1e-7)
    np.testing.assert_allclose(signal["imaginary_impedance_ohm"].values, Z.imag, rtol=1e-7)
    assert np.all(signal["imaginary_impedance_ohm"].values < 0)  # capacitive
    np.testing.assert_allclose(signal.array("current_ampere", "mA"), 0.02, rtol=1e-7)
    assert signal.metadata["technique"] == "PEIS" and signal.metadata["start"] == "2024-03-14T09:30:00.000"
    assert signal.metadata["electrode_area"] == "0.785 cm2" and signal.metadata["comment"] == "25 °C"
    assert signal.metadata["channel"] == 3 and "characteristic_mass" not in signal.metadata
    assert signal["unix_time_second"].values[0] == pytest.approx(1710408600.0, abs=1e-3)


def test_cycling_flags_steps_charge_and_sign(tmp_path):
    (signal,) = biologic_mpr.read(write(tmp_path, made.mpr(*made.cycling(), technique=0x7F)))
    assert signal.kind == "cycling" and signal.metadata["technique"] == "MB"
    np.testing.assert_array_equal(np.unique(signal["mode"].values), [1, 3])
    assert signal["Ns changes"].values.sum() == 2 and signal["ox/red"].values.sum() == 10
    current = signal["current_ampere"].values
    assert current[15] == pytest.approx(2e-3) and current[-1] == pytest.approx(-2e-3)
    np.testing.assert_array_equal(np.unique(signal["step_count"].values), [1, 2, 3])
    np.testing.assert_array_equal(signal["step_id"].values[[0, 10, 20]], [0, 1, 2])
    charge = signal["step_cumulative_capacity_ah"].values
    assert charge[19] == pytest.approx(2e-3 * 100 / 3600) and charge[-1] == pytest.approx(2e-3 * 200 / 3600)
    assert list(signal["step_type"].values[[0, 15, 30]]) == ["REST", "CC_CHG", "CC_DCH"]
    assert "the capacity counter gives" in texts(signal)


def test_current_is_derived_where_gcpl_records_none(tmp_path):
    numbers, fields = made.cycling()
    numbers.remove(8)
    (signal,) = biologic_mpr.read(write(tmp_path, made.mpr(numbers, fields[:6] + fields[7:], technique=4)))
    np.testing.assert_allclose(signal.array("current_ampere", "mA")[12:18], 2.0, rtol=1e-9)
    assert "the file holds no current: it is the charge since the record before over the time" in texts(signal)


def test_loops_and_cycles_tell_spectra_apart(tmp_path):
    numbers, first = made.peis(F, Z, cycle=1.0)
    _, second = made.peis(F, 2 * Z, cycle=2.0, time=100.0)
    both = [(dtype, np.append(a, b)) for (dtype, a), (_, b) in zip(first, second, strict=True)]
    by_cycle = biologic_mpr.read(write(tmp_path, made.mpr(numbers, both)))
    same = [(dtype, np.ones(40) if i == 8 else values) for i, (dtype, values) in enumerate(both)]
    by_loop = biologic_mpr.read(write(tmp_path, made.mpr(numbers, same, loops=(0, 20, 40)), "loop.mpr"))
    by_sweep = biologic_mpr.read(write(tmp_path, made.mpr(numbers, same), "sweep.mpr"))
    for signals in (by_cycle, by_loop, by_sweep):
        assert [signal.sizes["frequency"] for signal in signals] == [20, 20]
        np.testing.assert_allclose(signals[1]["real_impedance_ohm"].values, 2 * Z.real, rtol=1e-7)
        assert signals[1].metadata["spectrum"] == 2 and signals[1].metadata["time"] == "100 s"
        assert signals[0].metadata["potential"] == "3.5 V"


def test_channels_of_a_stack_share_numbers_with_other_columns(tmp_path):
    numbers, fields = made.peis(F, Z)
    fields += [("<f4", np.arange(20) + i) for i in range(4)]
    (stack,) = biologic_mpr.read(write(tmp_path, made.mpr([*numbers, 271, 301, 331, 361], fields)))
    assert stack["Re(Z1)"].values[0] == 2 and stack["-Im(Z1)"].unit == "ohm"
    (plain,) = biologic_mpr.read(write(tmp_path, made.mpr([*numbers, 272, 331], fields[:-2])))
    assert plain["Analog IN 1"].unit == "V" and plain["Analog OUT"].values[0] == 1


def test_spectra_among_cycling_records_are_split(tmp_path):
    numbers, fields = made.peis(F, Z)
    zeros = [(dtype, np.append(np.zeros(30), values)) for dtype, values in fields]
    zeros[5] = ("<f8", np.arange(50.0))
    zeros[6] = ("<f4", np.full(50, 3.7))
    zeros[7] = ("<f4", np.append(np.full(30, 1.5), np.zeros(20)))
    spectrum, rest = biologic_mpr.read(write(tmp_path, made.mpr(numbers, zeros, technique=0x7F)))
    assert spectrum.kind == "impedance" and spectrum.sizes == {"frequency": 20}
    assert rest.kind == "cycling" and rest.sizes == {"record": 30}
    assert "real_impedance_ohm" not in rest and rest.array("current_ampere", "mA")[3] == pytest.approx(1.5)
    assert "30 of 50 records hold no impedance" in texts(rest)


# ids that readers in the field have stumbled on; 112, 174, 182, 215 and their kin with 256, 512 or 768 added
@pytest.mark.parametrize(
    ("number", "dtype", "name", "unit"),
    [
        (112, "<f8", "Energy we", "Wh"),
        (368, "<f8", "Energy we", "Wh"),
        (115, "<f8", "Energy ce charge", "Wh"),
        (884, "<f8", "Energy ce discharge", "Wh"),
        (182, "<f8", "step_time_second", "s"),
        (438, "<f8", "step_time_second", "s"),
        (430, "<f4", "Phase(Zwe-ce)", "deg"),
        (471, "<f4", "<Ece>", "V"),
        (215, "<f4", "<Ece>", "V"),
        (981, "<u4", "z cycle", "1"),
        (467, "<f8", "Q charge/discharge", "Ah"),
        (505, "<f4", "Rdc", "ohm"),
        (27, "<f4", "Ewe-Ece", "V"),
        (185, "<f4", "<Ece>", "V"),
        (475, "<f4", "THD Ece", "%"),
    ],
)
def test_column_numbers_of_newer_releases(number, dtype, name, unit, tmp_path):
    numbers, fields = made.cycling()
    fields.insert(4, (dtype, np.arange(40)))
    numbers.insert(9, number)
    (signal,) = biologic_mpr.read(write(tmp_path, made.mpr(numbers, fields)))
    assert signal[name].unit == unit and not [n for n in signal.notes if "nobody" in n.text]
    factor = 1e-3 if unit == "Ah" else 1.0
    np.testing.assert_allclose(signal[name].values, factor * np.arange(40))
    assert signal.array("current_ampere", "mA")[15] == pytest.approx(2.0)


def test_number_174_is_the_mean_potential(tmp_path):
    numbers, fields = made.cycling()
    numbers[numbers.index(6)] = 174
    (signal,) = biologic_mpr.read(write(tmp_path, made.mpr(numbers, fields)))
    assert signal["voltage_volt"].values[0] == pytest.approx(3.0)


@pytest.mark.parametrize("dtype", ["<f4", "<f8", "<u2", "<u1"])
@pytest.mark.parametrize("place", [6, 10, 13])
def test_one_unknown_column_is_kept_whatever_its_width(dtype, place, tmp_path):
    numbers, fields = made.cycling()
    numbers.insert(place, 57)
    fields.insert(place - 5, (dtype, np.arange(40)))
    (signal,) = biologic_mpr.read(write(tmp_path, made.mpr(numbers, fields)))
    np.testing.assert_array_equal(signal["column_57"].values, np.arange(40))
    assert signal.array("current_ampere", "mA")[15] == pytest.approx(2.0)
    width = np.dtype(dtype).itemsize
    assert f"1 columns have numbers nobody has described; they are kept: column_57 ({width} bytes)" in texts(signal)


def test_two_unknown_columns_of_one_width_are_kept(tmp_path):
    numbers, fields = made.cycling()
    numbers += [57, 60]
    fields += [("<f8", np.linspace(1, 2, 40)), ("<f8", np.linspace(5, 9, 40))]
    (signal,) = biologic_mpr.read(write(tmp_path, made.mpr(numbers, fields)))
    np.testing.assert_array_equal(signal["column_60"].values, np.linspace(5, 9, 40))
    assert "column_57 (8 bytes), column_60 (8 bytes)" in texts(signal)


def test_unknown_widths_that_the_record_does_not_tell_lose_only_what_lies_between(tmp_path):
    numbers, fields = made.cycling()
    # zeros: 4 + 8 and 8 + 4 bytes are equally credible
    numbers[9:9] = [57, 60]
    fields[4:4] = [("<f4", np.zeros(40)), ("<f8", np.zeros(40))]
    (signal,) = biologic_mpr.read(write(tmp_path, made.mpr(numbers, fields)))
    assert "column_57" not in signal and "column_60" not in signal
    assert signal.array("current_ampere", "mA")[15] == pytest.approx(2.0)
    assert signal["half cycle"].values[-1] == 1
    assert "the record's size does not tell their widths: column_57, column_60 are left out" in texts(signal)


def test_ambiguous_widths_are_told_by_what_is_credible(tmp_path):
    numbers, fields = made.cycling()
    numbers[7:7] = [57, 60]
    fields[2:2] = [("<f4", np.linspace(0.1, 0.7, 40)), ("<f8", np.linspace(3, 4, 40))]
    (signal,) = biologic_mpr.read(write(tmp_path, made.mpr(numbers, fields)))
    np.testing.assert_allclose(signal["column_57"].values, np.linspace(0.1, 0.7, 40), rtol=1e-6)
    np.testing.assert_array_equal(signal["column_60"].values, np.linspace(3, 4, 40))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("zero", "1 of 20 impedances are zero or no numbers (first at 1e+06 Hz)"),
        ("nan", "1 of 20 impedances are zero or no numbers"),
        ("double", "1 frequencies are measured more than once"),
        ("unsorted", "the frequencies are neither falling nor rising throughout"),
        ("inductive", "Im(Z) is positive at every frequency: inductive throughout, or the sign is turned"),
    ],
)
def test_odd_spectra_are_kept_and_noted(change, words, tmp_path):
    f, z = F.copy(), Z.copy()
    if change == "zero":
        z[0] = 0
    elif change == "nan":
        z[3] = np.nan
    elif change == "double":
        f[5] = f[4]
    elif change == "unsorted":
        f[[5, 6]] = f[[6, 5]]
    else:
        z = z.conj()
    (signal,) = biologic_mpr.read(write(tmp_path, made.mpr(*made.peis(f, z))))
    assert words in texts(signal)
    np.testing.assert_array_equal(signal["frequency_hertz"].values, f)


def test_a_modulus_that_contradicts_is_noted(tmp_path):
    numbers, fields = made.peis(F, Z)
    fields[3] = ("<f4", 2 * np.abs(Z))
    (signal,) = biologic_mpr.read(write(tmp_path, made.mpr(numbers, fields)))
    assert "|Z| and Re(Z), Im(Z) do not agree" in texts(signal)


def test_wrong_magic_and_no_records(tmp_path):
    with pytest.raises(ReadError, match=r"this is not a BioLogic \.mpr file; found b'PK") as error:
        biologic_mpr.read(write(tmp_path, b"PK\x03\x04" + bytes(500)))
    assert "Give the .mpr that EC-Lab or BT-Lab wrote" in str(error.value)
    numbers, fields = made.peis(F[:0], Z[:0])
    with pytest.raises(ReadError, match="the file holds no records; found a data module with 0 points"):
        biologic_mpr.read(write(tmp_path, made.mpr(numbers, fields)))


def test_columns_that_do_not_fit_the_record(tmp_path):
    numbers, fields = made.peis(F, Z)
    with pytest.raises(ReadError, match="the columns do not fill the records") as error:
        biologic_mpr.read(write(tmp_path, made.mpr([*numbers, 37, 38], fields)))
    assert "Export the file as text (.mpt) in EC-Lab" in str(error.value)


def test_no_current_and_no_voltage(tmp_path):
    numbers, fields = made.cycling()
    few = [n for n in numbers if n not in (7, 8)]
    with pytest.raises(ReadError, match="the file has no current"):
        biologic_mpr.read(write(tmp_path, made.mpr(few, fields[:3] + fields[4:6] + fields[7:])))
    few = [n for n in numbers if n != 6]
    with pytest.raises(ReadError, match="the file has no voltage"):
        biologic_mpr.read(write(tmp_path, made.mpr(few, fields[:5] + fields[6:])))


def test_without_a_log_the_start_is_not_known(tmp_path):
    (signal,) = biologic_mpr.read(write(tmp_path, made.mpr(*made.peis(F, Z), with_log=False)))
    assert "start" not in signal.metadata and "unix_time_second" not in signal
    assert "the file has no log: of its start only the day is known (03/14/24)" in texts(signal)


def test_a_setting_file_is_refused_with_advice(tmp_path):
    path = write(tmp_path, b"EC-LAB SETTING FILE\r\n\r\nNumber of linked techniques : 1\r\n", "x.mps")
    with pytest.raises(ReadError, match=r"setting file \(.mps\), which holds no data"):
        registry.reader_for(path, registry.readers())


WHOLE = made.mpr(*made.peis(F, Z), loops=(0, 20))
DATA_AT = WHOLE.index(b"MODULEVMP data") + 65 + 1007
RECORD = 46


@settings(max_examples=150, derandomize=True, deadline=None)
@given(cut=st.integers(0, len(WHOLE) - 1))
def test_a_cut_anywhere_gives_whole_records_or_words(cut, tmp_path_factory):
    path = tmp_path_factory.mktemp("cut") / "x.mpr"
    path.write_bytes(WHOLE[:cut])
    held = min((cut - DATA_AT) // RECORD, 20)
    if held < 1:
        with pytest.raises(ReadError, match=r"ends before|ends among|not a BioLogic"):
            biologic_mpr.read(path)
        return
    (signal,) = biologic_mpr.read(path)
    np.testing.assert_array_equal(signal["frequency_hertz"].values, F[:held])
    assert ("the file is cut" in texts(signal)) == (held < 20)

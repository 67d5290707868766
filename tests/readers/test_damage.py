"""Damaged files: whatever byte is changed, lost or added, a reader gives signals or a sentence, never anything else."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import readers_mpr as made
from nacre.core import registry
from nacre.core.errors import ReadError

F, Z = made.spectrum()
PAIRS = list(zip(F, Z, strict=True))
ROWS = "".join(f"{f:.7E}\t{z.real:.7E}\t{-z.imag:.7E}\t{i}.5\t3.1\t0.2\n" for i, (f, z) in enumerate(PAIRS))
MPT = "EC-Lab ASCII FILE\nNb header lines : 3\nfreq/Hz\tRe(Z)/Ohm\t-Im(Z)/Ohm\ttime/s\t<Ewe>/V\t<I>/mA\n"
CSV = "freq/Hz,Z'/ohm,Z''/ohm\n" + "".join(f"{f},{z.real},{z.imag}\n" for f, z in PAIRS)
GAMRY = "EXPLAIN\nTAG\tEISPOT\nAREA\tQUANT\t2.0\tArea\n"
GAMRY += "ZCURVE\tTABLE\n\tPt\tTime\tFreq\tZreal\tZimag\n\t#\ts\tHz\tohm\tohm\n"
GAMRY += "".join(f"\t{i}\t{i}\t{f}\t{z.real}\t{z.imag}\n" for i, (f, z) in enumerate(PAIRS))
ZPLOT = "ZPLOT2 ASCII\n  Date: 1-2-2024\nEnd Comments\n"
ZPLOT += "".join(f"{f}\t1E-2\t0\t{i}\t{z.real}\t{z.imag}\t0\t0\t3\n" for i, (f, z) in enumerate(PAIRS))
ARBIN = "Data_Point,Test_Time(s),Date_Time,Step_Index,Cycle_Index,Current(A),Voltage(V),Charge_Capacity(Ah)\n"
ARBIN += "".join(f"{i},{10 * i},2024-03-14 10:00:{i:02d},1,1,0.1,3.{i},{i / 3600}\n" for i in range(1, 30))
RELAXIS = (
    "RelaxIS 3.0 Spectrum export\nDate: 1/2/2024\nData: Frequency\tData: Z'\tData: Z''\nDC=0, TM=25\tModel: x\tcell\n"
)
RELAXIS += "".join(f"{f}\t{z.real}\t{z.imag}\n" for f, z in PAIRS)
FILES = {
    "spectrum.mpr": made.mpr(*made.peis(F, Z), loops=(0, 10)),
    "cycling.mpr": made.mpr(*made.cycling(), new=False, version=3),
    "x.mpt": (MPT + ROWS).encode(),
    "x.csv": CSV.encode(),
    "x.DTA": GAMRY.encode(),
    "x.z": ZPLOT.encode(),
    "arbin.csv": ARBIN.encode(),
    "relaxis.txt": RELAXIS.encode(),
}
CHANGES = st.lists(
    st.tuples(
        st.floats(0, 1, exclude_max=True), st.sampled_from(["set", "cut", "add"]), st.binary(min_size=1, max_size=5)
    ),
    min_size=1,
    max_size=6,
)


def damaged(data: bytes, changes) -> bytes:
    out = bytearray(data)
    for place, kind, new in changes:
        at = int(place * len(out))
        if kind == "set":
            out[at : at + len(new)] = new
        elif kind == "cut":
            del out[at : at + len(new)]
        else:
            out[at:at] = new
    return bytes(out)


@pytest.mark.parametrize("name", FILES)
def test_whole_files_are_read(name, tmp_path):
    path = tmp_path / name
    path.write_bytes(FILES[name])
    reader = registry.reader_for(path, registry.readers())
    assert reader.read(path, reader.options())


@pytest.mark.parametrize("name", FILES)
@settings(
    max_examples=100, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(changes=CHANGES)
def test_damaged_files_are_read_or_refused(name, changes, tmp_path):
    path = tmp_path / name
    path.write_bytes(damaged(FILES[name], changes) or b"\n")
    for _, reader in registry.sniff(path, registry.readers().values()):
        try:
            signals = reader.read(path, reader.options())
        except ReadError as error:
            assert len(str(error)) > 20
            continue
        assert signals and all(np.ndim(v.values) == 1 for signal in signals for v in signal.variables.values())

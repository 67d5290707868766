"""The columns of BioLogic .mpr files: their numbers, the headings EC-Lab exports them under, and their width.

A column's number has 16 bits of which the lower eight say what it is; 256, 512 and 768 are added to the same column
in newer releases and modules (467, 979 and 211 are one column). A few numbers mean another thing with and without
256, and the channels of a stack (E1, Z1, E2, Z2) share numbers with others: these stand apart below.

Numbers 1, 2, 3, 21, 31 and 65 share one byte of the record, which stands where the first of them does.

Public descriptions: cheminfo/biologic-converter (MIT), and the issue threads of galvani and yadg, in which users
compared .mpr files with their text exports.
"""

# number: (mask, heading)
FLAGS = {
    1: (0x03, "mode"),
    2: (0x04, "ox/red"),
    3: (0x08, "error"),
    21: (0x10, "control changes"),
    31: (0x20, "Ns changes"),
    65: (0x80, "counter inc."),
}

_ROWS = """
4 f8 time/s
5 f4 control/V/mA
6 f4 Ewe/V
7 f8 dq/mA.h
8 f4 I/mA
9 f4 Ece/V
11 f8 <I>/mA
13 f8 (Q-Qo)/mA.h
16 f4 Analog IN 1/V
17 f4 Analog IN 2/V
18 f4 Analog IN 3/V
19 f4 control/V
20 f4 control/mA
23 f8 dQ/mA.h
24 f8 cycle number
26 f4 Rapp/Ohm
27 f4 Ewe-Ece/V
32 f4 freq/Hz
33 f4 |Ewe|/V
34 f4 |I|/A
35 f4 Phase(Z)/deg
36 f4 |Z|/Ohm
37 f4 Re(Z)/Ohm
38 f4 -Im(Z)/Ohm
39 u2 I Range
69 f4 R/Ohm
70 f4 P/W
74 f8 |Energy|/W.h
75 f4 Analog OUT/V
76 f4 <I>/mA
77 f4 <Ewe>/V
78 f4 Cs-2/µF-2
96 f4 |Ece|/V
98 f4 Phase(Zce)/deg
99 f4 |Zce|/Ohm
100 f4 Re(Zce)/Ohm
101 f4 -Im(Zce)/Ohm
110 f8 Energy ce/W.h
112 f8 Energy we/W.h
115 f8 Energy ce charge/W.h
116 f8 Energy ce discharge/W.h
123 f8 Energy charge/W.h
124 f8 Energy discharge/W.h
125 f8 Capacitance charge/µF
126 f8 Capacitance discharge/µF
131 u2 Ns
135 f4 <E1>/V
136 f4 <E2>/V
163 f4 |Estack|/V
166 f4 Phase(Zstack)/deg
167 f4 |Zstack|/Ohm
168 f4 Rcmp/Ohm
169 f4 Cs/µF
170 f4 <Estack>/V
172 f4 Cp/µF
173 f4 Cp-2/µF-2
174 f4 <Ewe>/V
175 f4 |Zwe-ce|/Ohm
176 f4 Re(Zwe-ce)/Ohm
177 f4 -Im(Zwe-ce)/Ohm
178 f4 (Q-Qo)/C
179 f4 dQ/C
182 f8 step time/s
185 f4 <Ece>/V
206 f4 Temperature/°C
211 f8 Q charge/discharge/mA.h
212 u4 half cycle
213 u4 z cycle
215 f4 <Ece>/V
217 f4 THD Ewe/%
218 f4 THD I/%
219 f4 THD Ece/%
220 f4 NSD Ewe/%
221 f4 NSD I/%
222 f4 NSD Ece/%
223 f4 NSR Ewe/%
224 f4 NSR I/%
225 f4 NSR Ece/%
230 f4 |Ewe h2|/V
231 f4 |Ewe h3|/V
232 f4 |Ewe h4|/V
233 f4 |Ewe h5|/V
234 f4 |Ewe h6|/V
235 f4 |Ewe h7|/V
236 f4 |I h2|/A
237 f4 |I h3|/A
238 f4 |I h4|/A
239 f4 |I h5|/A
240 f4 |I h6|/A
241 f4 |I h7|/A
242 f4 |Ece h2|/V
243 f4 |Ece h3|/V
244 f4 |Ece h4|/V
245 f4 |Ece h5|/V
246 f4 |Ece h6|/V
247 f4 |Ece h7|/V
248 f4 Rac/Ohm
249 f4 Rdc/Ohm
253 u1 ACIR or DCIR control
"""

# these numbers, whole, are other columns than their lower eight bits say
_WHOLE = """
424 f4 Re(Zstack)/Ohm
425 f4 -Im(Zstack)/Ohm
430 f4 Phase(Zwe-ce)/deg
"""

# a file that records a stack's channels has several of these
_STACK = """
241 f4 |E1|/V
242 f4 |E2|/V
271 f4 Phase(Z1)/deg
272 f4 Phase(Z2)/deg
301 f4 |Z1|/Ohm
302 f4 |Z2|/Ohm
331 f4 Re(Z1)/Ohm
332 f4 Re(Z2)/Ohm
361 f4 -Im(Z1)/Ohm
362 f4 -Im(Z2)/Ohm
391 f4 <E1>/V
392 f4 <E2>/V
"""


def _table(rows: str) -> dict[int, tuple[str, str]]:
    split = (row.split(" ", 2) for row in rows.strip().splitlines())
    return {int(number): (heading, "<" + width) for number, width, heading in split}


_BY_LOW_BYTE, _BY_NUMBER, _OF_STACK = _table(_ROWS), _table(_WHOLE), _table(_STACK)


def known(numbers: list[int]) -> list[tuple[str, str] | None]:
    """(heading, dtype) of each column of a file; None where nobody has said what it is. Flags are not asked for."""
    stack = _OF_STACK if sum(number in _OF_STACK for number in numbers) >= 4 else {}
    return [stack.get(n) or _BY_NUMBER.get(n) or _BY_LOW_BYTE.get(n & 0xFF) for n in numbers]

"""The closed-form cell of the solver's tests, discharged: it begins with a charge."""

from dataclasses import replace

from physics.p2d.cells import ANODE, CATHODE, CELL

DISCHARGED = replace(CELL, cathode=replace(CATHODE, stoichiometry=0.9), anode=replace(ANODE, stoichiometry=0.22))

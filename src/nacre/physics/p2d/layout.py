"""How the solver's arrays are laid out. One place for every index, so that kernels and packing cannot disagree.

A *lane* is one particle: class m at node k has lane m * nodes + k. Lanes are padded to a multiple of LANES with ghosts
(copies of the last particle with no area) and handled in bundles of LANES at a time. An electrode is the tuple
``(sizes, scalars, shells, nodes, lanes, cells, ocp, diffusion)``:

- ``sizes`` int64, indices ``N_*``; ``scalars`` float64, indices ``S_*``;
- ``shells`` (3, shells) float64: face area over distance, inverse volume, weight of the harmonic mean;
- ``nodes``: rows ``K_*`` of sizes[N_STRIDE] float64 each;
- ``lanes``: bundle after bundle, each ``LANE_PLANES`` planes of LANES numbers;
- ``cells``: row after row (bundle * shells + shell, centre first), each ``CELL_PLANES`` planes of LANES numbers;
- ``ocp`` (intervals + 1, 4): U, U' h, ln g, (ln g)' h on an even grid;
- ``diffusion`` (intervals + 1, 2): ln D, (ln D)' h.

The first SLOTS planes of lanes and cells hold past solutions.
"""

from nacre.physics.p2d.simd import WIDTH

LANES = WIDTH
SLOTS = 7  # order 5 predicts from six past solutions; the seventh slot takes the new one

N_BUNDLES, N_SHELLS, N_NODES, N_LANES, N_DMODE, N_PLAIN, N_CLASSES, N_STRIDE, N_DRIFT = range(9)

(
    S_THERMAL,  # 2RT/F / V
    S_I0,  # A/m2
    S_ALPHA,
    S_BETA,
    S_LOW,  # surface stoichiometry allowed
    S_HIGH,
    S_UX,  # first x of the OCP table, and 1/h
    S_UH,
    S_DX,  # first x of the table of ln D, and 1/h
    S_DH,
    S_W1,  # surface value from the last three cells, outermost first
    S_W2,
    S_W3,
    S_P0,  # ln D = p0 + p1 x + ... + p4 x^4
    S_P1,
    S_P2,
    S_P3,
    S_P4,
    S_CC,  # leading coefficient that the kept elimination factors belong to
    S_E0,  # electrode potential = E0 + E1 J after a linear solve
    S_E1,
) = range(21)
SCALARS = 21

# per node or face: resistances of the electrolyte and the solid, node resistance and source, face currents, potential
K_RE, K_RS, K_A, K_B, K_I0, K_I1, K_PHI, K_T = range(8)
NODE_ROWS = 8

# prediction, D/R^2 and slope, flux through the outer face and slopes, elimination
XP, DIF, DDIF, FLUX, F1, F2, ELIM, RHS, INV = range(SLOTS, SLOTS + 9)
CELL_PLANES = SLOTS + 9
ROW = CELL_PLANES * LANES

(
    JJ,  # current density on true contact area, A/m2
    AL,  # surface stoichiometry = AL + BE j
    BE,
    XS,
    U,
    DU,
    LNG,  # 1 / g, the part of the exchange current density that is not the plain square root; slope of ln g
    DLNG,
    G,  # potential difference solid - electrolyte that j needs, and its slope dG/dj
    DG,
    AREA,  # true contact area per plan area of the node's slice, and its inverse (0 for ghosts)
    RAREA,
    FILM,  # ohm m2 of true contact area
    SOURCE,  # dx/dt of the outermost cell per j
    SCALE,  # ln(1/R^2)
    DLANE,  # D/R^2 where it is constant
    MASK,  # 1 for a particle, 0 for a ghost
    AREA0,  # where sizes[N_DRIFT] is not 0: value when a run begins, and its slope per second
    AREA1,
    FILM0,
    FILM1,
    SOURCE0,
    SOURCE1,
    SCALE0,
    SCALE1,
) = range(SLOTS, SLOTS + 25)
LANE_PLANES = SLOTS + 25
BUNDLE = LANE_PLANES * LANES

SHELL_FACE, SHELL_INV, SHELL_MEAN = range(3)

D_CONSTANT, D_POLYNOMIAL, D_TABLE = range(3)

"""How the solver's arrays are laid out. One place for every index, so that kernels and packing cannot disagree.

A *lane* is one particle: class m at node k has lane m * nodes + k. Lanes are padded to a multiple of LANES with ghosts
(copies of the last particle with no area) and handled in bundles of LANES at a time. An electrode is the tuple
``(sizes, scalars, shells, nodes, lanes, cells, ocp, diffusion)``:

- ``sizes`` int64, indices ``N_*``; ``scalars`` float64, indices ``S_*``;
- ``shells`` (3, shells) float64: face area over distance, inverse volume, weight of the harmonic mean;
- ``nodes`` (rows ``K_*``, nodes + 1) float64;
- ``lanes``: bundle after bundle, each ``LANE_PLANES`` planes of LANES numbers;
- ``cells``: row after row (bundle * shells + shell, centre first), each ``CELL_PLANES`` planes of LANES numbers;
- ``ocp`` (intervals + 1, 4): U, U' h, g, g' h on an even grid; ``diffusion`` (intervals + 1, 2): ln D, (ln D)' h.

Constant distances between planes let the compiler prove that stores and loads do not overlap.
"""

LANES = 4
SLOTS = 7  # past solutions kept: order 5 needs six, the test for a higher order one more

N_BUNDLES, N_SHELLS, N_NODES, N_LANES, N_DMODE, N_PLAIN, N_QUAD, N_CLASSES = range(8)
SIZES = 8

(
    S_THERMAL,  # 2RT/F / V
    S_I0,  # A/m2
    S_ALPHA,
    S_BETA,
    S_LOW,  # surface stoichiometry allowed
    S_HIGH,
    S_UX,  # first x of the OCP table, and 1/h
    S_UH,
    S_DX,
    S_DH,
    S_W1,  # surface value from the last two cells
    S_W2,
    S_P0,  # ln D = p0 + p1 x + ... + p4 x^4
    S_P1,
    S_P2,
    S_P3,
    S_P4,
    S_CC,  # leading coefficient that the kept elimination factors belong to
    S_E0,  # electrode potential = E0 + E1 J after a linear solve
    S_E1,
) = range(20)
SCALARS = 20

K_RE, K_RS, K_A, K_B, K_I0, K_I1, K_PHI, K_T = range(8)
NODE_ROWS = 8

# cell planes; the first SLOTS hold past solutions
XP, VP, DIF, DDIF, FLUX, F1, F2, ELIM, RHS, INV = range(SLOTS, SLOTS + 10)
CELL_PLANES = SLOTS + 10

# lane planes; the first SLOTS hold past current densities
(
    JJ,  # current density on true contact area, A/m2
    AL,  # surface stoichiometry = AL + BE j
    BE,
    XS,
    U,
    DU,
    LNG,  # ln of the exchange current density less its power-law part, and its derivative
    DLNG,
    G,  # potential difference solid - electrolyte that j needs, and 1 / (dG/dj)
    IDG,
    AREA,  # true contact area per plan area of the node's slice
    FILM,  # ohm m2 of true contact area
    SOURCE,  # dx/dt of the outermost cell per j
    GRAD,  # surface stoichiometry per j at a given outermost cell (second-order surface)
    GRADC,
    SCALE,  # ln(1/R^2)
    MASK,  # 1 for a particle, 0 for a ghost
    ERR,
    ERS,
) = range(SLOTS, SLOTS + 19)
LANE_PLANES = SLOTS + 19

SHELL_FACE, SHELL_INV, SHELL_MEAN = range(3)

D_CONSTANT, D_POLYNOMIAL, D_TABLE = range(3)

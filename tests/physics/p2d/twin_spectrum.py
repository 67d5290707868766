"""The referee's impedance: the cell with double layers and films' capacitances in PyBaMM, for its EISSimulation.

V. Sulzer et al., J. Open Research Software 9 (2021) 14; N. Hallemans et al., J. Electrochem. Soc. 172 (2025) 060507.
One particle size, capacitors instead of constant-phase elements (a model in time has no others). The equations are
written anew, with the reaction as sinh and the voltages across layers and films as variables.
"""

from types import SimpleNamespace

import numpy as np
import pybamm

from nacre.physics.constants import FARADAY, GAS, VACUUM_PERMITTIVITY
from physics.p2d.twin import _diffusivity, twin_geometry

SIDES = ("negative", "positive")


def _films(e):
    """(resistance, capacitance) of coating and interphase where there is one."""
    found = []
    if e.coating_thickness:
        capacity = VACUUM_PERMITTIVITY * e.coating_permittivity / e.coating_thickness
        found.append((e.coating_thickness / e.coating_conductivity, capacity))
    if e.interphase_thickness:
        resistance = float(e.interphase_thickness) * e.interphase_resistivity
        found.append((resistance, VACUUM_PERMITTIVITY * e.interphase_permittivity / float(e.interphase_thickness)))
    return found


def _capacitor(model, name, domain, current, resistance, capacity):
    """Voltage across a resistance beside a capacitance."""
    if not capacity:
        return resistance * current
    v = pybamm.Variable(name, domain=domain) if domain else pybamm.Variable(name)
    model.rhs[v] = (current - v / resistance) / capacity
    model.initial_conditions[v] = pybamm.Scalar(0)
    return v


def spectrum_model(cell, cathode_u, anode_u):
    model = pybamm.BaseModel("single-ion twin in frequency")
    model.param = SimpleNamespace(Q=pybamm.Scalar(1), A_cc=pybamm.Scalar(1))
    discharge = pybamm.FunctionParameter("Current function [A]", {"Time [s]": pybamm.t})
    current = -discharge
    thermal = 2.0 * GAS * cell.temperature / FARADAY
    electrodes = {"negative": (cell.anode, anode_u), "positive": (cell.cathode, cathode_u)}
    phi_s = {side: pybamm.Variable(f"phi_s {side}", domain=f"{side} electrode") for side in SIDES}
    parts = {side: pybamm.Variable(f"phi_e {side}", domain=f"{side} electrode") for side in SIDES}
    middle = pybamm.Variable("phi_e separator", domain="separator")
    phi_e = pybamm.concatenation(parts["negative"], middle, parts["positive"])
    kappa = pybamm.concatenation(
        pybamm.PrimaryBroadcast(cell.anode.ionic_conductivity, "negative electrode"),
        pybamm.PrimaryBroadcast(cell.separator_conductivity, "separator"),
        pybamm.PrimaryBroadcast(cell.cathode.ionic_conductivity, "positive electrode"),
    )
    source = {}
    for side, (e, ocp) in electrodes.items():
        domain = f"{side} electrode"
        x = pybamm.Variable(f"x {side}", domain=f"{side} particle", auxiliary_domains={"secondary": domain})
        j, delta = pybamm.Variable(f"j {side}", domain=domain), pybamm.Variable(f"delta {side}", domain=domain)
        surface = pybamm.surf(x)
        i0 = e.exchange.reference * pybamm.sqrt(surface * (1.0 - surface))
        reaction = 2.0 * i0 * pybamm.sinh((delta - ocp(surface, pybamm.exp, pybamm.tanh)) / thermal)
        if e.double_layer:
            model.rhs[delta] = (j - reaction) / e.double_layer
        else:
            model.algebraic[delta] = j - reaction
        films = [_capacitor(model, f"film {k} {side}", domain, j, *f) for k, f in enumerate(_films(e))]
        model.algebraic[j] = phi_s[side] - parts[side] - delta - sum(films)
        area = 3.0 * e.volume_fractions[0] / e.radii[0] * float(e.contact)
        source[side] = area * j
        d = _diffusivity(e, x)
        model.rhs[x] = pybamm.div(d * pybamm.grad(x))
        given = -float(e.contact) * reaction / (FARADAY * e.c_max)
        at_surface = pybamm.surf(d) if any(e.diffusivity.log_polynomial[1:]) else d
        model.boundary_conditions[x] = {
            "left": (pybamm.Scalar(0), "Neumann"),
            "right": (given / at_surface, "Neumann"),
        }
        i_s = -e.electronic_conductivity * pybamm.grad(phi_s[side])
        model.algebraic[phi_s[side]] = (pybamm.div(i_s) + source[side]) * e.thickness
        u = float(ocp(e.stoichiometry))
        model.initial_conditions |= {x: pybamm.Scalar(e.stoichiometry), j: pybamm.Scalar(0), delta: pybamm.Scalar(u)}
    zero, u = pybamm.Scalar(0), [float(ocp(e.stoichiometry)) for e, ocp in electrodes.values()]
    sigma = cell.cathode.electronic_conductivity
    model.boundary_conditions[phi_s["negative"]] = {"left": (zero, "Dirichlet"), "right": (zero, "Neumann")}
    model.boundary_conditions[phi_s["positive"]] = {"left": (zero, "Neumann"), "right": (current / sigma, "Neumann")}
    model.boundary_conditions[phi_e] = {"left": (zero, "Neumann"), "right": (zero, "Neumann")}
    total = pybamm.concatenation(source["negative"], pybamm.PrimaryBroadcast(0, "separator"), source["positive"])
    model.algebraic[phi_e] = (pybamm.div(-kappa * pybamm.grad(phi_e)) - total) * cell.cathode.thickness
    model.initial_conditions[phi_s["negative"]] = zero
    model.initial_conditions[phi_s["positive"]] = pybamm.Scalar(u[1] - u[0])
    model.initial_conditions[phi_e] = pybamm.Scalar(-u[0])
    grains = zero
    if cell.grain_boundary_resistance:
        grains = _capacitor(
            model, "grains", "", current, cell.grain_boundary_resistance, cell.grain_boundary_capacitance
        )
    voltage = pybamm.boundary_value(phi_s["positive"], "right") + grains + current * cell.contact_resistance
    model.variables = {"Voltage [V]": voltage, "Current [A]": discharge, "Battery voltage [V]": voltage}
    return model


def spectrum_twin(cell, cathode_u, anode_u, nodes=(20, 20), shells=(20, 20)):
    """The model in pybamm.EISSimulation, built; nodes and shells are (cathode, anode)."""
    even = pybamm.Uniform1DSubMesh
    domains = ("negative electrode", "separator", "positive electrode", "negative particle", "positive particle")
    straight = {"extrapolation": {"order": {"gradient": "linear", "value": "linear"}, "use bcs": False}}
    with_flux = {"extrapolation": {"order": {"gradient": "linear", "value": "linear"}, "use bcs": True}}
    methods = {"macroscale": pybamm.FiniteVolume(with_flux)}
    methods |= {d: pybamm.FiniteVolume(straight) for d in domains[3:]}
    simulation = pybamm.EISSimulation(
        spectrum_model(cell, cathode_u, anode_u),
        parameter_values=pybamm.ParameterValues({"Current function [A]": 0.0}),
        geometry=twin_geometry(cell),
        submesh_types=dict.fromkeys(domains, even),
        var_pts={"x_n": nodes[1], "x_s": 10, "x_p": nodes[0], "r_n": shells[1], "r_p": shells[0]},
        spatial_methods=methods,
        skip_surface_form_check=True,
    )
    simulation.solve([1.0])
    return simulation


def put_state(simulation, state):
    """Particles as in a state of ours (one class); all else as it is while that state is held without a current."""
    model = simulation._built_model
    y = model.concatenated_initial_conditions.evaluate(0, inputs={}).ravel()
    where = {variable.name: slices[0] for variable, slices in model.y_slices.items()}
    y[where["x positive"]] = state.cathode[0].ravel()
    y[where["x negative"]] = state.anode[0][::-1].ravel()  # from the collector
    free = np.ones(y.size, bool)
    free[where["x positive"]] = free[where["x negative"]] = False
    rows = np.flatnonzero(free)
    for _ in range(60):
        rate = np.array(model.rhs_algebraic_eval(0, y, [])).ravel()[rows]
        jacobian = np.array(model.jac_rhs_algebraic_eval(0, y, []).full())[np.ix_(rows, rows)]
        step = np.linalg.solve(jacobian, -rate)
        y[rows] += step * min(1.0, 0.05 / np.abs(step).max())
        if np.abs(step).max() < 1e-12:
            break
    assert np.abs(step).max() < 1e-9, "the referee's own state did not converge"
    model.concatenated_initial_conditions = pybamm.Vector(y)

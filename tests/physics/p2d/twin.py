"""The same equations as a PyBaMM model: the referee. One particle size, constant kinetics exponents of a half.

V. Sulzer et al., J. Open Research Software 9 (2021) 14. Built from the same `Cell`, with the open-circuit potentials
given as closed forms and discretised by PyBaMM's own finite volumes.
"""

import math

import numpy as np
import pybamm

from nacre.physics.ocp import FARADAY, GAS


def _film(e):
    return float(e.coating_thickness / e.coating_conductivity + e.interphase_thickness * e.interphase_resistivity)


def _diffusivity(e, x):
    c = e.diffusivity.log_polynomial
    if not any(c[1:]):
        return pybamm.Scalar(math.exp(c[0]))
    power = c[0]
    for k, value in enumerate(c[1:], start=1):
        power = power + value * x**k
    return pybamm.exp(power)


def twin_model(cell, cathode_u, anode_u):
    """Model with output `Voltage` and inputs `Current` (A/m2, positive charges), `Lowest` (V), and factors on the
    cathode's contact fraction and diffusivity, `Contact` and `Diffusion`."""
    current, lowest = pybamm.InputParameter("Current"), pybamm.InputParameter("Lowest")
    factors = {
        "negative": (pybamm.Scalar(1.0), pybamm.Scalar(1.0)),
        "positive": (pybamm.InputParameter("Contact"), pybamm.InputParameter("Diffusion")),
    }
    model = pybamm.BaseModel("single-ion twin")
    thermal = 2.0 * GAS * cell.temperature / FARADAY
    ocp = {"negative": anode_u, "positive": cathode_u}
    electrodes = {"negative": cell.anode, "positive": cell.cathode}
    phi_e_parts, source = {}, {}
    x, phi_s, j = {}, {}, {}
    for side in ("negative", "positive"):
        domain = f"{side} electrode"
        x[side] = pybamm.Variable(
            f"x {side}", domain=f"{side} particle", auxiliary_domains={"secondary": domain}, bounds=(0, 1)
        )
        phi_s[side] = pybamm.Variable(f"phi_s {side}", domain=domain)
        j[side] = pybamm.Variable(f"j {side}", domain=domain, scale=0.1)
        phi_e_parts[side] = pybamm.Variable(f"phi_e {side}", domain=domain)
    middle = pybamm.Variable("phi_e separator", domain="separator")
    phi_e = pybamm.concatenation(phi_e_parts["negative"], middle, phi_e_parts["positive"])
    kappa = pybamm.concatenation(
        pybamm.PrimaryBroadcast(cell.anode.ionic_conductivity, "negative electrode"),
        pybamm.PrimaryBroadcast(cell.separator_conductivity, "separator"),
        pybamm.PrimaryBroadcast(cell.cathode.ionic_conductivity, "positive electrode"),
    )
    start = {}
    for side, e in electrodes.items():
        contact = float(e.contact) * factors[side][0]
        area = 3.0 * e.volume_fractions[0] / e.radii[0] * contact
        source[side] = area * j[side]
        surface = pybamm.surf(x[side])
        i0 = e.exchange.reference * pybamm.sqrt(surface * (1.0 - surface))
        eta = thermal * pybamm.arcsinh(j[side] / (2.0 * i0))
        model.algebraic[j[side]] = (
            phi_s[side] - phi_e_parts[side] - ocp[side](surface, pybamm.exp, pybamm.tanh) - (_film(e) * j[side] + eta)
        )
        d = _diffusivity(e, x[side]) * factors[side][1]
        model.rhs[x[side]] = pybamm.div(d * pybamm.grad(x[side]))
        given = -contact * j[side] / (FARADAY * e.c_max)
        varies = any(e.diffusivity.log_polynomial[1:])
        at_surface = pybamm.surf(_diffusivity(e, x[side])) * factors[side][1] if varies else d
        model.boundary_conditions[x[side]] = {
            "left": (pybamm.Scalar(0), "Neumann"),
            "right": (given / at_surface, "Neumann"),
        }
        model.initial_conditions[x[side]] = pybamm.Scalar(e.stoichiometry)
        model.initial_conditions[j[side]] = pybamm.Scalar(0.0) + (1 if side == "negative" else -1) * -1 * current / (
            area * e.thickness
        )
        i_s = -e.electronic_conductivity * pybamm.grad(phi_s[side])
        model.algebraic[phi_s[side]] = (pybamm.div(i_s) + source[side]) * e.thickness
        start[side] = float(ocp[side](e.stoichiometry))
    zero = pybamm.Scalar(0)
    sigma_p = cell.cathode.electronic_conductivity
    model.boundary_conditions[phi_s["negative"]] = {"left": (zero, "Dirichlet"), "right": (zero, "Neumann")}
    model.boundary_conditions[phi_s["positive"]] = {"left": (zero, "Neumann"), "right": (current / sigma_p, "Neumann")}
    model.boundary_conditions[phi_e] = {"left": (zero, "Neumann"), "right": (zero, "Neumann")}
    total = pybamm.concatenation(source["negative"], pybamm.PrimaryBroadcast(0, "separator"), source["positive"])
    model.algebraic[phi_e] = (pybamm.div(-kappa * pybamm.grad(phi_e)) - total) * cell.cathode.thickness
    model.initial_conditions[phi_s["negative"]] = zero
    model.initial_conditions[phi_s["positive"]] = pybamm.Scalar(start["positive"] - start["negative"])
    model.initial_conditions[phi_e] = pybamm.Scalar(-start["negative"])
    extra = cell.grain_boundary_resistance + cell.contact_resistance
    voltage = pybamm.boundary_value(phi_s["positive"], "right") + current * extra
    model.variables = {"Voltage": voltage}
    model.events = [pybamm.Event("lowest voltage", voltage - lowest)]
    return model


def twin_geometry(cell):
    along = pybamm.standard_spatial_vars
    a, s, c = cell.anode.thickness, cell.separator_thickness, cell.cathode.thickness
    return {
        "negative electrode": {along.x_n: {"min": 0, "max": a}},
        "separator": {along.x_s: {"min": a, "max": a + s}},
        "positive electrode": {along.x_p: {"min": a + s, "max": a + s + c}},
        "negative particle": {along.r_n: {"min": 0, "max": cell.anode.radii[0]}},
        "positive particle": {along.r_p: {"min": 0, "max": cell.cathode.radii[0]}},
    }


def twin_discretised(cell, cathode_u, anode_u, nodes=(20, 20), shells=(20, 20), particle_mesh=None):
    """The model on PyBaMM's mesh; nodes and shells are (cathode, anode)."""
    model = twin_model(cell, cathode_u, anode_u)
    even = pybamm.Uniform1DSubMesh
    particle = particle_mesh or even
    kinds = dict.fromkeys(("negative electrode", "separator", "positive electrode"), even)
    kinds |= {"negative particle": particle, "positive particle": particle}
    points = {"x_n": nodes[1], "x_s": 10, "x_p": nodes[0], "r_n": shells[1], "r_p": shells[0]}
    mesh = pybamm.Mesh(twin_geometry(cell), kinds, points)
    with_flux = {"extrapolation": {"order": {"gradient": "linear", "value": "linear"}, "use bcs": True}}
    straight = {"extrapolation": {"order": {"gradient": "linear", "value": "linear"}, "use bcs": False}}
    methods = {d: pybamm.FiniteVolume(with_flux) for d in ("macroscale",)}
    methods |= {d: pybamm.FiniteVolume(straight) for d in ("negative particle", "positive particle")}
    pybamm.Discretisation(mesh, methods).process_model(model)
    return model


def twin_solver(rtol=1e-8, atol=1e-9, compile=False, threads=1):
    return pybamm.IDAKLUSolver(
        rtol=rtol, atol=atol, output_variables=["Voltage"], options={"compile": compile, "num_threads": threads}
    )


def twin_inputs(current, lowest, contact=1.0, diffusion=1.0):
    return {"Current": current, "Lowest": lowest, "Contact": contact, "Diffusion": diffusion}


def twin_run(solver, model, current, lowest, seconds):
    """(time, voltage) at the solver's own points, ending on the cut-off."""
    solution = solver.solve(model, np.array([0.0, seconds]), inputs=twin_inputs(current, lowest))
    return np.asarray(solution.t), np.asarray(solution["Voltage"].data)

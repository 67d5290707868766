"""The same equations as a PyBaMM model: the referee. One particle size, constant kinetics exponents of a half.

V. Sulzer et al., J. Open Research Software 9 (2021) 14. Built from the same `Cell`, with the open-circuit potentials
given as closed forms and discretised by PyBaMM's own finite volumes.
"""

import math
from dataclasses import dataclass

import numpy as np
import pybamm

from nacre.physics.constants import FARADAY, GAS


@dataclass(frozen=True)
class Laws:
    """Ageing of the cathode: with g = sqrt(hours), contact / (1 + contact_loss g), D / (1 + diffusivity_loss g),
    a film thicker by `thickness` g (m), series g (ohm m2) more in series, d ln f = - fracture g / (2 swing) dx."""

    contact_loss: float = 0.0
    diffusivity_loss: float = 0.0
    thickness: float = 0.0
    series: float = 0.0
    fracture: float = 0.0
    swing: float = 1.0


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


def twin_model(cell, cathode_u, anode_u, laws=None):
    """Model with output `Voltage` and inputs `Current` (A/m2, positive charges), `Lowest` (V), and factors on the
    cathode's contact fraction and diffusivity, `Contact` and `Diffusion`. With laws of ageing there are an input
    `Highest` (V) too and the outputs `Growth` and `Active`."""
    current, lowest = pybamm.InputParameter("Current"), pybamm.InputParameter("Lowest")
    factors = {
        "negative": (pybamm.Scalar(1.0), pybamm.Scalar(1.0)),
        "positive": (pybamm.InputParameter("Contact"), pybamm.InputParameter("Diffusion")),
    }
    model = pybamm.BaseModel("single-ion twin")
    active, more_film, more_series = pybamm.Scalar(1.0), pybamm.Scalar(0.0), pybamm.Scalar(0.0)
    if laws is not None:
        growth, active = _age(model, cell.cathode, laws, current)
        contact, diffusion = factors["positive"]
        factors["positive"] = (
            contact / (1.0 + laws.contact_loss * growth),
            diffusion / (1.0 + laws.diffusivity_loss * growth),
        )
        more_film = cell.cathode.interphase_resistivity * laws.thickness * growth
        more_series = laws.series * growth
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
        works, film = (active, _film(e) + more_film) if side == "positive" else (1.0, _film(e))
        area = 3.0 * e.volume_fractions[0] / e.radii[0] * contact
        source[side] = area * works * j[side]
        surface = pybamm.surf(x[side])
        i0 = e.exchange.reference * pybamm.sqrt(surface * (1.0 - surface))
        eta = thermal * pybamm.arcsinh(j[side] / (2.0 * i0))
        model.algebraic[j[side]] = (
            phi_s[side] - phi_e_parts[side] - ocp[side](surface, pybamm.exp, pybamm.tanh) - (film * j[side] + eta)
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
            3.0 * e.volume_fractions[0] / e.radii[0] * float(e.contact) * e.thickness
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
    voltage = pybamm.boundary_value(phi_s["positive"], "right") + current * (extra + more_series)
    model.variables = {"Voltage": voltage}
    # a name with [experiment] lets the next step go on from the event
    model.events = [pybamm.Event("lowest voltage [experiment]", voltage - lowest)]
    if laws is not None:
        model.variables |= {"Growth": growth, "Active": active}
        highest = pybamm.InputParameter("Highest")
        model.events.append(pybamm.Event("highest voltage [experiment]", highest - voltage))
    return model


def _age(model, e, laws, current):
    """Adds the hours and ln f; returns (growth, active share)."""
    hours, lost = pybamm.Variable("hours"), pybamm.Variable("ln active")
    growth, active = pybamm.sqrt(hours), pybamm.exp(lost)
    sites = FARADAY * e.c_max * e.thickness * sum(e.volume_fractions) * active
    model.rhs[hours] = pybamm.Scalar(1.0 / 3600.0)
    model.rhs[lost] = -laws.fracture * growth / (2.0 * laws.swing) * abs(current) / sites
    model.initial_conditions[hours] = pybamm.Scalar(1e-9)
    model.initial_conditions[lost] = pybamm.Scalar(0.0)
    return growth, active


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


def twin_discretised(cell, cathode_u, anode_u, nodes=(20, 20), shells=(20, 20), particle_mesh=None, laws=None):
    """The model on PyBaMM's mesh; nodes and shells are (cathode, anode)."""
    model = twin_model(cell, cathode_u, anode_u, laws)
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


def cycle_solver(rtol=1e-6, atol=1e-8, compile=False):
    return pybamm.IDAKLUSolver(rtol=rtol, atol=atol, options={"compile": compile})


def twin_cycles(model, cycles, current, lowest, highest, solver):
    """Charge and discharge at a constant current: rows (seconds, growth, active share) at the end of each half."""
    solution, rows = None, []
    for _ in range(cycles):
        for sign in (1.0, -1.0):
            far = {"Lowest": lowest if sign < 0 else -1e3, "Highest": highest if sign > 0 else 1e3}
            inputs = {**twin_inputs(sign * current, 0.0), **far}
            solution = solver.step(solution, model, 1e6, inputs=inputs, save=False)
            rows.append((solution.t[-1] - solution.t[0], solution["Growth"].data[-1], solution["Active"].data[-1]))
    return np.array(rows)

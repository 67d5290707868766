"""What is doubtful about a refinement, and what was held, tied or left out, in words."""

from nacre.core.result import Check
from nacre.physics.diffraction.capillary import estimate_b_shift
from nacre.techniques.diffraction.options import RietveldOptions
from nacre.techniques.diffraction.refinement_plan import describe_steps
from nacre.techniques.diffraction.rietx_problem import RefinementFit


def check_refinement(fit: RefinementFit, factor: float, options: RietveldOptions) -> list[Check]:
    """What is doubtful, and what was held, tied or left out, in words."""
    found = [check_convergence(fit)]
    seen: dict[str, Check] = {}
    for level, code, text in fit.findings:
        seen.setdefault(code, Check("info" if level == "info" else "warn", f"{text} ({code.lower()})"))
    found += list(seen.values())
    found += _check_physical(fit)
    for i, crystal in enumerate(fit.crystals[1:], 1):
        scale, std = fit.values[f"phases.{i}.scale"], fit.esd.get(f"phases.{i}.scale")
        if std is None or scale < 3 * std * fit.inflation:
            text = f"{crystal.name} is not found: its scale is within three standard deviations of zero"
            found.append(Check("warn", text, "take it out of the model, or use `trace_phase` for a limit"))
    if not fit.machine.known:
        text = "no line standard: size and strain include the broadening of the diffractometer"
        found.append(Check("warn", text, "measure Si or LaB6 and give it as `standard`"))
    return [*found, *_check_absorption(fit, options), *_describe_model(fit, factor, options)]


def _describe_model(fit: RefinementFit, factor: float, options: RietveldOptions) -> list[Check]:
    """Constraints, radiation, ranges and plan, in words."""
    problem, machine = fit.problem, fit.machine
    text = "inflated for serial correlation" if factor > 1 else "plain, times the goodness of fit"
    dw = fit.statistics["durbin_watson"]
    lines = [f"standard deviations are {text} (Durbin-Watson {dw:.2f}, factor of Berar and Lelann {fit.inflation:.2f})"]
    if machine.scale_error:
        ppm = f"{1e6 * machine.scale_error:.0f} ppm"
        lines.append(f"lengths include {ppm} of the line standard, shared by all samples measured with it")
    elif not machine.known:
        lines.append("lengths have the counting error alone: without a line standard 30 to 100 ppm more are usual")
    held = [tie.words for crystal in fit.crystals for tie in crystal.ties if tie.words and tie.kind == "occ"]
    if held:
        lines.append(f"tied: {'; '.join(held)}; one B per site")
        lines.append("the composition is held: X-rays of one wavelength do not distinguish Ni, Co and Mn")
    radiation = " and ".join(f"{length:.5f}" for length in machine.wavelengths)
    lines.append(f"radiation {radiation} Ang, polarisation {machine.polarisation:.3f}")
    low, high, out = problem.two_theta[0], problem.two_theta[-1], ", ".join(options.excluded) or "nothing"
    lines.append(f"range {low:.2f} to {high:.2f} deg, left out: {out}")
    lines.append(f"plan: {describe_steps(problem.steps)}")
    return [Check("info", line) for line in lines]


def check_convergence(fit: RefinementFit) -> Check:
    """Whether the last step came to rest."""
    shift = fit.statistics["max_shift_over_esd"]
    if fit.status != "converged" or not shift < 0.1:
        text = f"the refinement has not converged: {fit.status}, largest shift over standard deviation {shift:.2g}"
        return Check("fail", text, "free fewer things at once, or start nearer to the answer")
    return Check("pass", f"converged: largest shift over standard deviation {shift:.1g}")


def _check_physical(fit: RefinementFit) -> list[Check]:
    found = []
    for site in fit.crystals[0].sites:
        if site.b_iso < 0:
            text = f"B of {site.label} is negative, {site.b_iso:.2f} Ang2"
            found.append(Check("warn", text, "absorption, background or roughness is not in the model"))
        if not -0.005 <= site.occupancy <= 1.005:
            found.append(Check("warn", f"the occupancy of {site.label} is {site.occupancy:.3f}"))
    start, now = fit.problem.crystals[0].cell, fit.crystals[0].cell
    if max(abs(n / s - 1) for n, s in zip(now[:3], start[:3], strict=True)) > 0.02:
        found.append(Check("warn", "the cell moved more than 2 % from its start: the lines may be wrongly indexed"))
    return found


def _check_absorption(fit: RefinementFit, options: RietveldOptions) -> list[Check]:
    machine = fit.machine
    if machine.geometry != "capillary":
        return []
    if machine.mu_r:
        shift = estimate_b_shift(fit.problem.two_theta, machine.wavelengths[0], machine.mu_r)
        text = f"absorption in the capillary is in the model, mu R = {machine.mu_r:.2f}"
        return [Check("info", f"{text}; without it B were {shift:.2f} Ang2 lower")]
    if options.mu_r == 0:
        return [Check("info", "absorption in the capillary is left out, as asked")]
    typical = min(fit.crystals[0].absorption(machine.wavelengths[0]) * 0.5 * 0.025, 3.0)
    shift = estimate_b_shift(fit.problem.two_theta, machine.wavelengths[0], typical)
    text = "absorption in the capillary is left out"
    size = f"in one of 0.5 mm, half filled, mu R = {typical:.1f} would lower B by {shift:.2f} Ang2"
    cure = "give capillary_diameter and packing, or mu_r (0 where there is none)"
    return [Check("warn" if shift > 0.02 else "info", f"{text}: {size}", cure)]

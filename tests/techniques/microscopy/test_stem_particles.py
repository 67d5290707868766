"""Whole core-shell particles in virtual and real STEM-EDS maps: truth comes back, cores without shells show none."""

from dataclasses import replace

import numpy as np
import pytest

from nacre.core import registry
from nacre.core.context import Context
from nacre.core.errors import NotAssessable
from nacre.core.signal import Variable
from nacre.core.study import Sample
from nacre.physics.microscopy import projection
from nacre.physics.microscopy.projection import ProjectedParticle
from nacre.readers.microscopy import hspy, velox
from nacre.techniques.microscopy.stem import particles as stem_particles
from nacre.techniques.microscopy.stem.particles import ParticleOptions
from nacre.virtual.microscopy import stem_particles as virtual
from nacre.virtual.microscopy.stem_particles import ParticlesSpecimen

registry.techniques()  # makes the technique's own words known
OPTIONS = ParticleOptions(shell="Fe K", core="Pt L", others=("Cu K",), density=0.36)


def made(seed, pixels=40, **changes):
    return virtual.measure_particles(ParticlesSpecimen(**changes), seed=seed, pixels=pixels)


def pulls(found, truth):
    """(error, std) of radius and thickness (k, 2, 2) of the particles that lie whole in the map."""
    rows = []
    for i in np.flatnonzero(found.whole):
        p = found.fit.particles[i]
        k = np.argmin(np.hypot(truth.x - p.x, truth.y - p.y))
        rows.append([(p.radius - truth.radius[k], found.fit.radius_std[i]),
                     (p.thickness - truth.thickness[k], found.fit.thickness_std[i])])  # fmt: skip
    return np.array(rows)


def test_a_sphere_in_projection_holds_its_volume_wherever_it_lies():
    for x, e1, e2 in ((5.0, 0.0, 0.0), (5.13, 0.2, -0.1)):
        p = ProjectedParticle(x, 4.9, 2.0, e1, e2, 1.0, 0.0, 1.5, 1.0)
        on = projection.choose_patch(p, 0.5, 3.0, (40, 40))
        core, shell = projection.project_particle(p, on, 0.5, 0.4).sum(axis=(1, 2)) * 0.25
        assert core == pytest.approx(4 / 3 * np.pi * 8, rel=0.01)
        if not e1:  # the outside is a sphere, and inside it the core is not the shell's
            assert shell == pytest.approx(4 / 3 * np.pi * (3.5**3 - 8), rel=0.01)


@pytest.mark.slow
def test_radius_and_thickness_come_back_with_true_errors():
    rows = []
    for seed in (1, 2):
        signal, truth = made(seed)
        found = stem_particles.measure(signal, OPTIONS)
        assert found.coated and found.ratio > 10 * found.chance
        rows.append(pulls(found, truth))
    error, std = np.moveaxis(np.concatenate(rows), 2, 0)
    assert len(error) >= 5
    assert abs(error.mean(axis=0)) == pytest.approx(0, abs=0.05)
    assert np.sqrt((error**2).mean(axis=0)) == pytest.approx(np.sqrt((std**2).mean(axis=0)), rel=0.6)


@pytest.mark.slow
def test_bare_cores_have_a_limit_and_a_thin_shell_lies_below_it(tmp_path):
    signal, _ = made(4, thickness=0.0, thickness_spread=0.0)
    velox.write(signal, tmp_path / "map.emd")
    (signal,) = velox.read(tmp_path / "map.emd")
    (result,) = stem_particles.analyse({"signal": signal}, Context(sample=Sample("bare")), OPTIONS)
    none = result.get("shell_thickness")
    assert none.value == 0 and none.lo95 == 0 and 0.001 < none.hi95 < 0.2
    text = " ".join(check.text for check in result.checks)
    assert "no shell of Fe K is seen" in text and "as dense as that of a coated sample would be thinner than" in text
    assert result.get("core_radius").lo95 < 2.0 < result.get("core_radius").hi95
    assert "reach the border and are not counted" in text and "lie whole in it" in result.methods
    assert result.figures[0].place == "Fig. 3b" and len(result.figures[0].panels) == 3


def refused(signal, options=OPTIONS) -> str:
    with pytest.raises(NotAssessable) as caught:
        stem_particles.measure(signal, options)
    return str(caught.value)


def test_what_cannot_be_told_is_refused_in_words():
    signal, _ = made(5, pixels=32)
    variables = dict(signal.variables)
    assert "the map has no scale" in refused(replace(signal, variables={n: variables[n] for n in ("counts", "energy")}))
    empty = Variable(np.zeros_like(signal["counts"].values), "1", ("y", "x", "energy"))
    assert "the map is empty" in refused(replace(signal, variables=variables | {"counts": empty}))
    assert "the spectra of the map hold no Ni K" in refused(
        signal, replace(OPTIONS, shell="Ni K", others=("Fe K", "Cu K"))
    )
    mean = signal["counts"].values.mean(axis=(0, 1))
    mixed = np.random.default_rng(1).poisson(mean, (32, 32, 450))
    even = variables | {"counts": Variable(mixed, "1", ("y", "x", "energy"))}
    assert "no particles of Pt L are seen" in refused(replace(signal, variables=even))


@pytest.mark.realdata
@pytest.mark.slow
def test_real_particles_with_and_without_shells(realdata):
    """FePt in iron oxide, and bare cores, against an independent fit of six particles, singly within two errors."""
    folder = realdata / "em" / "nist-hyperspy-tutorial"
    (signal,) = hspy.read(folder / "core_shell.hspy")
    (result,) = stem_particles.analyse({"signal": signal}, Context(sample=Sample("coated")), OPTIONS)
    radius, thickness = result.get("core_radius"), result.get("shell_thickness")
    assert 1.8 < radius.value < 2.2 and 1.3 < thickness.value < 1.95
    assert radius.n == thickness.n == 6 and radius.std < 0.1 and thickness.std < 0.15
    columns = {name: values for name, (values, _) in result.curves[0].columns.items()}
    whole = columns["whole"] > 0
    each, std = columns["thickness"][whole], columns["thickness_std"][whole]
    assert np.all(each + 2 * std > 1.3) and np.all(each - 2 * std < 1.95)
    (signal,) = hspy.read(folder / "bare_core.hspy")
    found = stem_particles.measure(signal, OPTIONS)
    assert not found.coated and found.limit < 0.1 and found.whole.sum() == 20
    radii = np.array([p.radius for p in found.fit.particles])
    assert 1.8 < np.median(radii) < 2.2

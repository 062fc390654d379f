"""What polarized path tracing needs beside Mitsuba's own plugins: a thin pane and its layers, and
surfaces with two sides.

Mitsuba's `thindielectric` does not polarize, and of two `dielectric` faces a path tracer cannot
tell the light that comes through from the light that is mirrored. Its `twosided` shows the back of
a surface by mirroring directions, which turns the angle of polarization over.
"""

from __future__ import annotations

import functools
import importlib
from typing import Any

PANE_INDEX = 1.5


def register_plugins(mi: Any) -> None:
    """Makes two BSDFs known in the variant that is set.

    `polarizing_sides` is the BSDF in it, seen alike from both sides. `polarizing_pane` is a thin
    flat pane: two faces of the index PANE_INDEX and all reflections between them, incoherent and
    without absorption; with R of one face and q the product of its signed amplitudes of s and p,
    `R' = 2 R / (1 + R)`, and what couples s and p is `q + (1 - R_s)(1 - R_p) q / (1 - q^2)` for
    the reflected light, `(1 - R_s)(1 - R_p) / (1 - q^2)` for the transmitted.
    """
    _register(mi, mi.variant())


@functools.cache
def _register(mi: Any, variant: str) -> None:
    mi.register_bsdf("polarizing_pane", _pane_class(mi))
    mi.register_bsdf("polarizing_sides", _sides_class(mi))


def _pane_class(mi: Any) -> Any:
    dr = importlib.import_module("drjit")
    both = mi.BSDFFlags.FrontSide | mi.BSDFFlags.BackSide
    kinds = (mi.BSDFFlags.DeltaReflection | both, mi.BSDFFlags.Null | both)

    class Pane(mi.BSDF):  # type: ignore[misc, name-defined]
        """Reflects or lets straight through."""

        def __init__(self, props: Any) -> None:
            mi.BSDF.__init__(self, props)
            self.m_components = list(kinds)
            self.m_flags = kinds[0] | kinds[1]

        def sample(
            self, ctx: Any, si: Any, sample1: Any, sample2: Any, active: Any = True
        ) -> tuple[Any, Any]:
            reflection, transmission = _pane_matrices(mi, dr, si.wi)
            share = reflection[0, 0].x
            mirrored = sample1 < share
            sample = dr.zeros(mi.BSDFSample3f)
            sample.pdf = dr.select(mirrored, share, 1 - share)
            sample.eta = 1.0
            sample.sampled_component = dr.select(mirrored, mi.UInt32(0), mi.UInt32(1))
            sample.sampled_type = dr.select(
                mirrored, mi.UInt32(+mi.BSDFFlags.DeltaReflection), mi.UInt32(+mi.BSDFFlags.Null)
            )
            sample.wo = dr.select(mirrored, mi.reflect(si.wi), -si.wi)
            value = dr.select(mirrored, reflection, transmission) / sample.pdf
            return sample, value & active

        def eval(self, ctx: Any, si: Any, wo: Any, active: Any = True) -> Any:
            return mi.Spectrum(0)

        def pdf(self, ctx: Any, si: Any, wo: Any, active: Any = True) -> Any:
            return mi.Float(0)

        def eval_pdf(self, ctx: Any, si: Any, wo: Any, active: Any = True) -> tuple[Any, Any]:
            return mi.Spectrum(0), mi.Float(0)

    return Pane


def _sides_class(mi: Any) -> Any:
    dr = importlib.import_module("drjit")

    def turned(vector: Any, back: Any) -> Any:
        """Half a turn about the surface's x axis where its back is seen."""
        return dr.select(back, mi.Vector3f(vector.x, -vector.y, -vector.z), vector)

    def with_bases(matrix: Any, wi: Any, wo: Any, back: Any) -> Any:
        """The matrix of the turned directions, in the implicit bases of these."""
        basis = mi.mueller.stokes_basis
        bases = [turned(basis(turned(way, back)), back) for way in (-wo, wi)]
        return mi.mueller.rotate_mueller_basis(
            matrix, -wo, bases[0], basis(-wo), wi, bases[1], basis(wi)
        )

    class Sides(mi.BSDF):  # type: ignore[misc, name-defined]
        """Asks the BSDF in it as if its front were seen."""

        def __init__(self, props: Any) -> None:
            mi.BSDF.__init__(self, props)
            self.inner = props["bsdf"]
            both = mi.BSDFFlags.FrontSide | mi.BSDFFlags.BackSide
            count = self.inner.component_count()
            self.m_components = [self.inner.flags(n) | both for n in range(count)]
            self.m_flags = self.inner.flags() | both

        def front(self, si: Any) -> tuple[Any, Any]:
            back = si.wi.z < 0
            seen = mi.SurfaceInteraction3f(si)
            seen.wi = turned(si.wi, back)
            return back, seen

        def sample(
            self, ctx: Any, si: Any, sample1: Any, sample2: Any, active: Any = True
        ) -> tuple[Any, Any]:
            back, seen = self.front(si)
            sample, value = self.inner.sample(ctx, seen, sample1, sample2, active)
            sample.wo = turned(sample.wo, back)
            return sample, with_bases(value, si.wi, sample.wo, back)

        def eval(self, ctx: Any, si: Any, wo: Any, active: Any = True) -> Any:
            back, seen = self.front(si)
            value = self.inner.eval(ctx, seen, turned(wo, back), active)
            return with_bases(value, si.wi, wo, back)

        def pdf(self, ctx: Any, si: Any, wo: Any, active: Any = True) -> Any:
            back, seen = self.front(si)
            return self.inner.pdf(ctx, seen, turned(wo, back), active)

        def eval_pdf(self, ctx: Any, si: Any, wo: Any, active: Any = True) -> tuple[Any, Any]:
            back, seen = self.front(si)
            value, pdf = self.inner.eval_pdf(ctx, seen, turned(wo, back), active)
            return with_bases(value, si.wi, wo, back), pdf

    return Sides


def _pane_matrices(mi: Any, dr: Any, wi: Any) -> tuple[Any, Any]:
    """Mueller matrices of the mirrored and of the transmitted light towards `wi` (local frame),
    in Mitsuba's implicit bases.
    """
    face = mi.mueller.specular_reflection(mi.Float(dr.abs(wi.z)), mi.Float(PANE_INDEX))
    mean, half, q = face[0, 0], face[0, 1], face[2, 2]
    s, p = mean + half, mean - half
    coupled = (1 - s) * (1 - p) / (1 - q * q)
    through = _linear(mi, 1 - 2 * s / (1 + s), 1 - 2 * p / (1 + p), coupled)
    mirrored = _linear(mi, 2 * s / (1 + s), 2 * p / (1 + p), q * (1 + coupled))
    across = mi.Vector3f(-wi.y, wi.x, 0)
    length = dr.norm(across)
    across = dr.select(length > 1e-6, across / length, mi.Vector3f(1, 0, 0))
    basis = mi.mueller.stokes_basis

    def turned(matrix: Any, forward: Any) -> Any:
        return mi.mueller.rotate_mueller_basis(
            matrix, forward, across, basis(forward), wi, across, basis(wi)
        )

    return turned(mirrored, -mi.reflect(wi)), turned(through, wi)


def _linear(mi: Any, s: Any, p: Any, coupled: Any) -> Any:
    mean, half = 0.5 * (s + p), 0.5 * (s - p)
    return mi.Spectrum(
        [mean, half, 0, 0], [half, mean, 0, 0], [0, 0, coupled, 0], [0, 0, 0, coupled]
    )


def layer_integrator(mi: Any) -> Any:
    """An integrator's class in the variant that is set: linear Stokes parameters of both layers.

    Made of a path integrator and the scene; `look` tells it the image's x axis in the world. Six
    channels after the film's own: S0, S1, S2 of what comes through the first surface where it is a
    pane, of all light elsewhere; then of what the pane mirrors.
    """
    return _layer_integrator(mi, mi.variant())


@functools.cache
def _layer_integrator(mi: Any, variant: str) -> Any:
    dr = importlib.import_module("drjit")

    class Layers(mi.SamplingIntegrator):  # type: ignore[misc, name-defined]
        """Both ways of a pane are followed, so that the layers add up exactly."""

        def __init__(self, path: Any, scene: Any) -> None:
            mi.SamplingIntegrator.__init__(self, mi.Properties())
            self.path = path
            # The first time that this is traced, objects come into being that are in all later
            # code: without it, the first two views would be compiled, for seconds each.
            sampler = mi.load_dict({"type": "independent"})
            sampler.seed(0, 1)
            path.sample(scene, sampler, dr.zeros(mi.RayDifferential3f))

        def look(self, right: Any) -> None:
            self.right = mi.Vector3f(*(dr.opaque(mi.Float, float(v)) for v in right))

        def sample(
            self, scene: Any, sampler: Any, ray: Any, medium: Any = None, active: Any = True
        ) -> tuple[Any, Any, list[Any]]:
            si = scene.ray_intersect(ray, active)
            flags = si.bsdf(ray).flags()
            pane = active & si.is_valid()
            for kind in (mi.BSDFFlags.Null, mi.BSDFFlags.DeltaReflection):
                pane &= mi.has_flag(flags, kind)
            matrices = _pane_matrices(mi, dr, si.wi)
            mirrored, through = (
                si.to_world_mueller(matrix, -out, si.wi)
                for matrix, out in zip(matrices, (mi.reflect(si.wi), -si.wi), strict=True)
            )
            onward = mi.RayDifferential3f(si.spawn_ray(ray.d))
            back = mi.RayDifferential3f(si.spawn_ray(si.to_world(mi.reflect(si.wi))))
            straight = dr.select(pane, onward, ray)
            one, seen, _ = self.path.sample(scene, sampler, straight, None, active)
            two, _, _ = self.path.sample(scene, sampler, back, None, pane)
            one = dr.select(pane, through @ one, one)
            two = dr.select(pane, mirrored @ two, 0 * two)
            layers = [*self._stokes(ray.d, one), *self._stokes(ray.d, two)]
            return one + two, seen | pane, layers

        def aov_names(self) -> list[str]:
            return [f"{layer}{n}" for layer in ("through.S", "mirrored.S") for n in range(3)]

        def _stokes(self, direction: Any, light: Any) -> list[Any]:
            """S0, S1, S2 in the image's frame, angles from its x axis towards y down."""
            across = dr.normalize(self.right - dr.dot(self.right, direction) * direction)
            forward = -direction
            turn = mi.mueller.rotate_stokes_basis(forward, mi.mueller.stokes_basis(forward), across)
            value = turn @ light
            # Mitsuba looks against the light: its angles run from x towards y up.
            return [value[0, 0].x, value[1, 0].x, -value[2, 0].x]

    return Layers

"""Rendered panes against Fresnel's equations, which the renderer evaluates by itself."""

from __future__ import annotations

import numpy as np
import pytest

from ddff_perception.reflection.methods import separate
from ddff_perception.simulation.polarizer_camera.render import PaneSettings, render_pane
from ddff_perception.simulation.rendering import mitsuba_variant
from ddff_perception.types import InputError

pytest.importorskip("mitsuba")

SMALL = {"width": 64, "height": 48, "samples": 64}


@pytest.fixture(autouse=True, scope="module")
def needs_the_polarized_variant():
    try:
        render_pane(PaneSettings(width=8, height=8, samples=1))
    except InputError as error:
        pytest.skip(str(error))


def test_without_a_usable_llvm_it_is_refused_before_anything_is_rendered(monkeypatch):
    # An older library would abort the whole process at the first rendering.
    monkeypatch.setattr(mitsuba_variant, "find_llvm", lambda: None)
    with pytest.raises(InputError, match="libllvm19"):
        render_pane(PaneSettings(width=8, height=8, samples=1))


def pane(incidence_deg: float, index: float = 1.5) -> tuple[float, float]:
    incident = np.radians(incidence_deg)
    refracted = np.arcsin(np.sin(incident) / index)
    s = (np.sin(incident - refracted) / np.sin(incident + refracted)) ** 2
    p = (np.tan(incident - refracted) / np.tan(incident + refracted)) ** 2
    return 2 * s / (1 + s), 2 * p / (1 + p)


@pytest.mark.parametrize("plane", [0.0, 90.0])
def test_brewsters_angle_leaves_the_reflection_out_across_its_plane(plane):
    settings = PaneSettings(
        incidence_deg=56.31, plane_deg=plane, field_of_view_deg=2.0, ratio=1000.0, **SMALL
    )
    at_0, at_45, at_90 = (image.mean() for image in render_pane(settings).images.images)
    along, across = (at_0, at_90) if plane == 0 else (at_90, at_0)
    assert across < 0.02 * along
    assert at_45 == pytest.approx((at_0 + at_90) / 2, rel=0.02)


@pytest.mark.parametrize("incidence", [20.0, 45.0, 70.0])
@pytest.mark.parametrize("curvature", [0.0, 0.001])
def test_the_pane_reflects_what_fresnel_says(incidence, curvature):
    view = render_pane(
        PaneSettings(
            incidence_deg=incidence, curvature=curvature, field_of_view_deg=1.0, ratio=1000.0,
            **SMALL,
        )
    )  # fmt: skip
    bright = [image.mean() for image in view.images.images]
    r_s, r_p = pane(incidence)
    # The reflection is all there is; 90 degrees passes s, 0 degrees p.
    assert bright[0] / bright[2] == pytest.approx(r_p / r_s, rel=0.15)


def test_the_incidence_varies_over_a_curved_pane():
    view = render_pane(
        PaneSettings(incidence_deg=56.31, curvature=1.0, ratio=1000.0, width=90, height=30)
    )
    p, _, s = (image.mean(axis=0) for image in view.images.images)
    left, middle, right = (p[part].sum() / s[part].sum() for part in (
        slice(0, 15), slice(40, 50), slice(75, 90)
    ))  # fmt: skip
    assert middle < 0.02
    assert min(left, right) > 2 * middle
    assert max(left, right) > 0.05


def test_layers_add_up_and_the_same_seed_gives_the_same_view():
    size = {**SMALL, "samples": 8}
    settings = PaneSettings(seed=3, incidence_deg=40.0, plane_deg=30.0, curvature=0.5, **size)
    view = render_pane(settings)
    first, _, last = view.images.images
    total = view.truth.transmission + view.truth.reflection
    np.testing.assert_allclose(total, (first + last) / 2, atol=1e-5)
    again = render_pane(settings)
    np.testing.assert_array_equal(first, again.images.images[0])
    assert max(image.max() for image in view.images.images) == pytest.approx(1)


def test_rendered_layers_are_told_apart():
    view = render_pane(PaneSettings(seed=1, incidence_deg=56.0, width=120, height=90, samples=64))
    truth = view.truth.transmission
    plain = truth + view.truth.reflection
    found = separate(view.images, "schechner").transmission
    errors = [float(np.mean(np.square(image - truth))) for image in (plain, found)]
    assert 10 * np.log10(errors[0] / errors[1]) > 10


def test_incidences_that_cannot_be_built_are_refused():
    with pytest.raises(InputError, match="incidence must lie in 1"):
        render_pane(PaneSettings(incidence_deg=85.0))

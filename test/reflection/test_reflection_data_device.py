"""The generator in batches: its steps against those that make one sample at a time."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from ddff_perception.optics.fresnel import pane_reflectances, surface_reflectances  # noqa: E402
from ddff_perception.optics.pane_geometry import pane_view, parabola_incidence_deg  # noqa: E402
from ddff_perception.optics.polarization import stokes_from_images  # noqa: E402
from ddff_perception.reflection.data import GeneratorSettings  # noqa: E402
from ddff_perception.reflection.data_device import (  # noqa: E402
    GeneratedBatches,
    Mixing,
    face_reflectances,
    half_stokes_of,
    picture_bank,
    random_batch,
    shifted,
)
from ddff_perception.reflection.data_device_light import SceneSettings  # noqa: E402
from ddff_perception.reflection.data_device_random import Draws  # noqa: E402
from ddff_perception.reflection.data_device_surface import (  # noqa: E402
    Surfaces,
    pane_views,
    parabola_incidence,
    random_surfaces,
)
from ddff_perception.reflection.data_light import LightSettings  # noqa: E402
from ddff_perception.reflection.data_surface import SurfaceSettings  # noqa: E402
from ddff_perception.reflection.data_surface import shifted as one_shifted  # noqa: E402

DEGREE = np.pi / 180
IDEAL = GeneratorSettings(
    size=64,
    light=LightSettings(dynamic_range=6.0, abrupt=0.0, dark=0.0),
    surface=SurfaceSettings(curved=0.5, ghost_px=0.0),
    motion=0.0,
    noise=None,
)


def one(value):
    return torch.tensor([float(value)])


def pictures():
    rng = np.random.default_rng(0)
    sizes = ((96, 96), (120, 90), (90, 150))
    return [rng.uniform(0.1, 1, (*size, 3)).astype(np.float16) for size in sizes]


def batch(settings, grey=True, count=6, seed=0):
    torch.manual_seed(seed)
    draws = Draws(count, torch.device("cpu"))
    return random_batch(draws, picture_bank(pictures()), settings, SceneSettings(), grey)


@pytest.mark.parametrize(
    ("view", "incidence", "axis", "bend"),
    [(10, 75, 30, 4), (40, 60, 100, -20), (3, 20, 0, 0), (25, 80, 170, 15)],
)
def test_panes_in_a_batch_are_those_of_the_optics(view, incidence, axis, bend):
    found, axes = pane_views(32, one(view), one(incidence), one(axis * DEGREE), one(bend))
    expected = pane_view((32, 32), view, incidence, axis, bend)
    np.testing.assert_allclose(found[0] / DEGREE, expected.incidence_deg, atol=1e-3)
    np.testing.assert_allclose(axes[0] / DEGREE, expected.perpendicular_deg, atol=1e-3)


def test_parabolas_in_a_batch_are_those_of_the_optics():
    share = torch.linspace(0, 1, 9)[None]
    found = parabola_incidence(torch.tensor([[1.0, 2.0]]), torch.tensor([[-0.5, 0.7]]), share)
    expected = parabola_incidence_deg((1.0, 2.0), -0.5 + 1.2 * share[0].numpy())
    np.testing.assert_allclose(found[0] / DEGREE, expected, atol=1e-3)


def test_faces_reflect_by_fresnels_equations():
    incidence = np.array([5.0, 56.0, 84.0])
    found = face_reflectances(torch.tensor(incidence * DEGREE), torch.tensor(1.5))
    np.testing.assert_allclose(found, surface_reflectances(incidence), atol=1e-6)


def test_a_shift_is_that_of_a_single_sample():
    layer = np.random.default_rng(1).random((40, 40)).astype(np.float32)
    found = shifted(torch.tensor(layer)[None, None], torch.tensor([[1.25, -0.5]]))
    inside = (slice(3, -3), slice(3, -3))
    expected = one_shifted(layer, (1.25, -0.5))
    np.testing.assert_allclose(found[0, 0][inside], expected[inside], atol=1e-5)


@pytest.mark.parametrize("four", [True, False])
def test_stokes_parameters_are_the_least_squares_ones(four):
    images = np.random.default_rng(2).random((4, 8, 8)).astype(np.float32)
    found = half_stokes_of(list(torch.tensor(images)[:, None, None]), torch.tensor(four))
    count = 4 if four else 3
    expected = stokes_from_images(list(images[:count]), (0.0, 45.0, 90.0, 135.0)[:count])
    for half, whole in zip(found[0], (expected.s0, expected.s1, expected.s2), strict=True):
        np.testing.assert_allclose(2 * half[0], whole, atol=1e-5)


@pytest.mark.parametrize("polarizer", [0.0, 45.0, 90.0])
def test_layers_mix_as_a_pane_mixes_them(polarizer):
    shape = (1, 1, 8, 8)
    surfaces = Surfaces(
        torch.full(shape, 60 * DEGREE),
        torch.full(shape, 30 * DEGREE),
        torch.tensor(1.5).view(1, 1, 1, 1),
        torch.ones(1, 1, 1, 1),
        torch.zeros(1, 2),
    )
    behind, before = torch.rand(shape), torch.rand(shape)
    found = Mixing(surfaces).seen(behind, before, 2 * polarizer * DEGREE)
    a, b = pane_reflectances(60.0)
    alpha = a * np.cos((polarizer - 30) * DEGREE) ** 2 + b * np.sin((polarizer - 30) * DEGREE) ** 2
    np.testing.assert_allclose(found[0], (1 - alpha) * behind / 2, atol=1e-6)
    np.testing.assert_allclose(found[1], alpha * before / 2, atol=1e-6)


@pytest.mark.parametrize("grey", [True, False])
def test_ideal_layers_of_a_batch_add_up_to_the_mean_over_all_angles(grey):
    found = batch(IDEAL, grey)
    total = found["transmission"] + found["reflection"]
    np.testing.assert_allclose(total, found["stokes"][:, 0], atol=1e-5)
    assert total.shape == (6, 1 if grey else 3, 64, 64)
    assert found["share"].shape == (6, 1, 64, 64)
    assert all(values.dtype == torch.float32 for values in found.values())


def test_layers_that_move_between_the_angles_change_the_images_only():
    found = batch(replace(IDEAL, motion=1.0))
    error = found["transmission"] + found["reflection"] - found["stokes"][:, 0]
    assert error.abs().max() > 0.01


def test_a_camera_in_a_batch_has_noise_and_a_range():
    found = batch(replace(IDEAL, noise=(0.01, 0.01), bits=(8,)), count=16)
    total = found["transmission"] + found["reflection"]
    error = (total - found["stokes"][:, 0]).square().mean().sqrt()
    assert 0.003 < error < 0.1
    assert total.max() <= 1 + 1e-5
    assert found["stokes"][:, 0].max() <= 1 + 1e-5


def test_surfaces_of_a_batch_are_within_what_is_asked_for():
    torch.manual_seed(1)
    settings = SurfaceSettings(curved=0.0, incidence_deg=(20.0, 70.0), ghost_px=2.0)
    found = random_surfaces(Draws(64, torch.device("cpu")), 8, settings, 0.3)
    middle = found.incidence[:, 0, 3:5, 3:5].mean(dim=(1, 2)) / DEGREE
    assert middle.min() > 18
    assert middle.max() < 72
    assert (middle > 55).float().mean() > 0.35
    assert found.ghost_px.norm(dim=1).max() <= 2.0
    curved = random_surfaces(Draws(64, torch.device("cpu")), 8, replace(settings, curved=1.0), 0)
    assert curved.incidence.isfinite().all()
    assert curved.incidence.max() <= 85.01 * DEGREE


def test_the_same_seed_makes_the_same_batch():
    batches = iter(GeneratedBatches(pictures(), replace(IDEAL, grey=1.0), 2, colour=True))
    torch.manual_seed(5)
    first = next(batches)
    torch.manual_seed(5)
    second = next(batches)
    for name, values in first.items():
        torch.testing.assert_close(values, second[name])
    assert first["stokes"].shape == (2, 3, 3, 64, 64)
    assert first["share"].shape == (2, 1, 64, 64)

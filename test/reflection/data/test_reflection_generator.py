"""The generator of training batches: each step by itself, against the optics it stands on."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from ddff_perception.optics.fresnel import pane_reflectances, surface_reflectances
from ddff_perception.optics.pane_geometry import pane_view, parabola_incidence_deg
from ddff_perception.optics.polarization import stokes_from_images
from ddff_perception.reflection.data.batches import (
    GeneratedBatches,
    Mixing,
    face_reflectances,
    half_stokes_of,
    moved,
    picture_bank,
    random_batch,
    shifted,
)
from ddff_perception.reflection.data.draws import Draws
from ddff_perception.reflection.data.grain import Grain
from ddff_perception.reflection.data.light import SceneSettings, layers_of_light
from ddff_perception.reflection.data.settings import (
    GeneratorSettings,
    LightSettings,
    SurfaceSettings,
)
from ddff_perception.reflection.data.surface import (
    Surfaces,
    pane_views,
    parabola_incidence,
    random_surfaces,
)

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


def test_the_second_face_shifts_its_reflection():
    ramp = torch.arange(40.0).expand(1, 1, 40, 40)
    right = shifted(ramp, torch.tensor([[3.0, 0.0]]))
    torch.testing.assert_close(right[..., 5:-5], ramp[..., 5:-5] - 3)
    torch.testing.assert_close(shifted(ramp, torch.zeros(1, 2)), ramp)
    down = shifted(ramp.mT, torch.tensor([[0.0, 1.25]]))
    torch.testing.assert_close(down[..., 5:-5, :], ramp.mT[..., 5:-5, :] - 1.25)


@pytest.mark.parametrize("four", [True, False])
def test_stokes_parameters_are_the_least_squares_ones(four):
    images = np.random.default_rng(2).random((4, 8, 8)).astype(np.float32)
    found = half_stokes_of(list(torch.tensor(images)[:, None, None]), torch.tensor(four))
    count = 4 if four else 3
    expected = stokes_from_images(list(images[:count]), (0.0, 45.0, 90.0, 135.0)[:count])
    for half, whole in zip(found[0], (expected.s0, expected.s1, expected.s2), strict=True):
        np.testing.assert_allclose(2 * half[0], whole, atol=1e-5)


def pane(shape, incidence=60):
    return Surfaces(
        torch.full(shape, incidence * DEGREE),
        torch.full(shape, 30 * DEGREE),
        torch.tensor(1.5).view(1, 1, 1, 1),
        torch.ones(1, 1, 1, 1),
        torch.zeros(1, 2),
        torch.ones(shape),
    )


def test_panes_in_batches_rise_to_all_sides():
    torch.manual_seed(0)
    draws = Draws(64, torch.device("cpu"))
    found = random_surfaces(draws, 16, SurfaceSettings(curved=0.0), 0.0).incidence[:, 0]
    across = (found[:, :, -1] - found[:, :, 0]).mean(dim=1)
    down = (found[:, -1] - found[:, 0]).mean(dim=1)
    for slope in (across, down):
        assert 0.3 < (slope > 0).float().mean() < 0.7


@pytest.mark.parametrize("polarizer", [0.0, 45.0, 90.0])
def test_layers_mix_as_a_pane_mixes_them(polarizer):
    shape = (1, 1, 8, 8)
    surfaces = pane(shape)
    behind, before = torch.rand(shape), torch.rand(shape)
    found = Mixing(surfaces).seen(behind, before, 2 * polarizer * DEGREE)
    a, b = pane_reflectances(60.0)
    alpha = a * np.cos((polarizer - 30) * DEGREE) ** 2 + b * np.sin((polarizer - 30) * DEGREE) ** 2
    np.testing.assert_allclose(found[0], (1 - alpha) * behind / 2, atol=1e-6)
    np.testing.assert_allclose(found[1], alpha * before / 2, atol=1e-6)


def test_past_the_border_of_the_glass_nothing_is_reflected():
    shape = (1, 1, 8, 8)
    surfaces = pane(shape)
    surfaces.glass[..., 4:] = 0
    behind, before = torch.rand(shape), torch.rand(shape)
    transmission, reflection = Mixing(surfaces).seen(behind, before, 0.3)
    torch.testing.assert_close(transmission[..., 4:], behind[..., 4:] / 2)
    assert not reflection[..., 4:].any() and reflection[..., :4].all()


def test_some_views_show_the_border_of_the_glass():
    torch.manual_seed(0)
    draws = Draws(200, torch.device("cpu"))
    glass = random_surfaces(draws, 24, SurfaceSettings(bordered=0.5), 0.0).glass
    bordered = (glass.amin(dim=(1, 2, 3)) < 1).float().mean()
    assert 0.35 < bordered < 0.65
    assert glass.mean(dim=(1, 2, 3)).min() > 0.3


def test_grain_without_end_of_samples_is_none():
    shape = (1, 1, 8, 8)
    grain = Grain(torch.tensor(torch.inf).view(1, 1, 1, 1), torch.randn(4, *shape))
    behind, before = torch.rand(shape), torch.rand(shape)
    for double in (None, 0.0, 1.0):
        clean = Mixing(pane(shape)).seen(behind, before, double)
        found = Mixing(pane(shape), grain).seen(behind, before, double)
        for layer, expected in zip(found, clean, strict=True):
            np.testing.assert_allclose(layer, expected, atol=1e-6)


def test_grain_has_the_spread_of_a_count_and_is_in_images_and_truth_alike():
    torch.manual_seed(0)
    shape, samples = (1, 1, 200, 200), 500.0
    grain = Grain(torch.tensor(samples).view(1, 1, 1, 1), torch.randn(4, *shape))
    first, second, through = grain.applied(
        *(tuple(torch.full(shape, v) for v in both) for both in ((0.3, 0.1), (0.4, 0.15)))
    )
    for shares, mean in ((first, 0.2), (second, 0.075)):
        expected = np.sqrt((1 - mean) / (mean * samples))
        assert (shares[0].std() / shares[0].mean()).item() == pytest.approx(expected, rel=0.03)
        np.testing.assert_allclose(shares[1] / shares[1].mean(), shares[0] / shares[0].mean(), 0.01)
    assert through[0].mean().item() == pytest.approx(0.6, rel=0.01)
    mixing, light = Mixing(pane(shape), grain), torch.ones(shape)
    crossed = [mixing.seen(light, light, double) for double in (0.0, np.pi)]
    for truth, *seen in zip(mixing.seen(light, light, None), *crossed, strict=True):
        torch.testing.assert_close((seen[0] + seen[1]) / 2, truth)


def test_stretched_reflections_are_long_and_what_lies_behind_is_not():
    def anisotropy(layer):
        down, across = (layer.diff(dim=axis).abs().mean(dim=(1, 2, 3)) for axis in (2, 3))
        return torch.log(down / across).abs().mean().item()

    torch.manual_seed(0)
    scenes = SceneSettings(
        upright=1.0, shapes=0.0, lamps=0.0, grain=0.0, stretched=1.0, stretch=6.0
    )
    draws, bank = Draws(24, torch.device("cpu")), picture_bank(pictures())
    behind, before = layers_of_light(draws, bank, 48, True, IDEAL.light, scenes)
    assert anisotropy(before) > 2 * anisotropy(behind)


@pytest.mark.parametrize("grey", [True, False])
def test_ideal_layers_of_a_batch_add_up_to_the_mean_over_all_angles(grey):
    found = batch(IDEAL, grey)
    total = found["transmission"] + found["reflection"]
    np.testing.assert_allclose(total, found["stokes"][:, 0], atol=1e-5)
    assert total.shape == (6, 1 if grey else 3, 64, 64)
    assert found["share"].shape == (6, 1, 64, 64)
    assert all(values.dtype == torch.float32 for values in found.values())


def test_motion_is_smooth_and_of_a_few_pixels():
    torch.manual_seed(0)
    ramp = torch.arange(128.0).expand(8, 1, 128, 128)
    draws = Draws(8, torch.device("cpu"))
    shift = (moved(draws, ramp, torch.ones(8)) - ramp)[..., 24:-24, 24:-24]
    assert 0.3 < shift.abs().max() < 20
    assert shift.diff(dim=2).abs().max() < 1.5
    torch.testing.assert_close(moved(draws, ramp, torch.zeros(8)), ramp)


@pytest.mark.parametrize("factor", [1.0, 8.0])
def test_the_dynamic_range_decides_how_far_the_layers_brightness_differs(factor):
    torch.manual_seed(2)
    settings = LightSettings(dynamic_range=factor, abrupt=0.0, dark=0.0)
    scenes = SceneSettings(shapes=0.0, lamps=0.0, grain=0.0, stretched=0.0)
    draws, bank = Draws(64, torch.device("cpu")), picture_bank(pictures())
    behind, before = layers_of_light(draws, bank, 32, True, settings, scenes)
    ratios = torch.log(before.mean(dim=(1, 2, 3)) / behind.mean(dim=(1, 2, 3)))
    assert ratios.std() > 0.8 if factor > 1 else ratios.std() < 0.5


def test_abrupt_layers_are_zero_where_they_are_dim():
    torch.manual_seed(3)
    settings = LightSettings(dynamic_range=1.0, abrupt=1.0, dark=0.0)
    scenes = SceneSettings(shapes=0.0, lamps=0.0, grain=0.0, stretched=0.0)
    draws, bank = Draws(6, torch.device("cpu")), picture_bank(pictures())
    empty = [
        (layer == 0).float().mean(dim=(1, 2, 3))
        for layer in layers_of_light(draws, bank, 64, False, settings, scenes)
    ]
    assert torch.maximum(*empty).min() > 0.02
    assert torch.minimum(*empty).max() == 0


def test_curved_surfaces_vary_more_than_flat_ones():
    torch.manual_seed(5)
    spreads = {}
    for curved in (0.0, 1.0):
        settings = SurfaceSettings(curved=curved, incidence_deg=(50.0, 50.0))
        found = random_surfaces(Draws(240, torch.device("cpu")), 16, settings, 0.0).incidence
        spread = found.amax(dim=(1, 2, 3)) - found.amin(dim=(1, 2, 3))
        spreads[curved] = float(spread.median())
    assert spreads[1.0] > 1.4 * spreads[0.0]


def test_the_share_is_the_panes():
    settings = replace(IDEAL, surface=SurfaceSettings(curved=0.0, incidence_deg=(60.0, 60.0)))
    low, high = (np.mean(pane_reflectances(60.0, index)) for index in (1.45, 1.55))
    torch.manual_seed(1)
    surfaces = random_surfaces(Draws(8, torch.device("cpu")), 64, settings.surface, 0.0)
    share = Mixing(surfaces).share[:, 0, 32, 32]
    assert ((share > low - 0.02) & (share < high + 0.02)).all()


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

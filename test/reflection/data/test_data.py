"""The generator of training samples: each step by itself, against the optics it stands on."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ddff_perception.optics.fresnel import pane_reflectances
from ddff_perception.optics.polarization import degree_of_polarization
from ddff_perception.reflection.data.light import LightSettings, layers_of_light
from ddff_perception.reflection.data.motion import moved, random_motion
from ddff_perception.reflection.data.sample import GeneratorSettings, ablated, random_sample
from ddff_perception.reflection.data.surface import SurfaceSettings, random_surface, shifted

IDEAL = GeneratorSettings(
    size=64,
    light=LightSettings(dynamic_range=6.0, abrupt=0.0, dark=0.0),
    surface=SurfaceSettings(curved=0.0, ghost_px=0.0),
    motion=0.0,
    noise=None,
)


@pytest.fixture(scope="module")
def pictures():
    rng = np.random.default_rng(0)
    return [rng.uniform(0.1, 1, (96, 96, 3)).astype(np.float16) for _ in range(3)]


def samples(pictures, settings, count=8, grey=None):
    rng = np.random.default_rng(1)
    return [random_sample(rng, pictures, settings, grey) for _ in range(count)]


def psnr(first, second):
    return -10 * np.log10(np.mean((first - second) ** 2) + 1e-12)


@pytest.mark.parametrize("grey", [True, False])
def test_ideal_layers_add_up_to_the_mean_over_all_angles(pictures, grey):
    for sample in samples(pictures, IDEAL, grey=grey):
        total = sample.truth.transmission + sample.truth.reflection
        np.testing.assert_allclose(total, sample.stokes.s0 / 2, atol=1e-4)
        assert total.shape == ((64, 64) if grey else (64, 64, 3))
        assert sample.stokes.s0.dtype == sample.truth.reflection.dtype == np.float32


def test_the_polarization_is_what_fresnels_equations_say(pictures):
    settings = replace(IDEAL, surface=replace(IDEAL.surface, incidence_deg=(56.3, 56.3)))
    for sample in samples(pictures, settings, 4, grey=True):
        # Near Brewster's angle, polarized light is R_s (r - t) / 2 of both sides' light r and t.
        share = sample.share
        light = sample.truth.reflection / share - sample.truth.transmission / (1 - share)
        middle = (slice(28, 36), slice(28, 36))
        expected = np.abs(light * share)[middle]
        degree = degree_of_polarization(sample.stokes) * sample.stokes.s0 / 2
        assert np.median(np.abs(degree[middle] - expected)) < 0.05 * expected.mean() + 2e-3


def test_the_share_is_the_panes(pictures):
    settings = replace(IDEAL, surface=replace(IDEAL.surface, incidence_deg=(60.0, 60.0)))
    low, high = (np.mean(pane_reflectances(60.0, index)) for index in (1.45, 1.55))
    for sample in samples(pictures, settings):
        assert low - 0.02 < sample.share[32, 32] < high + 0.02


@pytest.mark.parametrize("factor", [1.0, 8.0])
def test_the_dynamic_range_decides_how_far_the_layers_brightness_differs(pictures, factor):
    settings = LightSettings(dynamic_range=factor, abrupt=0.0, dark=0.0)
    rng = np.random.default_rng(2)
    ratios = []
    for _ in range(40):
        light = layers_of_light(rng, pictures, 32, True, settings)
        ratios.append(np.log(light.reflection.mean() / light.transmission.mean()))
    assert np.std(ratios) > 0.8 if factor > 1 else np.std(ratios) < 0.5


def test_abrupt_layers_are_zero_where_they_are_dim(pictures):
    rng = np.random.default_rng(3)
    settings = LightSettings(dynamic_range=1.0, abrupt=1.0, dark=0.0)
    for _ in range(6):
        light = layers_of_light(rng, pictures, 64, False, settings)
        empty = [np.mean(layer == 0) for layer in (light.reflection, light.transmission)]
        assert max(empty) > 0.02
        assert min(empty) == 0


def test_moving_layers_differ_between_the_angles(pictures):
    still = samples(pictures, IDEAL, 6, grey=True)
    moving = samples(pictures, replace(IDEAL, motion=1.0), 6, grey=True)
    for sample in still:
        assert psnr(sample.truth.transmission + sample.truth.reflection, sample.stokes.s0 / 2) > 70
    assert np.mean(
        [psnr(s.truth.transmission + s.truth.reflection, s.stokes.s0 / 2) for s in moving]
    ) < 45  # fmt: skip


def test_motion_is_smooth_and_of_a_few_pixels():
    motion = random_motion(np.random.default_rng(0), 128)
    assert motion.shape == (128, 128, 2)
    assert 0.3 < np.abs(motion).max() < 20
    assert np.abs(np.diff(motion, axis=0)).max() < 1.5
    ramp = np.tile(np.arange(128, dtype=np.float32), (128, 1))[..., None].repeat(3, 2)
    right = np.zeros_like(motion)
    right[..., 0] = 2
    np.testing.assert_allclose(moved(ramp, right)[:, :120], ramp[:, 2:122], atol=1e-3)


def test_the_second_face_shifts_its_reflection():
    ramp = np.tile(np.arange(40, dtype=np.float32), (40, 1))
    np.testing.assert_allclose(shifted(ramp, (3.0, 0.0))[:, 5:], ramp[:, 2:-3], atol=1e-3)
    assert shifted(ramp, (0.0, 0.0)) is ramp


def test_curved_surfaces_vary_more_than_flat_ones():
    rng = np.random.default_rng(5)
    spreads = {}
    for curved in (0.0, 1.0):
        settings = SurfaceSettings(curved=curved, incidence_deg=(50.0, 50.0))
        found = [random_surface(rng, 16, settings).geometry.incidence_deg for _ in range(240)]
        assert all(np.isfinite(f).all() and f.max() <= 85.01 for f in found)
        spreads[curved] = np.median([np.ptp(f) for f in found])
    assert spreads[1.0] > 1.4 * spreads[0.0]


def test_a_camera_clips_counts_and_has_noise(pictures):
    settings = replace(IDEAL, noise=(0.01, 0.01), bits=(8,), four_angles=0.0)
    ideal, real = (samples(pictures, s, 3, grey=True) for s in (IDEAL, settings))
    for sample in real:
        total = sample.truth.transmission + sample.truth.reflection
        assert 30 < psnr(total, sample.stokes.s0 / 2) < 55
        # s0 = I(0) + I(90): whole levels.
        levels = sample.stokes.s0 * 255
        np.testing.assert_allclose(levels, np.rint(levels), atol=1e-2)
    assert all(s.stokes.s0.max() > 0 for s in ideal)


def test_the_ablation_takes_motion_and_curvature_away():
    full = GeneratorSettings()
    plain = ablated(full, motion=False, curvature=False)
    assert plain.motion == 0
    assert plain.surface.curved == 0
    assert plain.light == full.light
    assert ablated(full, motion=True, curvature=True) == full

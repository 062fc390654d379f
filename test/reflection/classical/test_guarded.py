"""Layers that do no harm: glass where there is glass, the view as it is where there is none."""

import cv2
import numpy as np
import pytest

from ddff_perception.optics.fresnel import mixing_coefficient, pane_reflectances
from ddff_perception.optics.polarization import stokes_from_images
from ddff_perception.optics.textures import dead_leaves, one_over_f
from ddff_perception.reflection.classical.guarded import (
    GuardedSettings,
    finished,
    physical_answer,
)
from ddff_perception.reflection.classical.layers import SurfaceSettings
from ddff_perception.reflection.classical.mixing import Surface, fitted_gains, reflected
from ddff_perception.reflection.methods import separate
from ddff_perception.types import PolarizedImages

ANGLES = (0.0, 45.0, 90.0, 135.0)
SIZE = np.s_[:180, :240]


def pictures():
    rng = np.random.default_rng(21)
    return [dead_leaves(rng, 256)[SIZE][..., 1].astype(np.float32) for _ in range(2)]


def view(glass, incidence=58.0, axis=25.0, gloss=0.0, ratio=2.0):
    """8-bit images of a scene behind `glass` (1 where it is), and the true transmission."""
    behind, mirrored = pictures()
    shares = [part * glass for part in pane_reflectances(incidence)]
    turn = 6 * one_over_f(np.random.default_rng(5), 256)[SIZE]
    images, rng = [], np.random.default_rng(1)
    exposure = 0.75 / (1 + 0.3 * ratio)
    for angle in ANGLES:
        alpha = mixing_coefficient((shares[0], shares[1]), axis, angle)
        own = behind * (1 + gloss * np.cos(2 * np.radians(angle) - turn))
        light = (1 - alpha) * own + alpha * ratio * mirrored
        noisy = exposure * light + 0.003 * rng.standard_normal(light.shape)
        images.append(np.clip(np.rint(255 * noisy), 0, 255).astype(np.uint8))
    truth = exposure * (1 - (shares[0] + shares[1]) / 2) * behind
    return PolarizedImages(tuple(images), ANGLES), truth.astype(np.float32)


def mean_of(images):
    return stokes_from_images(images.images, images.angles_deg).s0 / 2


def psnr(found, truth):
    return float(10 * np.log10(truth.max() ** 2 / np.mean((found - truth) ** 2)))


METHODS = ("guarded", "network")


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("gloss", [0.0, 0.15])
def test_without_glass_the_view_stays_as_it_is(method, gloss):
    images, _ = view(np.zeros((180, 240)), gloss=gloss)
    pair = separate(images, method)
    assert psnr(pair.transmission, mean_of(images)) >= 45
    assert pair.confidence.mean() > 0.9


@pytest.mark.parametrize("ratio", [0.5, 2.0, 4.0])
@pytest.mark.parametrize("incidence", [24.0, 30.0, 36.0, 58.0, 72.0])
def test_a_pane_all_over_the_view_is_taken_away_as_far_as_kong_does(incidence, ratio):
    images, truth = view(np.ones((180, 240)), incidence, ratio=ratio)
    found, kong = (separate(images, name).transmission for name in ("guarded", "kong"))
    assert psnr(found, truth) > psnr(kong, truth) - 0.5


def gloss_that_drifts(degree):
    """A scene without glass that is polarized by `degree` along an axis that turns slowly."""
    behind, _ = pictures()
    nodes = np.random.default_rng(3).normal(size=(6, 7)).astype(np.float32)
    turn = 3 * cv2.resize(nodes, (240, 180), interpolation=cv2.INTER_CUBIC)
    images, rng = [], np.random.default_rng(1)
    for angle in ANGLES:
        light = 0.6 * behind * (1 + degree * np.cos(2 * np.radians(angle) - turn))
        noisy = light + 0.003 * rng.standard_normal(light.shape)
        images.append(np.clip(np.rint(255 * noisy), 0, 255).astype(np.uint8))
    return PolarizedImages(tuple(images), ANGLES)


@pytest.mark.parametrize("degree", [0.05, 0.1])
def test_gloss_with_an_axis_over_a_part_of_the_view_keeps_its_light(degree):
    images = gloss_that_drifts(degree)
    mean = mean_of(images)
    assert psnr(separate(images, "guarded").transmission, mean) >= 45
    assert psnr(separate(images, "kong").transmission, mean) < 35


def test_polarization_under_the_noise_separates_nothing():
    images, _ = view(np.ones((180, 240)), 12.0, ratio=1.0)
    answer = physical_answer(images, GuardedSettings(noise=0.05))
    assert answer.worth == 0 and answer.gains.max() == 0
    assert physical_answer(images, GuardedSettings(noise=0.0)).worth == 1


@pytest.mark.parametrize("method", METHODS)
def test_glass_that_covers_a_part_is_taken_away_there_and_not_beyond(method):
    glass = np.zeros((180, 240))
    glass[:, 110:] = 1
    images, truth = view(glass)
    found = separate(images, method).transmission
    plain, kong = mean_of(images), separate(images, "kong").transmission
    assert psnr(found[:, 125:], truth[:, 125:]) > psnr(plain[:, 125:], truth[:, 125:]) + 8
    assert psnr(found[:, :80], truth[:, :80]) > 36
    assert psnr(found, truth) > psnr(kong, truth) + 2


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("incidence", [35.0, 58.0, 70.0])
def test_layers_are_not_negative_and_add_up_to_the_mean(method, incidence):
    images, truth = view(np.ones((180, 240)), incidence)
    pair = separate(images, method)
    assert pair.transmission.min() >= 0 and pair.reflection.min() >= 0
    mean = mean_of(images)
    np.testing.assert_allclose(pair.transmission + pair.reflection, mean, atol=2e-6)
    stokes = stokes_from_images(images.images, ANGLES)
    degree = np.hypot(stokes.s1, stokes.s2) / np.maximum(stokes.s0, 1e-6)
    most = Surface.of(SurfaceSettings(), 10.0, 80.0).most(degree)
    assert (pair.reflection <= most * mean + 1e-5).all()
    assert psnr(pair.transmission, truth) > psnr(mean, truth) + 5


def test_the_bound_is_fresnels():
    surface = Surface.of(SurfaceSettings(), 40.0, 56.0)
    a, b = pane_reflectances(np.arange(40.0, 56.1))
    # Unpolarized light may be reflected as far as both layers are equally bright.
    none = surface.most(np.zeros((1, 1), np.float32))[0, 0]
    assert none == pytest.approx(((a + b) / 2).max(), rel=1e-4)
    # Light that is as polarized as a reflection may be nothing else.
    assert surface.most(np.full((1, 1), (a[0] - b[0]) / (a[0] + b[0]), np.float32)) == 1


def test_where_it_is_not_sure_the_safe_answer_is_the_darkest_angle():
    images, _ = view(np.ones((180, 240)), 72.0)
    settings = GuardedSettings(safe=True)
    gains = physical_answer(images, settings).gains
    confidence = np.repeat(np.float32([[0.2] * 60 + [0.9] * 60]), 90, axis=0)
    safe = finished(images, gains, confidence, settings)
    usual = finished(images, gains, confidence, GuardedSettings())
    dark = separate(images, "most_attenuated").transmission
    np.testing.assert_allclose(safe.transmission[:, :115], dark[:, :115], atol=1e-6)
    assert np.abs(usual.transmission - dark).mean() > 0.02
    np.testing.assert_array_equal(safe.transmission[:, 125:], usual.transmission[:, 125:])
    total = safe.transmission + safe.reflection
    np.testing.assert_allclose(total, mean_of(images), atol=2e-6)
    assert separate(images, "guarded", {"safe": True}).transmission.shape == (180, 240)


@pytest.mark.parametrize("incidence", [30.0, 50.0, 72.0])
def test_gains_that_explain_a_reflection_are_those_of_its_surface(incidence):
    behind, mirrored = pictures()
    a, b = map(float, pane_reflectances(incidence))
    double = np.radians(2 * 35.0)
    share, half = (a + b) / 2, (a - b) / 2 * (mirrored - behind)
    light = np.stack(
        [share * mirrored + (1 - share) * behind, half * np.cos(double), half * np.sin(double)]
    ).astype(np.float32)
    surface = Surface.of(SurfaceSettings(), 10.0, 80.0)
    truth = np.asarray(share * mirrored, np.float32)
    gains, left = fitted_gains(truth, light, surface, 6.0, None)
    assert np.sqrt(np.mean((reflected(light, gains) - truth) ** 2)) < 0.02 * truth.max()
    assert left.mean() < 0.02 * truth.max()


def test_nothing_polarized_is_the_plain_input():
    image = np.random.default_rng(0).integers(0, 255, (64, 80), np.uint8)
    pair = separate(PolarizedImages((image,) * 3, (0.0, 45.0, 90.0)), "guarded")
    np.testing.assert_allclose(pair.transmission, image / 255.0, atol=1e-5)
    assert pair.reflection.max() < 1e-5

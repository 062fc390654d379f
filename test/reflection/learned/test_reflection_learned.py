"""The network at run time: any size, any number of angles, tiles, histograms."""

from __future__ import annotations

import numpy as np
import pytest

from ddff_perception.optics.fresnel import mixing_coefficient, pane_reflectances
from ddff_perception.optics.histograms import with_histogram_of
from ddff_perception.optics.polarization import stokes_from_images
from ddff_perception.optics.textures import dead_leaves
from ddff_perception.reflection.classical.guarded import physical_answer
from ddff_perception.reflection.classical.mixing import reflected
from ddff_perception.reflection.learned.gating import gated
from ddff_perception.reflection.learned.network import NetworkSettings
from ddff_perception.reflection.methods import method_parameters, separate
from ddff_perception.types import InputError, PolarizedImages

pytest.importorskip("onnxruntime")


def scene(size, incidence=60.0, angles=(0.0, 45.0, 90.0), axis=30.0, ratio=2.0, colour=False):
    """8-bit images of two layers behind a pane, and the true reflection."""
    rng = np.random.default_rng(99)
    behind, before = (dead_leaves(rng, 256)[: size[0], : size[1]] for _ in range(2))
    if not colour:
        behind, before = behind[..., 1], before[..., 1]
    before = ratio * before
    shares = pane_reflectances(incidence)
    lights = [
        behind + mixing_coefficient(shares, axis, angle) * (before - behind) for angle in angles
    ]
    exposure = 0.9 / max(light.max() for light in lights)
    images = [np.rint(255 * exposure * light).astype(np.uint8) for light in lights]
    truth = exposure * before * (shares[0] + shares[1]) / 2
    return PolarizedImages(tuple(images), angles), truth.astype(np.float32)


def gain_db(pair, truth):
    """How much closer the reflection is to the truth than none at all."""
    error = np.mean((pair.reflection - truth) ** 2)
    return 10 * np.log10(np.mean(truth**2) / error)


@pytest.mark.parametrize(
    "angles", [(0.0, 45.0, 90.0), (0.0, 45.0, 90.0, 135.0), (10.0, 50.0, 95.0, 130.0, 160.0)]
)
@pytest.mark.parametrize("colour", [False, True])
def test_one_file_separates_three_four_and_five_angles_grey_and_colour(angles, colour):
    images, truth = scene((160, 200), angles=angles, colour=colour)
    pair = separate(images, "network")
    assert pair.reflection.shape == truth.shape
    assert pair.transmission.dtype == np.float32
    assert gain_db(pair, truth) > 6


@pytest.mark.parametrize("size", [(1, 1), (3, 70), (65, 64), (97, 131), (200, 30)])
def test_images_of_any_size(size):
    images, truth = scene(size)
    pair = separate(images, "network")
    assert pair.transmission.shape == truth.shape
    assert np.isfinite(pair.transmission).all()
    assert pair.reflection.min() >= 0


@pytest.mark.parametrize("model", ["reflection_surface", "reflection_surface_float16"])
@pytest.mark.parametrize("plain_columns", [0, 64, 128])
def test_plain_and_saturated_parts_give_layers_not_nan(model, plain_columns):
    images, _ = scene((64, 128))
    for image, value in zip(images.images, (222, 230, 200), strict=True):
        image[:, :plain_columns] = value
        image[:, plain_columns:] = np.minimum(2 * image[:, plain_columns:].astype(int), 255)
    pair = separate(images, "network", {"model": model})
    for layer in (pair.transmission, pair.reflection):
        assert np.isfinite(layer).all()
        assert layer.max() <= 1.05


def test_tiles_give_nearly_what_the_whole_image_gives():
    images, truth = scene((256, 256))
    images = PolarizedImages(tuple(np.tile(i, (2, 2)) for i in images.images), images.angles_deg)
    truth = np.tile(truth, (2, 2))
    whole = separate(images, "network")
    cut = separate(images, "network", {"tile": 320, "size": 2048})
    assert abs(gain_db(whole, truth) - gain_db(cut, truth)) < 3
    np.testing.assert_allclose(
        cut.transmission + cut.reflection, whole.transmission + whole.reflection, atol=1e-3
    )


@pytest.mark.parametrize("angles", [(0.0, 45.0, 90.0), (10.0, 50.0, 95.0, 130.0, 160.0)])
def test_the_layers_add_up_to_the_mean_over_all_angles(angles):
    images, _ = scene((160, 200), angles=angles)
    pair = separate(images, "network")
    mean = stokes_from_images(images.images, images.angles_deg).s0 / 2
    np.testing.assert_allclose(pair.transmission + pair.reflection, mean, atol=2e-6)
    assert pair.confidence.shape == mean.shape


def test_a_network_that_errs_changes_nothing_where_physics_is_trusted():
    images, _ = scene((160, 200))
    answer = physical_answer(images, NetworkSettings())
    wrong = np.random.default_rng(3).random(answer.light.shape[1:]).astype(np.float32)
    gains, _ = gated(wrong, answer, NetworkSettings())
    near, far = (reflected(answer.light, one) for one in (answer.gains, gains))
    assert np.abs(near - far).mean() < 0.02 * answer.peak


def test_the_surface_and_plane_that_are_named_guide_the_network():
    images, _ = scene((160, 200), axis=88.0)
    free = separate(images, "network")
    water = separate(images, "network", {"surface": "face", "refractive_index": 1.33})
    level = separate(images, "network", {"plane": "level"})
    upright = separate(images, "network", {"plane": "upright"})
    assert np.abs(water.reflection - free.reflection).mean() > 0.002
    np.testing.assert_allclose(upright.reflection, free.reflection, atol=5e-3)
    assert np.abs(level.reflection - free.reflection).mean() > 0.02


def test_the_network_looks_at_large_images_made_smaller():
    images, truth = scene((200, 240))
    whole, small = (separate(images, "network", {"size": side}) for side in (640, 120))
    assert small.reflection.shape == truth.shape
    assert abs(gain_db(whole, truth) - gain_db(small, truth)) < 3


def test_float_images_and_bytes_give_one_result():
    images, _ = scene((120, 120))
    floats = PolarizedImages(
        tuple(image.astype(np.float32) / np.float32(255) for image in images.images),
        images.angles_deg,
    )
    first, second = separate(images, "network"), separate(floats, "network")
    np.testing.assert_allclose(first.reflection, second.reflection, atol=1e-3)


def test_matched_histograms_have_the_values_of_the_reference():
    rng = np.random.default_rng(0)
    image, reference = rng.random((2, 20, 30, 3)).astype(np.float32)
    found = with_histogram_of(image, reference)
    for channel in range(3):
        np.testing.assert_array_equal(np.sort(found[..., channel], None),
                                      np.sort(reference[..., channel], None))  # fmt: skip
        order = np.argsort(image[..., channel], axis=None)
        assert np.all(np.diff(found[..., channel].ravel()[order]) >= 0)
    images, _ = scene((64, 64))
    matched = separate(images, "network", {"match_histogram": True})
    mean = (images.images[0].astype(np.float32) + images.images[2]) / 510
    np.testing.assert_allclose(np.sort(matched.transmission, None), np.sort(mean, None), atol=1e-5)


def test_unknown_models_and_bad_tiles_are_one_sentence():
    images, _ = scene((64, 64))
    with pytest.raises(InputError, match="there is no model 'unknown'"):
        separate(images, "network", {"model": "unknown"})
    with pytest.raises(InputError, match="tile"):
        method_parameters("network").complete({"tile": 3})

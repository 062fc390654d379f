import itertools

import cv2
import numpy as np
import pytest
from panes import pane

from ddff_perception.optics.srgb import srgb_bytes
from ddff_perception.reflection.capture.images import CaptureSettings, images_from_mosaic
from ddff_perception.reflection.capture.plausibility import (
    colour_contrast,
    complaint,
    mosaic_complaint,
)
from ddff_perception.types import PolarizedImages

ANGLES = (0.0, 45.0, 90.0, 135.0)


def given(order):
    """The pane's images in another order, as if they were in the right one."""
    return PolarizedImages(tuple(pane().images[i] for i in order), ANGLES)


def keeps_crossed_pairs(order):
    return abs(order[0] - order[2]) == 2


@pytest.mark.parametrize("order", list(itertools.permutations(range(4))))
def test_four_swapped_angles_are_noticed_where_crossed_ones_are_parted(order):
    sentence = complaint(given(order))
    assert (sentence is None) == keeps_crossed_pairs(order)
    if sentence is not None:
        assert "check the order of the angles" in sentence


def test_three_angles_that_would_mean_more_polarization_than_light_are_noticed():
    level = np.linspace(40, 120, 64, dtype=np.float32)
    light = np.broadcast_to(level, (48, 64))
    shots = [light * (1 + 0.95 * np.cos(np.deg2rad(2 * (a - 5)))) for a in ANGLES[:3]]
    stored = [np.rint(shot).astype(np.uint8) for shot in shots]
    assert complaint(PolarizedImages(tuple(stored), ANGLES[:3])) is None
    swapped = (stored[1], stored[0], stored[2])
    assert "more polarized than they are bright" in complaint(PolarizedImages(swapped, ANGLES[:3]))


def test_images_of_different_views_are_noticed():
    images = list(pane().images)
    images[1] = np.roll(images[1], 25, axis=1)
    assert "one moment and one view" in complaint(PolarizedImages(tuple(images), ANGLES))


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_noise_and_unpolarized_light_are_no_reason_to_complain(dtype):
    rng = np.random.default_rng(0)
    top = np.iinfo(dtype).max
    scene = rng.uniform(0.1, 0.9, (120, 160))
    shots = tuple(
        np.clip(np.rint(top * (scene + 0.01 * rng.standard_normal(scene.shape))), 0, top).astype(
            dtype
        )
        for _ in ANGLES
    )
    assert complaint(PolarizedImages(shots, ANGLES)) is None


def test_saturated_pixels_do_not_count():
    images = [image.copy() for image in pane().images]
    for image in images:
        image[:, :200] = 255
    assert complaint(PolarizedImages(tuple(images), ANGLES)) is None
    white = tuple(np.full((8, 8), 255, np.uint8) for _ in ANGLES)
    assert complaint(PolarizedImages(white, ANGLES)) is None


def raw_of(images):
    """The mosaic whose halves `images` are, of layout 90_45_135_0."""
    height, width = images[0].shape[:2]
    raw = np.zeros((2 * height, 2 * width), images[0].dtype)
    for image, (row, column) in zip(images, ((1, 1), (0, 1), (0, 0), (1, 0)), strict=True):
        raw[row::2, column::2] = image
    return raw


def said_of(raw, **settings):
    given = CaptureSettings.from_values(settings)
    return mosaic_complaint(raw, images_from_mosaic(raw, given), given)


def test_a_raw_that_is_what_its_layout_says_is_no_reason_to_complain():
    assert said_of(raw_of(pane().images)) is None


def test_a_colour_raw_taken_as_grey_is_noticed():
    raw = raw_of(pane().images).astype(np.float32)
    raw[2::4, 2::4] *= 0.5
    raw[2::4, 3::4] *= 0.5
    raw[3::4, 2::4] *= 0.5
    raw[3::4, 3::4] *= 0.5
    assert "layout=90_45_135_0_rggb" in said_of(raw.astype(np.uint8))


def test_a_raw_of_one_cell_says_nothing_of_colours():
    assert colour_contrast(np.full((2, 6), 90, np.uint8)) == 0
    assert said_of(np.full((2, 2), 90, np.uint8)) is None


def test_twelve_bits_low_in_sixteen_are_noticed_and_high_ones_are_none():
    low = raw_of([image.astype(np.uint16) * 16 + 3 for image in pane().images])
    assert "bit_depth=12" in said_of(low)
    assert said_of(low, bit_depth=12) is None
    assert said_of(low << 4) is None


def test_photographs_taken_as_linear_are_noticed():
    light = np.broadcast_to(np.linspace(0.1, 0.9, 64, dtype=np.float32), (48, 64)) / 2
    shots = [light * (1 + 0.7 * np.cos(np.deg2rad(2 * (a - 10)))) for a in ANGLES]
    coded = tuple(srgb_bytes(shot) for shot in shots)
    assert "set response=srgb" in complaint(PolarizedImages(coded, ANGLES))


@pytest.mark.parametrize("noise", [0.0, 2.0])
def test_photographs_of_a_pane_are_noticed_and_its_linear_images_are_none(noise):
    rng = np.random.default_rng(3)
    linear = [image + noise * rng.standard_normal(image.shape) for image in pane().images]
    coded = tuple(srgb_bytes(np.clip(image / 255, 0, 1).astype(np.float32)) for image in linear)
    assert "set response=srgb" in complaint(PolarizedImages(coded, ANGLES))
    kept = tuple(np.clip(np.rint(image), 0, 255).astype(np.uint8) for image in linear)
    assert complaint(PolarizedImages(kept, ANGLES)) is None


@pytest.mark.parametrize("angles", [(0, 1, 2), (0, 2, 3)])
def test_three_photographs_of_a_pane_are_noticed_and_its_linear_images_are_none(angles):
    linear = [pane().images[number] for number in angles]
    at = tuple(ANGLES[number] for number in angles)
    coded = tuple(srgb_bytes(np.float32(1 / 255) * image) for image in linear)
    assert "set response=srgb" in complaint(PolarizedImages(coded, at))
    assert complaint(PolarizedImages(tuple(linear), at)) is None


@pytest.mark.parametrize("count", [3, 4])
def test_linear_images_of_the_night_are_no_photographs(count):
    rng = np.random.default_rng(1)
    dark = [0.1 * image + 4 * rng.standard_normal(image.shape) for image in pane().images[:count]]
    stored = tuple(np.clip(np.rint(image), 0, 255).astype(np.uint8) for image in dark)
    assert complaint(PolarizedImages(stored, ANGLES[:count])) is None


def test_three_views_without_one_axis_say_nothing_of_their_response():
    rng = np.random.default_rng(2)
    light = np.broadcast_to(np.linspace(0.2, 0.8, 160, dtype=np.float32), (120, 160))
    axis = cv2.GaussianBlur(rng.random((120, 160)).astype(np.float32), (0, 0), 12) * 400
    shots = [light * (0.6 + 0.3 * np.cos(np.deg2rad(2 * (a - axis)))) for a in ANGLES[:3]]
    for stored in (shots, [srgb_bytes(shot) / np.float32(255) for shot in shots]):
        assert complaint(PolarizedImages(tuple(stored), ANGLES[:3])) is None

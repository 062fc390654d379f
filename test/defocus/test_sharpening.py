"""Blur that is known is undone; what is sharp stays as it is."""

from __future__ import annotations

import numpy as np
import pytest
from bursts import psnr
from defocus_scenes import blocks

from ddff_perception.defocus.sharpening import sharpened
from ddff_perception.optics.defocus import disc_blur
from ddff_perception.optics.srgb import srgb_bytes

RADIANCE = blocks(144, 192)
SHARP = srgb_bytes(RADIANCE)


@pytest.mark.parametrize("disc", [3.0, 5.0, 9.0])
def test_a_known_disc_is_undone(disc: float) -> None:
    image = srgb_bytes(disc_blur(RADIANCE, disc / 2))
    made = sharpened(image, np.full(image.shape[:2], -disc, np.float32))
    assert made.dtype == image.dtype and made.shape == image.shape
    assert psnr(made, SHARP) > psnr(image, SHARP) + 1.0


def test_each_part_is_undone_by_its_own_disc() -> None:
    map_px = np.full(SHARP.shape[:2], 0.5, np.float32)
    map_px[:, 96:] = 6.0
    image = SHARP.copy()
    image[:, 96:] = srgb_bytes(disc_blur(RADIANCE, 3.0))[:, 96:]
    made = sharpened(image, map_px)
    np.testing.assert_array_equal(made[:, :90], image[:, :90])
    assert psnr(made[:, 110:], SHARP[:, 110:]) > psnr(image[:, 110:], SHARP[:, 110:]) + 1.0


def test_what_is_sharp_does_not_ring_in_what_is_blurred_beside_it() -> None:
    sharp = np.full((96, 128), 60, np.uint8)
    sharp[::16] = 70
    bars = np.zeros(sharp.shape, bool)
    bars[:, 16::32] = bars[:, 17::32] = bars[:, 18::32] = True
    sharp[bars] = 250
    background = disc_blur(np.where(bars, 60, sharp).astype(np.float32), 3.0)
    image = np.where(bars, 250, np.rint(background)).astype(np.uint8)
    made = sharpened(image, np.where(bars, 0.0, 6.0).astype(np.float32))
    assert psnr(made, sharp) > psnr(image, sharp)


def test_sharp_images_and_unknown_blur_are_left_alone() -> None:
    for map_px in (np.zeros(SHARP.shape[:2], np.float32), np.full(SHARP.shape[:2], np.nan)):
        np.testing.assert_array_equal(sharpened(SHARP, np.float32(map_px)), SHARP)


def test_grey_images_of_16_bits_keep_their_type() -> None:
    deep = (SHARP[..., 1].astype(np.uint16)) * 257
    made = sharpened(deep, np.full(deep.shape, 4.0, np.float32))
    assert made.dtype == np.uint16 and made.shape == deep.shape and (made != deep).any()

"""Bilinear demosaicking is told from the image alone, and done better where it was."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from bursts import psnr
from degraded_images import clean, noisy

from ddff_perception.optics.degradation import jpeg
from ddff_perception.restoration.demosaicking import Site, bilinear_mosaic, interpolated_along_edges

# What OpenCV calls the arrays, by where red is.
CODES = {
    (0, 0): cv2.COLOR_BayerBG2BGR,
    (0, 1): cv2.COLOR_BayerGB2BGR,
    (1, 0): cv2.COLOR_BayerGR2BGR,
    (1, 1): cv2.COLOR_BayerRG2BGR,
}


def photographed() -> np.ndarray:
    """Detail that colours share, as surfaces of one paint in light and shade have it."""
    light = cv2.resize(clean(256)[..., 1], (128, 128), interpolation=cv2.INTER_AREA)
    paint = cv2.GaussianBlur(clean(128, 1), (0, 0), 6)
    return np.rint(light[..., None] * (0.4 + 0.6 * paint / 255.0)).astype(np.uint8)


def array_of(image: np.ndarray, red: Site) -> np.ndarray:
    raw = image[..., 1].copy()
    raw[red[0] :: 2, red[1] :: 2] = image[red[0] :: 2, red[1] :: 2, 2]
    blue = (1 - red[0], 1 - red[1])
    raw[blue[0] :: 2, blue[1] :: 2] = image[blue[0] :: 2, blue[1] :: 2, 0]
    return raw


TRUE = photographed()


@pytest.mark.parametrize("red", CODES)
@pytest.mark.parametrize("sigma", [0.0, 8.0])
def test_the_array_is_told_and_its_colours_come_nearer_to_the_truth(
    red: Site, sigma: float
) -> None:
    raw = array_of(noisy(TRUE, sigma), red)
    image = cv2.cvtColor(raw, CODES[red])
    assert bilinear_mosaic(image) == red
    found = interpolated_along_edges(image, red)
    np.testing.assert_array_equal(array_of(found, red), array_of(image, red))
    assert psnr(found, TRUE) > psnr(image, TRUE) + (0.2 if sigma else 3.0)


def test_of_16_bits_the_same_is_told_and_done() -> None:
    image = cv2.cvtColor(array_of(TRUE, (0, 0)), CODES[0, 0])
    deep = image.astype(np.uint16) * 257
    assert bilinear_mosaic(deep) == (0, 0)
    small, large = (interpolated_along_edges(one, (0, 0)) for one in (image, deep))
    assert np.abs(large / 257 - small).max() <= 1


def test_what_is_no_bilinear_demosaicking_is_taken_for_none() -> None:
    bilinear = cv2.cvtColor(array_of(TRUE, (0, 0)), CODES[0, 0])
    packed = np.rint(jpeg(bilinear / np.float32(255), np.random.default_rng(0), 90) * 255)
    others = {
        "clean": TRUE,
        "other way": cv2.cvtColor(array_of(TRUE, (0, 0)), cv2.COLOR_BayerBG2BGR_EA),
        "compressed": packed.astype(np.uint8),
        "enlarged": cv2.resize(TRUE, None, fx=2, fy=2, interpolation=cv2.INTER_LINEAR),
        "smooth": cv2.GaussianBlur(TRUE, (0, 0), 8),
        "plain": np.full((64, 64, 3), 90, np.uint8),
        "grey": bilinear[..., 1],
        "tiny": bilinear[:8, :8],
    }
    assert {name: bilinear_mosaic(one) for name, one in others.items()} == dict.fromkeys(others)


def test_colours_that_have_nothing_in_common_hardly_get_worse() -> None:
    true = np.dstack([clean(128, seed)[..., 1] for seed in (1, 2, 3)])
    image = cv2.cvtColor(array_of(true, (0, 0)), CODES[0, 0])
    assert psnr(interpolated_along_edges(image, (0, 0)), true) > psnr(image, true) - 0.3

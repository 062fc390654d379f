"""How images lie over each other by corners that are followed."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from bursts import wide_picture

from ddff_perception.optics.blur_kernels import blurred, shake_kernel
from ddff_perception.optics.registration import RegistrationError
from ddff_perception.optics.srgb import srgb_bytes
from ddff_perception.optics.tracking import tracked_motion, tracking_image

PICTURE = srgb_bytes(wide_picture())
# A little turn, magnification and perspective.
TRUE = np.array([[1.01, -0.02, 5.0], [0.02, 1.005, -3.0], [2e-5, -1e-5, 1.0]])


def moved(image: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """The image whose pixels `matrix` x lie where those of `image` lie at x."""
    size = (image.shape[1], image.shape[0])
    return np.asarray(cv2.warpPerspective(image, matrix, size, flags=cv2.INTER_CUBIC))


def corner_error(found: np.ndarray, true: np.ndarray) -> float:
    corners = np.array([[40, 40, 1], [216, 40, 1], [40, 216, 1], [216, 216, 1.0]])
    a, b = corners @ found.T, corners @ true.T
    return float(np.abs(a[:, :2] / a[:, 2:] - b[:, :2] / b[:, 2:]).max())


@pytest.mark.parametrize("longest", [256, 160])
def test_a_homography_is_found_between_frames_that_are_blurred_differently(longest: int) -> None:
    rng = np.random.default_rng(3)
    first = blurred(PICTURE, shake_kernel(rng, 11))
    second = blurred(moved(PICTURE, TRUE), shake_kernel(rng, 11))
    small = [tracking_image(image, longest) for image in (first, second)]
    assert max(small[0].shape) == longest
    found, share = tracked_motion(*small, PICTURE.shape)
    assert corner_error(found, TRUE) < 1.0 and share > 0.6


def test_what_lies_far_is_found_from_where_it_is_looked_for() -> None:
    far = np.eye(3)
    far[:2, 2] = 60, -50
    small = [tracking_image(image, 256) for image in (PICTURE, moved(PICTURE, far))]
    found, _ = tracked_motion(*small, PICTURE.shape, (58.0, -52.0))
    assert corner_error(found, far) < 0.5


def test_other_scenes_and_plain_walls_are_told() -> None:
    other = srgb_bytes(wide_picture(7))
    with pytest.raises(RegistrationError, match="corners"):
        tracked_motion(tracking_image(PICTURE, 256), tracking_image(other, 256), PICTURE.shape)
    plain = np.full((64, 64), 80, np.uint8)
    with pytest.raises(RegistrationError, match="too few corners"):
        tracked_motion(plain, plain, plain.shape)


def test_sixteen_bits_are_followed_as_well() -> None:
    deep = PICTURE.astype(np.uint16) * 257
    small = [tracking_image(image, 256) for image in (deep, moved(deep, TRUE))]
    assert small[0].dtype == np.uint8
    assert corner_error(tracked_motion(*small, deep.shape)[0], TRUE) < 0.3

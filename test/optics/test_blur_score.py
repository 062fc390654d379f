"""How blurred an image is, from the image alone."""

from __future__ import annotations

import math

import numpy as np
import pytest
from bursts import wide_picture

from ddff_perception.optics.blur_kernels import blurred, motion_kernel
from ddff_perception.optics.blur_score import blur_score
from ddff_perception.optics.srgb import srgb_bytes


@pytest.mark.parametrize("angle", [0.0, 45.0, 90.0])
def test_it_rises_with_the_length_of_the_motion_whatever_its_direction(angle: float) -> None:
    sharp = srgb_bytes(wide_picture())
    scores = [blur_score(sharp)]
    scores += [blur_score(blurred(sharp, motion_kernel(n, angle))) for n in (3.0, 6.0, 12.0)]
    assert scores == sorted(scores) and scores[-1] > scores[0] + 0.15
    assert 0 < scores[0] < scores[-1] < 1


def test_contrast_and_bits_do_not_change_it() -> None:
    sharp = srgb_bytes(wide_picture())
    assert blur_score((sharp // 3) + 80) == pytest.approx(blur_score(sharp), abs=0.02)
    assert blur_score(sharp.astype(np.uint16) * 257) == pytest.approx(blur_score(sharp), abs=1e-3)


def test_nothing_to_see_has_no_score() -> None:
    assert math.isnan(blur_score(np.full((64, 64), 90, np.uint8)))

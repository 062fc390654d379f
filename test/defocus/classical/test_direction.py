"""Motion blurs one direction, defocus all."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from defocus_scenes import blocks

from ddff_perception.defocus.classical import direction
from ddff_perception.defocus.classical.edge_blur import edge_blur
from ddff_perception.optics.blur_kernels import blurred, motion_kernel
from ddff_perception.optics.defocus import disc_blur


def anisotropy(image: np.ndarray) -> float:
    return direction.anisotropy(edge_blur(image))


PLANE = cv2.cvtColor(blocks(160, 200), cv2.COLOR_BGR2GRAY)


@pytest.mark.parametrize("angle", [0.0, 45.0, 100.0])
def test_motion_is_told_from_defocus(angle: float) -> None:
    assert anisotropy(blurred(PLANE, motion_kernel(9.0, angle))) > 1.5
    assert anisotropy(disc_blur(PLANE, 4.0)) < 1.15
    assert anisotropy(PLANE) < 1.15


def test_a_fence_in_focus_is_no_motion() -> None:
    fence = np.zeros((160, 200), np.float32)
    fence[:, np.arange(200) % 20 < 8] = 1.0
    fence[np.arange(160) % 40 < 9] = 0.6
    assert anisotropy(cv2.GaussianBlur(fence, (0, 0), 1.0)) < 1.3


def test_what_shows_nothing_has_no_direction() -> None:
    assert anisotropy(np.full((60, 80), 0.5, np.float32)) == 1.0

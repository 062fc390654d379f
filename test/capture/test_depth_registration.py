"""Depth moved onto colour's pixels: where points land, what hides what, what cannot be."""

from __future__ import annotations

import numpy as np
import pytest
from rooms import CAMERA, room

from ddff_perception.capture.depth_registration import DepthRegistration
from ddff_perception.optics.rigid_transform import RigidTransform
from ddff_perception.types import CameraModel, InputError

BESIDE = [0.06, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0]


def registered(depth: np.ndarray, camera: CameraModel, numbers: list[float]) -> np.ndarray:
    return DepthRegistration(camera, CAMERA, RigidTransform.of_numbers(numbers))(depth)


def test_one_camera_gives_its_own_depth_again() -> None:
    depth = room()[0]
    found = registered(depth, CAMERA, [0, 0, 0, 0, 0, 0, 1])
    np.testing.assert_allclose(found, depth, rtol=1e-6)


@pytest.mark.parametrize("factor", [0.5, 1.0, 2.0])
@pytest.mark.parametrize("numbers", [BESIDE, [-0.05, 0.02, 0.01, 0.01, -0.02, 0.0, 0.9997]])
def test_depth_of_another_camera_is_what_colour_sees(factor: float, numbers: list[float]) -> None:
    camera = CAMERA.resized(round(160 * factor), round(120 * factor))
    depth, _ = room(camera, at=RigidTransform.of_numbers(numbers))
    found, expected = registered(depth, camera, numbers), room()[0]
    there = np.isfinite(found)
    assert there[10:-10, 15:-15].mean() > 0.93
    off = np.abs(found - expected)[there] / expected[there]
    assert np.median(off) < 0.01 and np.mean(off < 0.03) > 0.95


def test_the_nearest_hides_what_lies_behind_it_without_gaps() -> None:
    """A near plate before a far wall, through a camera of a quarter of the pixels."""
    camera = CAMERA.resized(40, 30)
    depth = np.full((30, 40), 4.0, np.float32)
    depth[8:22, 12:28] = 1.0
    found = registered(depth, camera, BESIDE)
    # The plate's pixels of colour: moved by the disparity of 1 m.
    first = round(12 * 4 + 130 * 0.06)
    inside = found[36:84, first + 4 : first + 56]
    np.testing.assert_allclose(inside, 1.0, rtol=1e-5)
    # What only colour sees beside the plate is unknown.
    assert np.isnan(found[40:80, first - 5 : first - 3]).all()


def test_points_behind_the_colour_camera_are_nowhere() -> None:
    found = registered(np.ones((120, 160), np.float32), CAMERA, [0, 0, -2.0, 0, 0, 0, 1])
    assert np.isnan(found).all()


def test_depth_of_another_size_than_its_camera_is_told() -> None:
    with pytest.raises(InputError, match="publish the camera_info of this image"):
        registered(np.ones((60, 80), np.float32), CAMERA, BESIDE)


@pytest.mark.parametrize("numbers", [[0.0] * 6, [0.0] * 7, [0, 0, 0, 0, 0, 0, 5.0]])
def test_what_is_no_transform_is_refused(numbers: list[float]) -> None:
    with pytest.raises(InputError, match="transform"):
        RigidTransform.of_numbers(numbers)

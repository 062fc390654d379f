"""Planes of a room: found, told apart, and what the method cannot do without."""

from __future__ import annotations

import numpy as np
import pytest
from rooms import CAMERA, gravity, picture, room

from ddff_perception.segmentation.classical.planes import find_planes
from ddff_perception.segmentation.classical.rooms import PlanesSettings, planes
from ddff_perception.segmentation.types import CLASSES, RgbdFrame
from ddff_perception.types import CameraModel, InputError

SETTINGS = PlanesSettings()


def labelled(tilt_deg: float = 12.0, noise: float = 0.0, known: bool = False) -> tuple:
    depth, truth = room(tilt_deg=tilt_deg)
    random = np.random.default_rng(1)
    # As of structured light: errors grow with the square of the distance.
    depth = (depth + noise * depth**2 * random.normal(size=depth.shape)).astype(np.float32)
    down = gravity(tilt_deg) if known else None
    frame = RgbdFrame(picture(truth), depth, camera=CAMERA, gravity=down)
    return planes(frame, SETTINGS), truth


@pytest.mark.parametrize("tilt_deg", [-30.0, 0.0, 12.0, 25.0, 35.0])
@pytest.mark.parametrize("known", [True, False])
def test_a_room_is_told_apart_at_every_tilt(tilt_deg: float, known: bool) -> None:
    found, truth = labelled(tilt_deg, known=known)
    assert np.mean(found.labels == truth) > 0.97
    for number in np.unique(truth):
        there = truth == number
        assert np.mean(found.labels[there] == number) > 0.9, CLASSES[number]


@pytest.mark.parametrize("noise", [0.001, 0.003])
def test_noise_of_a_depth_camera_costs_little(noise: float) -> None:
    found, truth = labelled(noise=noise)
    assert np.mean(found.labels == truth) > 0.93


def test_the_same_frame_gives_the_same_labels() -> None:
    first, second = labelled()[0], labelled()[0]
    np.testing.assert_array_equal(first.labels, second.labels)
    np.testing.assert_array_equal(first.confidence, second.confidence)


def test_confidence_is_higher_where_labels_are_right() -> None:
    found, truth = labelled(noise=0.003)
    right = found.labels == truth
    assert found.confidence.min() >= 0 and found.confidence.max() <= 1
    assert found.confidence[right].mean() > found.confidence[~right].mean()


def test_filled_depth_is_not_believed() -> None:
    depth, truth = room()
    filled = np.zeros(depth.shape, bool)
    filled[40:60, 60:90] = True
    found = planes(RgbdFrame(None, depth, filled, CAMERA), SETTINGS)
    assert (found.labels[filled] == 255).all() and (found.confidence[filled] == 0).all()
    assert np.mean(found.labels[~filled] == truth[~filled]) > 0.97


def test_a_single_wall_is_enough_where_gravity_is_known() -> None:
    depth = np.full((120, 160), 2.0, np.float32)
    found = planes(RgbdFrame(None, depth, None, CAMERA, gravity(0.0)), SETTINGS)
    # Nothing says how high the camera is: a wall that reaches high enough is one.
    assert set(np.unique(found.labels)) <= {CLASSES.index("wall"), CLASSES.index("objects")}


@pytest.mark.parametrize("distance_m", [0.8, 2.0, 4.0])
def test_a_wall_that_fills_the_view_is_never_taken_for_floor(distance_m: float) -> None:
    depth = np.full((120, 160), distance_m, np.float32)
    found = planes(RgbdFrame(None, depth, None, CAMERA), SETTINGS)
    assert (found.labels == CLASSES.index("wall")).mean() > 0.95


@pytest.mark.parametrize("size", [(1, 1), (2, 400), (400, 2), (3, 3)])
def test_images_narrower_than_its_windows_are_labelled_too(size: tuple[int, int]) -> None:
    camera = CameraModel.centred(size[1], size[0], 100.0)
    found = planes(RgbdFrame(None, np.ones(size, np.float32), None, camera), SETTINGS)
    assert found.labels.shape == size and (found.labels != 255).all()


def test_depth_and_camera_are_needed() -> None:
    colour = np.zeros((120, 160, 3), np.uint8)
    with pytest.raises(InputError, match="needs depth"):
        planes(RgbdFrame(colour), SETTINGS)
    with pytest.raises(InputError, match="calibration"):
        planes(RgbdFrame(None, np.ones((120, 160), np.float32)), SETTINGS)
    with pytest.raises(InputError, match="no measured pixel"):
        planes(RgbdFrame(None, np.full((120, 160), np.nan, np.float32), None, CAMERA), SETTINGS)


@pytest.mark.parametrize("count", [0, 1, 5])
def test_few_points_have_no_planes(count: int) -> None:
    random = np.random.default_rng(0)
    points = random.normal(size=(count, 3)).astype(np.float32)
    found = find_planes(points, points, np.array([0, 1, 0], np.float32), 20, 0.03)
    assert found == []


def test_planes_of_noise_are_none() -> None:
    random = np.random.default_rng(0)
    points = random.uniform(1, 4, (3000, 3)).astype(np.float32)
    normals = random.normal(size=(3000, 3)).astype(np.float32)
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    assert find_planes(points, normals, np.array([0, 1, 0], np.float32), 300, 0.03) == []

"""Normals, gravity, heights and HHA of an empty room whose planes are known."""

import numpy as np
import pytest

from ddff_perception.segmentation.geometry.gravity import estimate_gravity, ground_height
from ddff_perception.segmentation.geometry.hha import hha
from ddff_perception.segmentation.geometry.normals import normals_from_depth
from ddff_perception.types import CameraModel, InputError

CAMERA = CameraModel.centred(160, 120, 130.0)
CAMERA_HEIGHT, ROOM_HEIGHT, HALF_WIDTH, LENGTH = 1.2, 2.5, 1.6, 4.0


def turned(pitch_deg: float, roll_deg: float = 0.0) -> np.ndarray:
    """From a level camera's axes to those of one that looks down by `pitch_deg`."""
    p, r = np.radians((pitch_deg, roll_deg))
    pitch = np.array([[1, 0, 0], [0, np.cos(p), -np.sin(p)], [0, np.sin(p), np.cos(p)]])
    roll = np.array([[np.cos(r), -np.sin(r), 0], [np.sin(r), np.cos(r), 0], [0, 0, 1]])
    return roll @ pitch


def room(rotation: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Depth and true normals of a box, seen by a camera turned by `rotation`."""
    rows, columns = np.mgrid[: CAMERA.height, : CAMERA.width]
    rays = np.stack(
        [(columns - CAMERA.cx) / CAMERA.fx, (rows - CAMERA.cy) / CAMERA.fy, np.ones(rows.shape)], -1
    )
    planes = {  # outward direction of a level camera's frame, distance
        (0, 1, 0): CAMERA_HEIGHT,
        (0, -1, 0): ROOM_HEIGHT - CAMERA_HEIGHT,
        (1, 0, 0): HALF_WIDTH,
        (-1, 0, 0): HALF_WIDTH,
        (0, 0, 1): LENGTH,
        (0, 0, -1): LENGTH,
    }
    outward = np.array(list(planes)) @ rotation.T
    along = rays @ outward.T
    depths = np.where(along > 1e-6, np.array(list(planes.values())) / np.maximum(along, 1e-6), 1e9)
    nearest = depths.argmin(-1)
    return depths.min(-1).astype(np.float32), -outward[nearest]


def angle_deg(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.degrees(np.arccos(np.clip((a * b).sum(-1), -1, 1)))


def test_normals_of_planes_are_exact_up_to_the_edges():
    depth, truth = room(turned(20.0))
    wrong = angle_deg(normals_from_depth(depth, CAMERA), truth)
    assert np.median(wrong) < 0.1
    assert np.mean(wrong < 3.0) > 0.97


def test_noise_of_a_triangulating_sensor_turns_normals_by_a_few_degrees_only():
    depth, truth = room(turned(20.0))
    noise = np.random.default_rng(0).normal(0, 0.002, depth.shape)
    noisy = (1 / (1 / depth + noise)).astype(np.float32)
    assert np.median(angle_deg(normals_from_depth(noisy, CAMERA), truth)) < 6.0


def test_a_normal_is_unknown_where_the_depth_is():
    depth, _ = room(turned(20.0))
    depth[40:60, 50:80] = np.nan
    normals = normals_from_depth(depth, CAMERA)
    assert np.isnan(normals[40:60, 50:80]).all()
    assert np.isfinite(normals[:35]).all()


@pytest.mark.parametrize(
    ("pitch", "roll"),
    [(0, 0), (25, 0), (-20, 0), (-50, 0), (50, 0), (70, 0), (15, 20), (30, -15), (10, 40)],
)
def test_gravity_is_found_of_tilted_and_rolled_cameras(pitch, roll):
    rotation = turned(pitch, roll)
    depth, _ = room(rotation)
    down = estimate_gravity(normals_from_depth(depth, CAMERA))
    assert angle_deg(down, rotation @ (0, 1, 0)) < 1.0


@pytest.mark.parametrize("pitch", [-15, 0, 10, 30])
def test_a_wall_that_fills_the_view_is_no_floor(pitch):
    rotation = turned(pitch)
    normals = np.tile(rotation @ (0, 0, -1), (60, 80, 1))
    normals += np.random.default_rng(0).normal(0, 0.02, normals.shape)
    normals /= np.linalg.norm(normals, axis=-1, keepdims=True)
    down = estimate_gravity(normals.astype(np.float32))
    assert angle_deg(down, rotation @ (0, 1, 0)) < 12.0


@pytest.mark.parametrize("pitch", [-35, 0, 35])
def test_clutter_that_faces_every_way_does_not_turn_the_room(pitch):
    rotation, random = turned(pitch), np.random.default_rng(0)
    normals = random.normal(size=(4800, 3))
    normals[normals[:, 2] > 0] *= -1
    normals[:720], normals[720:1440] = rotation @ (0, -1, 0), rotation @ (0, 0, -1)
    normals /= np.linalg.norm(normals, axis=-1, keepdims=True)
    down = estimate_gravity(normals.reshape(60, 80, 3).astype(np.float32))
    assert angle_deg(down, rotation @ (0, 1, 0)) < 2.0


def test_nothing_says_where_down_is_in_an_empty_image():
    nothing = np.full((120, 160, 3), np.nan, np.float32)
    assert estimate_gravity(nothing) is None
    found = hha(np.full((120, 160), np.nan, np.float32), CAMERA)
    assert np.isnan(found.height).all()
    assert not found.image().any()


def test_the_ground_is_the_lowest_level_surface_not_the_lowest_point():
    depth, truth = room(turned(30.0))
    down = turned(30.0) @ (0, 1, 0)
    heights = -(depth[..., None] * _rays() @ down).astype(np.float32)
    heights[0, :20] = -9.0  # a few wrong points below the floor
    assert ground_height(heights, truth, down) == pytest.approx(-CAMERA_HEIGHT, abs=0.01)


def test_hha_tells_floor_wall_and_height():
    rotation = turned(25.0)
    depth, truth = room(rotation)
    found = hha(depth, CAMERA)
    floor = truth @ (rotation @ (0, -1, 0)) > 0.99
    upright = np.abs(truth @ (rotation @ (0, 1, 0))) < 0.01
    assert np.abs(found.height[floor]).max() < 0.02
    assert np.nanmedian(found.angle_deg[floor]) < 0.5
    assert np.nanmedian(found.angle_deg[upright]) == pytest.approx(90, abs=0.5)
    assert found.estimated
    image = found.image()
    assert image[floor][:, 1].max() <= 2
    np.testing.assert_allclose(np.median(image[floor][:, 2]), 38, atol=1)
    np.testing.assert_allclose(image[..., 0], np.clip(310 / depth, 0, 255), atol=0.6)


def test_gravity_that_is_given_is_believed_whatever_its_length():
    rotation = turned(25.0)
    depth, _ = room(rotation)
    found = hha(depth, CAMERA, (9.81 * rotation @ (0, 1, 0)).astype(np.float32))
    assert not found.estimated
    np.testing.assert_allclose(found.down, rotation @ (0, 1, 0), atol=1e-5)


def test_another_cameras_depth_is_refused():
    with pytest.raises(InputError, match="camera_info of this image"):
        normals_from_depth(np.ones((10, 10), np.float32), CAMERA)


def _rays() -> np.ndarray:
    rows, columns = np.mgrid[: CAMERA.height, : CAMERA.width]
    return np.stack(
        [(columns - CAMERA.cx) / CAMERA.fx, (rows - CAMERA.cy) / CAMERA.fy, np.ones(rows.shape)], -1
    )

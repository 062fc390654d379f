"""The simulated RGB-D camera: its depth sensor, its frames, and a room that it looks around in."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from command_line import status_of
from rooms import CAMERA, room, write_room

from ddff_perception.files.rgbd_folder import read_rgbd
from ddff_perception.simulation.rgbd_camera.depth_sensor import sensed_depth
from ddff_perception.simulation.rgbd_camera.frames import (
    DEMO_ROOM,
    RgbdCamera,
    RgbdCameraSettings,
    open_rgbd,
)
from ddff_perception.types import InputError

NOTHING = np.zeros((120, 160), bool)


def sensed(depth: np.ndarray, lost: np.ndarray = NOTHING) -> np.ndarray:
    return sensed_depth(depth, lost, CAMERA.fx, np.random.default_rng(0)) / 1000


def test_its_errors_grow_with_the_square_of_the_distance() -> None:
    errors = [np.std(sensed(np.full((120, 160), z, np.float32)) - z) for z in (1.0, 2.0, 4.0)]
    assert errors[1] / errors[0] == pytest.approx(4, rel=0.5)
    assert errors[2] / errors[1] == pytest.approx(4, rel=0.5)


def test_it_loses_glass_shadows_and_what_is_out_of_range() -> None:
    depth = room()[0]
    lost = NOTHING.copy()
    lost[10:20, 10:20] = True
    found = sensed(depth, lost)
    assert (found[10:20, 10:20] == 0).all()
    assert 0.8 < np.mean(found > 0) < 0.999
    assert (sensed(np.full((120, 160), np.inf, np.float32)) == 0).all()
    assert (sensed(np.full((120, 160), 0.2, np.float32)) == 0).all()


def test_the_same_number_gives_the_same_frame_over_and_over(tmp_path: Path) -> None:
    folder = read_rgbd(write_room(tmp_path / "room", frames=2))
    camera = RgbdCamera(folder, RgbdCameraSettings(noise=3.0, skip=2))
    for number in (0, 2, 5):
        first, second = camera.frame(number), camera.frame(number)
        np.testing.assert_array_equal(first.color, second.color)
    assert camera.frame(0).depth is not None and camera.frame(1).depth is None


def test_floats_are_metres_with_nan_where_nothing_was_measured(tmp_path: Path) -> None:
    folder = read_rgbd(write_room(tmp_path / "room"))
    whole = RgbdCamera(folder).frame(0).depth
    floats = RgbdCamera(folder, RgbdCameraSettings(encoding="32FC1")).frame(0).depth
    np.testing.assert_allclose(np.nan_to_num(floats), whole / 1000, atol=1e-6)


def test_the_room_that_comes_along_is_small_labelled_and_credited() -> None:
    folder = open_rgbd(None)
    assert len(folder) >= 12 and folder.camera.width == 320
    size = sum(file.stat().st_size for file in DEMO_ROOM.iterdir())
    assert size < 6_000_000
    seen = set(np.unique(folder[0].labels))
    assert len(seen - {255}) >= 5 and folder[0].gravity is not None
    credits = (DEMO_ROOM / "CREDITS.md").read_text()
    assert "CC" in credits and "GPL" not in credits


def test_what_is_no_rgbd_folder_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"has no rgbd\.json"):
        open_rgbd(tmp_path)


def test_a_room_is_rendered_with_depth_labels_and_gravity(tmp_path: Path) -> None:
    pytest.importorskip("mitsuba")
    options = ("--frames", 2, "--width", 32, "--height", 24, "--samples", 1)
    given = ("-o", tmp_path / "room", *options, "--assets", tmp_path / "none")
    assert status_of("simulate", "rgbd", *given) == 0
    folder = read_rgbd(tmp_path / "room")
    images = folder[1]
    assert len(folder) == 2 and images.color.shape == (24, 32, 3)
    assert (images.depth > 0).any() and (images.labels != 255).any()
    assert images.gravity[1] > 0.3

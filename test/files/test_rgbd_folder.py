"""The RGB-D folder: written and read again, and what is wrong with one."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from rooms import CAMERA, write_room

from ddff_perception.files.rgbd_folder import DESCRIPTION, read_rgbd
from ddff_perception.types import InputError


def test_what_was_written_is_read_again(tmp_path: Path) -> None:
    folder = read_rgbd(write_room(tmp_path / "room", frames=2))
    assert len(folder) == 2 and folder.camera == CAMERA and folder.depth_camera is None
    images = folder[1]
    assert images.color.shape == (120, 160, 3) and images.depth.dtype == np.uint16
    assert images.labels.shape == (120, 160)
    assert np.linalg.norm(images.gravity) == pytest.approx(1.0, abs=1e-4)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"frames": []}, "lists no frames"),
        ({"frames": [{}]}, "names neither color nor depth"),
        ({"frames": [{"color": "../secret.png"}]}, "leaves the folder"),
        ({"frames": [{"color": "gone.png"}]}, "does not exist"),
        ({"frames": [{"color": 3}]}, "must be the name of an image"),
        ({"frames": [{"depth": "depth_000.png", "gravity": [0, 1]}]}, "gravity must be 3 numbers"),
        ({"frames": [{"depth": "depth_000.png", "labels": "depth_000.png"}]}, "no 8-bit grey"),
        ({"depth_unit_m": 0}, "must be metres > 0"),
        ({"depth_unit_m": "mm"}, "must be a number"),
        ({"extrinsics": [0, 0, 0]}, "extrinsics must be 7 numbers"),
        ({"camera": {"width": 3}}, "camera needs the numbers"),
    ],
)
def test_what_is_wrong_is_told(tmp_path: Path, change: dict, words: str) -> None:
    file = write_room(tmp_path / "room", frames=1) / DESCRIPTION
    file.write_text(json.dumps(json.loads(file.read_text()) | change))
    with pytest.raises(InputError, match=words):
        read_rgbd(file.parent)[0]


def test_a_folder_without_description_is_none(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"has no rgbd\.json"):
        read_rgbd(tmp_path)

"""Frame folders: written, read, refused."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from ddff_perception.files.frame_folder import read_frames, write_frames
from ddff_perception.types import CameraModel, InputError

IMAGE = np.arange(48 * 64 * 3, dtype=np.uint8).reshape(48, 64, 3)


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    camera = CameraModel.centred(64, 48, 60.0)
    write_frames(tmp_path / "f", [(IMAGE, IMAGE // 2), (IMAGE, None)], 12.5, camera)
    folder = read_frames(tmp_path / "f")
    assert (len(folder), folder.rate_hz, folder.camera) == (2, 12.5, camera)
    np.testing.assert_array_equal(folder[0][0], IMAGE)
    np.testing.assert_array_equal(folder[0][1], IMAGE // 2)
    assert folder[1][1] is None


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"frames": []}, "lists no frames"),
        ({"frames": [1]}, "lists no frames"),
        ({"rate_hz": 0}, "frames per second"),
        ({"rate_hz": "fast"}, "frames per second"),
        ({"camera": 3}, "camera"),
    ],
)
def test_a_description_that_is_none_is_told(tmp_path: Path, change: dict, said: str) -> None:
    write_frames(tmp_path / "f", [(IMAGE, None)], 15.0)
    file = tmp_path / "f" / "frames.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | change))
    with pytest.raises(InputError, match=said):
        read_frames(tmp_path / "f")


@pytest.mark.parametrize("name", ["../secret.png", "gone.png", 3, None])
def test_an_image_that_is_not_there_or_outside_is_told(tmp_path: Path, name: object) -> None:
    write_frames(tmp_path / "f", [(IMAGE, None)], 15.0)
    (tmp_path / "secret.png").write_bytes((tmp_path / "f" / "image_000.png").read_bytes())
    (tmp_path / "f" / "frames.json").write_text(json.dumps({"frames": [{"image": name}]}))
    with pytest.raises(InputError):
        read_frames(tmp_path / "f")[0]


def test_a_folder_without_a_description_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"has no frames\.json"):
        read_frames(tmp_path)

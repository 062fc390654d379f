"""Every command that takes a folder of images, on folders that hold none."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from ddff_perception.files.photographs import images_in

COMMANDS = ("depth", "stack", "reflection", "segment", "deblur")


@pytest.mark.parametrize("command", COMMANDS)
def test_a_folder_with_a_video_is_told_what_to_give(
    tmp_path: Path, refused: Callable[..., str], command: str
) -> None:
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "sweep.mp4").write_bytes(b"....ftypmp42")
    said = refused(command, tmp_path / "images", "-o", tmp_path / "out")
    assert "sweep.mp4 is a video: take its frames first" in said


@pytest.mark.parametrize("command", COMMANDS)
def test_what_a_mac_leaves_on_a_card_is_no_image(
    tmp_path: Path, refused: Callable[..., str], command: str
) -> None:
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "._1.png").write_bytes(b"\0\5\x16\7")
    said = refused(command, tmp_path / "images", "-o", tmp_path / "out")
    assert "cannot be decoded" not in said


def test_images_come_in_natural_order_without_hidden_ones(tmp_path: Path) -> None:
    for name in ("10.png", "2.png", "._2.png", "notes.txt"):
        (tmp_path / name).write_bytes(b"x")
    assert [file.name for file in images_in(tmp_path)] == ["2.png", "10.png"]

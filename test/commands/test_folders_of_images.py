"""Every command that takes a folder of images, on folders that hold none."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from ddff_perception.files.photographs import images_in

COMMANDS = ("depth", "stack", "reflection", "segment", "deblur")


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize(
    ("name", "words", "never"),
    [
        pytest.param("sweep.mp4", "sweep.mp4 is a video: take its frames first", "", id="a video"),
        pytest.param("._1.png", "", "cannot be decoded", id="what a Mac leaves on a card"),
    ],
)
def test_a_folder_without_images_is_told_what_to_give(
    tmp_path: Path,
    refused: Callable[..., str],
    command: str,
    name: str,
    words: str,
    never: str,
) -> None:
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / name).write_bytes(b"\0\5\x16\7ftypmp42")
    said = refused(command, tmp_path / "images", "-o", tmp_path / "out")
    assert words in said and (not never or never not in said)


def test_images_come_in_natural_order_without_hidden_ones(tmp_path: Path) -> None:
    for name in ("10.png", "2.png", "._2.png", "notes.txt"):
        (tmp_path / name).write_bytes(b"x")
    assert [file.name for file in images_in(tmp_path)] == ["2.png", "10.png"]

from pathlib import Path

import numpy as np
import pytest

from ddff_perception.files.clouds import write_ply
from ddff_perception.types import InputError


def read_ply(path: Path) -> tuple[list[str], np.ndarray]:
    header, _, body = path.read_bytes().partition(b"end_header\n")
    names = [line.split() for line in header.decode().splitlines() if line.startswith("property")]
    kinds = {"float": "<f4", "uchar": "u1"}
    return header.decode().splitlines(), np.frombuffer(body, [(n, kinds[k]) for _, k, n in names])


def test_a_cloud_comes_back_without_the_unknown_points(tmp_path: Path) -> None:
    points = np.arange(24, dtype=np.float32).reshape(2, 4, 3)
    points[0, 1] = np.nan
    points[1, 2, 2] = np.inf
    colour = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)
    assert write_ply(tmp_path / "cloud.ply", points, colour) == 6
    header, vertices = read_ply(tmp_path / "cloud.ply")
    assert header[:2] == ["ply", "format binary_little_endian 1.0"]
    assert "element vertex 6" in header
    assert vertices[1].tolist() == (6.0, 7.0, 8.0, 8, 7, 6)  # red first: the image is BGR
    assert len(vertices) == 6


def test_a_plain_list_of_points_needs_no_colour(tmp_path: Path) -> None:
    assert write_ply(tmp_path / "cloud.ply", np.ones((5, 3), np.float32)) == 5
    assert read_ply(tmp_path / "cloud.ply")[1].dtype.names == ("x", "y", "z")


def test_a_cloud_of_nothing_is_a_valid_file(tmp_path: Path) -> None:
    assert write_ply(tmp_path / "cloud.ply", np.full((3, 3, 3), np.nan, np.float32)) == 0
    assert "element vertex 0" in read_ply(tmp_path / "cloud.ply")[0]


def test_clouds_that_cannot_be_written_are_refused(tmp_path: Path) -> None:
    points = np.zeros((4, 4, 3), np.float32)
    with pytest.raises(InputError, match="agree"):
        write_ply(tmp_path / "cloud.ply", points, np.zeros((4, 4), np.uint8))
    with pytest.raises(InputError, match="x, y, z"):
        write_ply(tmp_path / "cloud.ply", np.zeros((4, 4), np.float32))
    with pytest.raises(InputError, match="cannot write"):
        write_ply(tmp_path / "nowhere" / "cloud.ply", points)

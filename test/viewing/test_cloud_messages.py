"""PointCloud2 messages as points and colours."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from ddff_perception.types import InputError
from ddff_perception.viewing.clouds import cloud_of

POINTS = np.random.default_rng(0).uniform(0.5, 3.0, (6, 8, 3)).astype(np.float32)
COLOURS = np.random.default_rng(1).integers(0, 256, (6, 8, 3), np.uint8)


def cloud(points: np.ndarray = POINTS, colours: np.ndarray | None = COLOURS, **changed: Any):
    height, width = points.shape[:2]
    data = np.zeros((height, width, 5), np.float32)
    data[..., :3] = points
    names = ["x", "y", "z"]
    if colours is not None:
        r, g, b = np.moveaxis(colours.astype(np.uint32), -1, 0)
        data[..., 3] = (r << 16 | g << 8 | b).view(np.float32)
        names.append("rgb")
    fields = [SimpleNamespace(name=n, offset=4 * i, datatype=7) for i, n in enumerate(names)]
    given = {"height": height, "width": width, "fields": fields, "is_bigendian": False}
    given |= {"point_step": 20, "row_step": 20 * width, "data": data.tobytes()}
    given |= {"header": SimpleNamespace(frame_id="camera")}
    return SimpleNamespace(**{**given, **changed})


def test_points_and_colours_come_out_as_they_went_in() -> None:
    found = cloud_of(cloud())
    np.testing.assert_array_equal(found.points, POINTS.reshape(-1, 3))
    np.testing.assert_array_equal(found.colours, COLOURS.reshape(-1, 3))
    assert found.facts.startswith("48 of 48 points, 0.") and found.facts.endswith(", in camera")


def test_unknown_points_are_left_out() -> None:
    points = POINTS.copy()
    points[0] = np.nan
    found = cloud_of(cloud(points))
    assert len(found.points) == len(found.colours) == 40
    assert len(cloud_of(cloud(np.full_like(POINTS, np.nan))).points) == 0


def test_without_colour_distance_is_colour() -> None:
    found = cloud_of(cloud(colours=None))
    near, far = found.points[:, 2].argmin(), found.points[:, 2].argmax()
    assert found.colours[near][0] > found.colours[near][2]
    assert found.colours[far][2] > found.colours[far][0]


@pytest.mark.parametrize("shape", [(600, 800, 3), (1, 480_000, 3)])
def test_a_large_cloud_is_thinned(shape: tuple[int, ...]) -> None:
    found = cloud_of(cloud(np.ones(shape, np.float32), None), 10_000)
    assert 5_000 < len(found.points) <= 10_000
    assert "480,000" in found.facts


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"fields": []}, "no fields x, y, z"),
        ({"data": b"123"}, "do not hold"),
        ({"width": 1_000_000}, "do not hold"),
        ({"height": 1_000_000}, "do not hold"),
        ({"point_step": 4}, "do not hold"),
        ({"row_step": 4}, "do not hold"),
        ({"point_step": 0, "row_step": 0}, "do not hold"),
    ],
)
def test_a_cloud_that_contradicts_itself_is_one_sentence(changed: Any, words: str) -> None:
    with pytest.raises(InputError, match=words):
        cloud_of(cloud(**changed))


def test_an_empty_cloud_is_no_fault() -> None:
    assert len(cloud_of(cloud(width=0, height=0, row_step=0, data=b"")).points) == 0

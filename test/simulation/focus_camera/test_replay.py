from itertools import islice

import numpy as np
import pytest

from ddff_perception.simulation.focus_camera.replay import Shot, shots, visits
from ddff_perception.simulation.focus_camera.sources import add_noise


def sweeps(count: int, order: str, number: int) -> list[list[int]]:
    return list(islice(visits(count, order), number))


def test_orders_of_the_sweep() -> None:
    assert sweeps(3, "up", 2) == [[0, 1, 2], [0, 1, 2]]
    assert sweeps(3, "down", 2) == [[2, 1, 0], [2, 1, 0]]
    assert sweeps(4, "ping_pong", 3) == [[0, 1, 2, 3], [2, 1], [0, 1, 2, 3]]
    assert sweeps(1, "ping_pong", 2) == [[0], [0]]
    for sweep in sweeps(5, "random", 4):
        assert sorted(sweep) == [0, 1, 2, 3, 4]


def test_frames_on_the_way_are_between_their_slices() -> None:
    frames = list(islice(shots(visits(2, "up"), 1, 2), 6))
    assert frames == [
        Shot(0, 0),
        Shot(0, 0),
        Shot(0, 1, 0.5),
        Shot(1, 1),
        Shot(1, 1),
        Shot(1, 0, 0.5),
    ]
    assert [frame.settled for frame in frames] == [True, True, False, True, True, False]


@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
def test_noise_has_its_deviation_in_every_type(kind: type) -> None:
    top = np.iinfo(kind).max
    image = np.full((200, 200), top // 2, kind)
    noisy = add_noise(image, 4.0, np.random.default_rng(0))
    assert noisy.dtype == kind
    assert (noisy.astype(float) / top * 255).std() == pytest.approx(4.0, rel=0.05)
    assert add_noise(image, 0.0, np.random.default_rng(0)) is image

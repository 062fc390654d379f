from pathlib import Path

import numpy as np
import pytest
from sweeps import wall_depth, wall_stack, write_wall

pytest.importorskip("rosbags")

from ddff_perception.simulation.focus_camera.bag import SweepBagSettings, write_sweep_bag
from ddff_perception.simulation.focus_camera.bag_source import BagSource
from ddff_perception.simulation.focus_camera.sources import StackSource, open_source
from ddff_perception.types import InputError


@pytest.fixture
def bag(tmp_path: Path) -> Path:
    write_wall(tmp_path / "stack")
    write_sweep_bag(tmp_path / "stack", tmp_path / "bag", SweepBagSettings(sweeps=2))
    return tmp_path / "bag"


def opened(path: Path):
    return open_source(path, lambda: "up", 0, 1, 0)


def test_a_bag_gives_its_frames_with_focus_and_truth(bag: Path) -> None:
    source = opened(bag)
    assert isinstance(source, BagSource)
    assert source.size == (96, 64)
    assert source.camera is not None and source.camera.fx == pytest.approx(96 * 1.2)
    frames = list(source.frames(lambda: False))
    times = [frame.time_ns for frame in frames]
    assert len(frames) >= 10 and times == sorted(times)
    slices = {round(s.focus_distance_m, 6): s.image for s in wall_stack().slices}
    settled = [frame for frame in frames if frame.settled]
    assert {round(frame.focus_distance_m, 6) for frame in settled} == set(slices)
    for frame in settled:
        np.testing.assert_array_equal(frame.image, slices[round(frame.focus_distance_m, 6)])
        assert frame.lens_position == pytest.approx(1 / frame.focus_distance_m)
        assert frame.truth is not None
        np.testing.assert_array_equal(frame.truth, wall_depth())


def test_a_bag_begins_again_as_long_as_it_loops(bag: Path) -> None:
    source = opened(bag)
    once = len(list(source.frames(lambda: False)))
    answers = iter([True, False])
    assert len(list(source.frames(lambda: next(answers)))) == 2 * once


def test_a_stack_folder_is_told_from_a_bag(bag: Path) -> None:
    assert isinstance(opened(bag.parent / "stack"), StackSource)
    with pytest.raises(InputError, match=r"stack\.json"):
        opened(bag.parent)

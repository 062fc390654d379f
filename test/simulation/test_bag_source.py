import math
from pathlib import Path

import numpy as np
import pytest
from sweep_stacks import SLICES, sweep_bag, wall

from ddff_perception.files.bags import BagWriter
from ddff_perception.files.bags_messages import MessageFactory
from ddff_perception.files.bags_types import FOCUS_STATE, IMAGE
from ddff_perception.files.stack_folder import write_stack
from ddff_perception.simulation.sources import FrameSource, open_source
from ddff_perception.types import FocalStack, FocusSlice, InputError


def source_of(path: Path, order: str = "up", moving_frames: int = 0) -> FrameSource:
    return open_source(path, lambda: order, moving_frames, 1, 0)


def test_a_bag_is_played_as_it_was_recorded(tmp_path: Path) -> None:
    path = sweep_bag(tmp_path / "bag", sweeps=2, order="up", moving_frames=1)
    source = source_of(path)
    stack, truth = wall()
    assert source.size == (96, 64)
    assert source.camera == stack.camera
    frames = list(source.frames(lambda: False))
    settled = [frame for frame in frames if frame.settled]
    assert [f.focus_distance_m for f in settled] == [s.focus_distance_m for s in stack.slices] * 2
    assert len(frames) - len(settled) == 2 * SLICES - 1
    np.testing.assert_array_equal(settled[1].image, stack.slices[1].image)
    np.testing.assert_array_equal(settled[1].truth, truth)
    assert np.diff([f.time_ns for f in frames]).tolist() == [100_000_000] * (len(frames) - 1)


def test_a_bag_can_be_played_again_and_again(tmp_path: Path) -> None:
    source = source_of(sweep_bag(tmp_path / "bag", sweeps=1))
    more = iter([True, True, False])
    assert len(list(source.frames(lambda: next(more)))) == 3 * SLICES


def test_images_that_cannot_be_shown_are_left_out(tmp_path: Path) -> None:
    with BagWriter(tmp_path / "bag") as bag:
        messages = MessageFactory(bag.store, "camera")
        bag.add_topic("/focus_state", FOCUS_STATE)
        bag.add_topic("/image_rect", IMAGE)
        for number in range(4):
            image = messages.image(number, np.full((8, 8), number, np.uint8))
            image.encoding = "bayer_rggb8" if number == 2 else "mono8"
            bag.write("/image_rect", number, image)
            bag.write("/focus_state", number, messages.focus_state(number, 1.0 + number))
    frames = list(source_of(tmp_path / "bag").frames(lambda: False))
    assert [int(frame.image[0, 0]) for frame in frames] == [0, 1, 3]
    assert [frame.truth for frame in frames] == [None] * 3


def test_a_bag_without_a_sweep_is_refused(tmp_path: Path) -> None:
    with BagWriter(tmp_path / "bag") as bag:
        bag.add_topic("/image_rect", IMAGE)
    with pytest.raises(InputError, match="no focus sweep"):
        source_of(tmp_path / "bag")
    (tmp_path / "cut.mcap").write_bytes(b"\x89MCAP")
    with pytest.raises(InputError, match="not a readable"):
        source_of(tmp_path / "cut.mcap")


def test_slices_of_unknown_distance_have_lens_positions(tmp_path: Path) -> None:
    image = np.zeros((8, 8), np.uint8)
    stack = FocalStack(tuple(FocusSlice(image + n, math.nan) for n in range(3)))
    write_stack(tmp_path / "stack", stack)
    frames = list(source_of(tmp_path / "stack", moving_frames=1).frames(lambda: False))
    assert [frame.lens_position for frame in frames] == [0.0, 0.5, 1.0, 1.5, 2.0]
    assert all(math.isnan(frame.focus_distance_m) for frame in frames)


def test_known_distances_are_told_in_dioptres(tmp_path: Path) -> None:
    source = source_of(sweep_bag(tmp_path / "bag", sweeps=1).parent / "bag_stack")
    for frame in source.frames(lambda: False):
        assert frame.lens_position == pytest.approx(1.0 / frame.focus_distance_m)

"""The rows of docs/bad_input.md that concern recorded bags, as far as commands are concerned."""

from __future__ import annotations

import json
import resource
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from command_line import Outcome, error_dpt
from sweep_stacks import sweep_bag
from sweeps import wall_stack

from ddff_perception.files.bags import BagReader, BagWriter
from ddff_perception.files.bags_messages import MessageFactory
from ddff_perception.files.bags_types import CAMERA_INFO, FOCUS_STATE, IMAGE

zstd = pytest.importorskip("compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd")
PERIOD_NS = 100_000_000
START_NS = 1_700_000_000_000_000_000

Edit = Callable[[int, Any, Any, Any, MessageFactory], None]


def record(path: Path, edit: Edit | None = None, leave_out: str = "", sweeps: int = 3) -> Path:
    """A bag of the wall; `edit(number, state, info, image, messages)` spoils its messages."""
    stack = wall_stack()
    with BagWriter(path) as bag:
        messages = MessageFactory(bag.store, "camera")
        topics = {"focus_state": FOCUS_STATE, "camera_info": CAMERA_INFO, "image_rect": IMAGE}
        for name, kind in topics.items():
            if name != leave_out:
                bag.add_topic(f"/{name}", kind)
        for number in range(sweeps * len(stack.slices)):
            item, stamp = stack.slices[number % len(stack.slices)], START_NS + number * PERIOD_NS
            parts = {
                "focus_state": messages.focus_state(stamp, item.focus_distance_m),
                "camera_info": messages.camera_info(stamp, stack.camera),
                "image_rect": messages.image(stamp, item.image),
            }
            if edit is not None:
                edit(number, *parts.values(), messages)
            for name, message in parts.items():
                if name != leave_out:
                    bag.write(f"/{name}", stamp, message)
    return path


@pytest.fixture
def bag_result(accepted: Callable[..., Outcome], tmp_path: Path) -> Callable[[Path], Any]:
    """What `ddff bag eval` says of a bag that can be used at least in parts."""

    def run(bag: Path) -> Any:
        accepted("bag", "eval", bag, "-o", tmp_path / "out")
        assert error_dpt(tmp_path / "out") < 0.1
        return json.loads((tmp_path / "out" / "summary.json").read_text())

    return run


def test_a_good_bag_is_the_measure_of_the_bad_ones(tmp_path, bag_result):
    result = bag_result(record(tmp_path / "bag"))
    assert result["slices"] == 6
    assert result["unusable"] == {}
    assert (tmp_path / "out" / "cloud.ply").is_file()


@pytest.mark.parametrize("storage", ["mcap", "sqlite3"])
def test_a_truncated_bag(tmp_path, bag_result, storage):
    (file,) = (
        p
        for p in sweep_bag(tmp_path / "bag", storage, sweeps=12).iterdir()
        if p.suffix in (".mcap", ".db3")
    )
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    depth = bag_result(file)
    assert depth["damage"]


def test_an_empty_bag(tmp_path, refused):
    for name in ("a.mcap", "a.db3"):
        (tmp_path / name).write_bytes(b"")
        refused("bag", "eval", tmp_path / name)
        refused("bag", "info", tmp_path / name)
    (tmp_path / "folder").mkdir()
    refused("bag", "eval", tmp_path / "folder")
    refused("bag", "eval", tmp_path / "gone")
    record(tmp_path / "bag", sweeps=0)
    assert "holds no focus sweep" in refused("bag", "eval", tmp_path / "bag")


def test_a_foreign_file_or_bag(tmp_path, refused):
    for name in ("a.mcap", "a.db3", "a.bag", "a.txt"):
        (tmp_path / name).write_bytes(b"#ROSBAG V2.0\n" + bytes(range(256)) * 4)
        refused("bag", "eval", tmp_path / name)
    with BagWriter(tmp_path / "other") as other:
        messages = MessageFactory(other.store, "camera")
        other.add_topic("/image_rect", IMAGE)
        other.write("/image_rect", 5, messages.image(5, np.zeros((8, 8), np.uint8)))
    assert "focus" in refused("bag", "eval", tmp_path / "other", "-o", tmp_path / "out")


def test_an_uncalibrated_camera_info(tmp_path, bag_result):
    def edit(_, state, info, *__):
        info.k[:], info.p[:] = 0.0, 0.0

    bag_result(record(tmp_path / "bag", edit))
    assert not (tmp_path / "out" / "cloud.ply").exists()


def test_a_camera_info_of_another_size(tmp_path, bag_result):
    def edit(_, state, info, *__):
        info.width, info.height = 640, 480

    bag_result(record(tmp_path / "bag", edit))
    assert not (tmp_path / "out" / "cloud.ply").exists()


@pytest.mark.parametrize("encoding", ["bayer_rgbg8", "nonsense", "rgb16"])
def test_encodings_that_cannot_be_read(tmp_path, bag_result, encoding):
    def edit(number, state, info, image, _):
        if number in (3, 8):
            image.encoding = encoding

    (count,) = bag_result(record(tmp_path / "bag", edit))["unusable"].values()
    assert count == 2


def in_encoding(encoding: str, image: np.ndarray) -> np.ndarray:
    """The bytes of a BGR image in another encoding, one row of bytes per row of the array."""
    if encoding == "uyvy":
        luma, *colours = cv2.split(cv2.cvtColor(image, cv2.COLOR_BGR2YUV))
        # Two pixels: U, Y, V, Y.
        halves = [one.reshape(len(image), -1, 2) for one in (luma, *colours)]
        u, v = (half.mean(axis=2).astype(np.uint8) for half in halves[1:])
        return np.stack([u, halves[0][..., 0], v, halves[0][..., 1]], 2).reshape(len(image), -1)
    if encoding == "nv12":  # the planes of I420 with the two of colour woven into one
        planes = cv2.cvtColor(image, cv2.COLOR_BGR2YUV_I420)
        height, width = image.shape[:2]
        colours = planes[height:].reshape(2, height // 2, width // 2)
        return np.vstack([planes[:height], np.dstack(list(colours)).reshape(-1, width)])
    if encoding == "rgb16":
        wide = image[..., ::-1].astype("<u2") * 257
        return wide.reshape(len(image), -1).view(np.uint8)
    mosaic = image[..., 1].copy()
    mosaic[::2, ::2], mosaic[1::2, 1::2] = image[::2, ::2, 2], image[1::2, 1::2, 0]
    return mosaic


@pytest.mark.parametrize("encoding", ["uyvy", "nv12", "bayer_rggb8", "rgb16"])
def test_encodings_that_are_converted(tmp_path, bag_result, encoding):
    def edit(_, state, info, image, __):
        pixels = np.asarray(image.data).reshape(image.height, image.width, 3)
        # A camera's image, and not noise of each pixel by itself, as coarser colour needs it.
        rows = in_encoding(encoding, cv2.GaussianBlur(pixels, (0, 0), 0.6))
        image.encoding, image.step, image.data = encoding, rows.shape[1], rows.reshape(-1)

    result = bag_result(record(tmp_path / "bag", edit))
    assert result["unusable"] == {} and result["slices"] == 6


def test_no_image_that_can_be_read(tmp_path, refused):
    def edit(number, state, info, image, _):
        image.encoding = "nonsense"

    words = refused("bag", "eval", record(tmp_path / "bag", edit), "-o", tmp_path / "out")
    assert "18 x image: images in encoding 'nonsense' are not supported" in words


def test_a_width_that_changes_mid_sweep(tmp_path, bag_result):
    def edit(number, state, info, image, messages):
        if number < 3:
            narrow = messages.image(START_NS, np.zeros((64, 80, 3), np.uint8))
            image.width, image.step, image.data = narrow.width, narrow.step, narrow.data

    result = bag_result(record(tmp_path / "bag", edit))
    assert result["counters"]["size_changes"] == 1
    assert result["slices"] == 6


def moved(message: Any, by: int) -> None:
    stamp_ns = message.header.stamp.sec * 10**9 + message.header.stamp.nanosec + by
    message.header.stamp.sec, message.header.stamp.nanosec = divmod(stamp_ns, 10**9)


def test_repeated_stamps(tmp_path, bag_result):
    def edit(number, state, info, image, _):
        if number == 7:
            moved(image, -PERIOD_NS)

    counters = bag_result(record(tmp_path / "bag", edit))["counters"]
    assert counters["dropped_repeated"] == 1


def test_stamps_out_of_order(tmp_path, bag_result):
    def edit(number, state, info, image, _):
        if number in (8, 14):
            moved(image, -2 * PERIOD_NS + 1)

    counters = bag_result(record(tmp_path / "bag", edit))["counters"]
    assert counters["dropped_out_of_order"] >= 1


def test_stamps_that_jump_back(tmp_path, bag_result):
    def edit(number, state, info, image, _):
        if number >= 9:
            for message in (state, info, image):
                moved(message, -3600 * 10**9)

    counters = bag_result(record(tmp_path / "bag", edit))["counters"]
    assert counters["time_jumps"] == 1


def test_a_focus_state_that_never_comes(tmp_path, refused):
    bag = record(tmp_path / "bag", leave_out="focus_state")
    assert "focus" in refused("bag", "eval", bag, "-o", tmp_path / "out")


def test_a_lens_that_never_moves(tmp_path, refused):
    def edit(number, state, *_):
        state.focus_distance = 0.8

    words = refused("bag", "eval", record(tmp_path / "bag", edit), "-o", tmp_path / "out")
    assert "fewer than two slices" in words


def test_a_lens_that_stops_moving(tmp_path, bag_result):
    def edit(number, state, info, image, messages):
        if number >= 12:
            state.focus_distance = wall_stack().slices[0].focus_distance_m
            image.data = messages.image(0, wall_stack().images[0]).data

    assert bag_result(record(tmp_path / "bag", edit))["slices"] == 6


def test_a_recorded_message_that_unpacks_to_too_much(tmp_path, bag_result, monkeypatch):
    bag = record(tmp_path / "bag")
    huge = zstd.compress(bytes(3 << 20)) * 300
    with BagReader(bag) as reader:
        read = list(reader.raw_messages())
    with BagWriter(tmp_path / "hostile", "sqlite3") as hostile:
        for name, kind in (("focus_state", FOCUS_STATE), ("image_rect", IMAGE)):
            hostile.add_topic(f"/{name}", kind)
        for number, message in enumerate(read):
            if message.topic != "/camera_info":
                hostile.write_raw(message.topic, message.time_ns, message.data)
            if number == 9:
                hostile.write_raw("/image_rect", message.time_ns + 1, huge)
    monkeypatch.setenv("DDFF_MAX_MESSAGE_GIB", "0.1")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert bag_result(tmp_path / "hostile")["unreadable"] == 1
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 600_000

"""Rows of docs/bad_input.md for `bag_player`: damaged, empty and foreign bags."""

from __future__ import annotations

import itertools
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("rclpy")

from live_ros import RosSession
from sensor_msgs.msg import Image
from sweep_stacks import sweep_bag, wall

from ddff_perception.files.bags import BagReader, BagWriter
from ddff_perception.files.bags_messages import MessageFactory
from ddff_perception.files.bags_types import IMAGE
from ddff_perception.ros.messages import image_array, stamp_ns

pytestmark = pytest.mark.ros

SUFFIX = {"mcap": ".mcap", "sqlite3": ".db3"}

# The node's own entry point once per bag: what is imported is the slow part of a process.
RUN = """
import sys
from ddff_perception.commands.play import ros_arguments
from ddff_perception.ros.bags.player_node import main
for bag in sys.argv[2:]:
    values = {"bag": bag, "wait_for_subscribers": float(sys.argv[1])}
    sys.stderr.write(f"= {main(['', *ros_arguments(values)])}\\n")
"""


def last_words(bags: Sequence[Path], status: int, wait_s: float = 60.0) -> list[str]:
    """What a player said last of each bag, before it ended with `status`; it waits so long for
    subscribers.
    """
    command = [sys.executable, "-c", RUN, str(wait_s), *map(str, bags)]
    result = subprocess.run(command, capture_output=True, text=True, timeout=150, check=False)
    assert result.returncode == 0, result.stderr
    assert "Traceback" not in result.stderr
    lines = result.stderr.splitlines()
    assert lines.count(f"= {status}") == len(bags), result.stderr
    return [before for before, line in itertools.pairwise(lines) if line == f"= {status}"]


def storage_file(bag: Path) -> Path:
    (file,) = (path for path in bag.iterdir() if path.suffix in SUFFIX.values())
    return file


@pytest.mark.parametrize("storage", SUFFIX)
def test_a_player_plays_what_lies_before_the_damage_and_then_a_whole_bag(
    ros: RosSession, tmp_path: Path, storage: str
) -> None:
    topic = "/camera/image_rect"
    whole = storage_file(sweep_bag(tmp_path / "bag", storage, sweeps=2, rate_hz=50.0))
    with BagReader(whole) as bag:
        total = bag.topics[topic].count
    damaged = tmp_path / f"damaged{whole.suffix}"
    damaged.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    with BagReader(damaged) as bag:
        assert bag.damage
        count, images = bag.message_count, bag.topics[topic].count
    assert 0 < images < total
    heard = ros.listen(Image, topic)
    said = last_words((damaged, whole), 0)
    assert f"{count} messages played; the bag is damaged: " in said[0]
    assert said[1].endswith("messages played")
    heard.wait(images + total)
    stack, _ = wall()
    expected = [item.image for item in stack.slices]
    for message, image in zip(heard[images:], expected, strict=False):
        np.testing.assert_array_equal(image_array(message), image)


def foreign_message_type(path: Path) -> Path:
    """A bag whose only topic is of a type that nobody here has."""
    with BagWriter(path) as bag:
        factory = MessageFactory(bag.store, "camera")
        bag.add_topic("/image_rect", IMAGE)
        bag.write("/image_rect", 5, factory.image(5, np.zeros((8, 8), np.uint8)))
    for file in (storage_file(path), path / "metadata.yaml"):
        file.write_bytes(file.read_bytes().replace(IMAGE.encode(), b"censor_msgs/msg/Image"))
    return path


def without_messages(path: Path) -> Path:
    with BagWriter(path) as bag:
        bag.add_topic("/image_rect", IMAGE)
    return path


def file_of(name: str, content: bytes) -> Callable[[Path], Path]:
    def make(path: Path) -> Path:
        path.mkdir()
        (path / name).write_bytes(content)
        return path / name

    return make


def cut_at_the_start(path: Path) -> Path:
    file = storage_file(sweep_bag(path, "mcap", sweeps=1))
    file.write_bytes(file.read_bytes()[:100])
    return file


def no_bag(path: Path) -> Path:
    path.mkdir()
    return path


# What cannot be played, and words of the sentence that it gets.
UNPLAYABLE: dict[str, tuple[Callable[[Path], Path], str]] = {
    "empty mcap": (file_of("a.mcap", b""), "it is empty"),
    "empty sqlite": (file_of("a.db3", b""), "it is empty"),
    "text": (file_of("a.mcap", b"text" * 99), "is not a readable rosbag2 recording"),
    "ROS 1 bag": (file_of("a.bag", b"#ROSBAG V2.0\n" + bytes(99)), "it is a ROS 1 bag"),
    "folder": (no_bag, "there is no .mcap or .db3 file in it"),
    "cut at the start": (cut_at_the_start, "is not a readable rosbag2 recording"),
    "no messages": (without_messages, "holds no message that can be played"),
    "foreign messages": (foreign_message_type, "has no topic that can be played here"),
}


def test_a_player_ends_with_status_2_where_there_is_nothing_to_play(tmp_path: Path) -> None:
    paths = [make(tmp_path / str(n)) for n, (make, _) in enumerate(UNPLAYABLE.values())]
    said = last_words(paths, 2, wait_s=0.0)
    for (name, (_, words)), path, sentence in zip(UNPLAYABLE.items(), paths, said, strict=True):
        assert words in sentence, name
        assert str(path) in sentence, name


def test_a_player_leaves_damaged_messages_out_and_goes_on(ros: RosSession, tmp_path: Path) -> None:
    damaged: list[Any] = [b"", b"\0", b"\x28\xb5\x2f\xfd1234"]
    nonsense: list[Any] = [b"\0\1\0\0", b"\0\1\0\0" + b"\xff" * 40, bytes(range(256))]
    with BagWriter(tmp_path / "bag") as bag:
        factory = MessageFactory(bag.store, "camera")
        bag.add_topic("/image_rect", IMAGE)
        good = 0
        for content in (None, *damaged, None, *nonsense, None):
            time_ns = 10**9 + bag.count
            if content is None:
                good += 1
                image = np.full((8, 8), good, np.uint8)
                bag.write("/image_rect", time_ns, factory.image(good, image))
            else:
                bag.write_raw("/image_rect", time_ns, content)
    heard = ros.listen(Image, "/image_rect")
    (said,) = last_words([tmp_path / "bag"], 0)
    assert "6 messages played, 3 damaged ones left out" in said
    heard.wait(3)
    assert [stamp_ns(message.header.stamp) for message in heard] == [1, 2, 3]
    assert [int(image_array(message)[0, 0]) for message in heard] == [1, 2, 3]

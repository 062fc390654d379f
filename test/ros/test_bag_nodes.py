"""The nodes bag_recorder and bag_player as processes of their own."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from live_ros import PATIENCE_S
from sweep_stacks import sweep_bag, wall

from ddff_perception.commands.play import ros_arguments
from ddff_perception.files.bags import BagReader
from ddff_perception.files.bags_messages import image_of, stamp_of
from ddff_perception.files.bags_types import DIAGNOSTICS, FOCUS_STATE

pytestmark = pytest.mark.ros

Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts a node with parameters; none outlives the test."""
    running: list[subprocess.Popen[str]] = []

    def start_node(module: str, **values: object) -> subprocess.Popen[str]:
        command = [
            sys.executable,
            "-m",
            f"ddff_perception.ros.bags.{module}",
            *ros_arguments(values),
        ]
        process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        running.append(process)
        return process

    yield start_node
    for process in running:
        process.kill()
        process.wait()


def end(process: subprocess.Popen[str], number: int = signal.SIGINT) -> str:
    """What the process said; it must end well."""
    process.send_signal(number)
    _, said = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0, said
    return said


def is_acknowledged(publisher: Any) -> bool:
    """Whether everything that was published has arrived in the subscribers' queues."""
    from rclpy.duration import Duration

    return bool(publisher.wait_for_all_acked(Duration()))


def image(number: int, size: tuple[int, int] = (48, 64)) -> np.ndarray:
    return np.random.default_rng(number).integers(0, 256, (*size, 3), dtype=np.uint8)


@pytest.mark.parametrize(
    ("storage", "number"), [("mcap", signal.SIGINT), ("sqlite3", signal.SIGTERM)]
)
def test_everything_published_is_recorded_as_it_was_sent(
    ros: Any, start: Start, tmp_path: Path, storage: str, number: int
) -> None:
    from rclpy.qos import DurabilityPolicy, QoSProfile, qos_profile_sensor_data
    from sensor_msgs.msg import Image
    from std_msgs.msg import String

    from ddff_perception.ros.messages import header_at, image_message

    path = tmp_path / "bag"
    topics = ["image_rect", "text", "last", "never"]
    recorder = start("recorder_node", topics=topics, output=str(path), storage=storage)
    # A best-effort publisher and a latched one that said its word before anybody listened.
    latched = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
    images = ros.talk(Image, "image_rect", qos_profile_sensor_data)
    text, last = ros.talk(String, "text", latched), ros.talk(String, "last")
    text.publish(String(data="said once"))
    for publisher in (images, text, last):
        ros.wait_for(lambda p=publisher: p.get_subscription_count() == 1, "the recorder")
    before_ns = time.time_ns()
    for count in range(20):
        images.publish(image_message(image(count), header_at(1_000 + count, "camera")))
        time.sleep(0.02)
    # Images are not acknowledged; what was sent after them on the same way is.
    last.publish(String(data="the end"))
    for publisher in (text, last):
        ros.wait_for(lambda p=publisher: is_acknowledged(p), f"{publisher.topic_name} to arrive")
    said = end(recorder, number)
    assert "nobody published /never" in said
    with BagReader(path) as bag:
        assert bag.damage is None
        assert bag.notes["dropped"] == "0"
        assert (bag.topics["/image_rect"].reliable, bag.topics["/image_rect"].latched) == (
            False,
            False,
        )
        assert bag.topics["/text"].latched
        recorded = list(bag.messages(["/image_rect"]))
        words = [m.message.data for m in bag.messages(["/text", "/last"])]
    assert words == ["said once", "the end"]
    assert [stamp_of(m.message) for m in recorded] == [1_000 + n for n in range(20)]
    assert all(before_ns <= m.time_ns <= time.time_ns() for m in recorded)
    for count, message in enumerate(recorded):
        np.testing.assert_array_equal(image_of(message.message), image(count))


def test_what_has_arrived_when_the_recorder_ends_is_in_the_bag(ros: Any, tmp_path: Path) -> None:
    from rclpy.parameter import Parameter
    from std_msgs.msg import String

    from ddff_perception.ros.bags.recorder_node import RecorderNode

    values = {"topics": ["text"], "output": str(tmp_path / "bag")}
    overrides = [Parameter(name, value=value) for name, value in values.items()]
    node = RecorderNode(parameter_overrides=overrides)
    try:
        text = ros.talk(String, "text")
        # Nobody spins the node: no callback hears of a message.
        ros.wait_for(lambda: node.count_publishers("text") == 1, "the publisher")
        node._watch()
        ros.wait_for(lambda: text.get_subscription_count() == 1, "the recorder")
        for number in range(10):
            text.publish(String(data=str(number)))
        ros.wait_for(lambda: is_acknowledged(text), "the words to arrive")
        assert node.recording.written == 0
        node.close()
    finally:
        node.destroy_node()
    with BagReader(tmp_path / "bag") as bag:
        words = [message.message.data for message in bag.messages(["/text"])]
    assert words == [str(number) for number in range(10)]


def test_a_recorder_that_cannot_write_ends_with_status_2(start: Start, tmp_path: Path) -> None:
    (tmp_path / "bag").mkdir()
    recorder = start("recorder_node", topics=["x"], output=str(tmp_path / "bag"))
    _, said = recorder.communicate(timeout=PATIENCE_S)
    assert recorder.returncode == 2
    assert "exists: remove it or choose another name" in said
    assert "Traceback" not in said


def test_a_bag_is_played_at_its_pace_with_new_stamps(
    ros: Any, start: Start, tmp_path: Path
) -> None:
    from ddff_perception.msg import FocusState
    from sensor_msgs.msg import Image

    from ddff_perception.ros.messages import image_array, stamp_ns

    path = sweep_bag(tmp_path / "bag", "sqlite3", compress=True, sweeps=1, rate_hz=10.0)
    images = ros.listen(Image, "/camera/image_rect")
    states = ros.listen(FocusState, "/camera/focus_state")
    started_ns = time.time_ns()
    player = start("player_node", bag=str(path), rate=2.0, restamp=True, wait_for_subscribers=30.0)
    _, said = player.communicate(timeout=PATIENCE_S)
    assert player.returncode == 0, said
    images.wait(5)
    states.wait(5)
    stack, _ = wall()
    # The camera sweeps from near to far, as the slices are listed.
    assert [s.focus_distance for s in states] == [s.focus_distance_m for s in stack.slices]
    for message, item in zip(images, stack.slices, strict=True):
        np.testing.assert_array_equal(image_array(message), item.image)
    stamps = [stamp_ns(m.header.stamp) for m in images]
    assert started_ns < stamps[0] < time.time_ns()
    np.testing.assert_allclose(np.diff(stamps), 50_000_000, atol=10)


def test_a_player_without_a_bag_ends_with_status_2(start: Start, tmp_path: Path) -> None:
    for bag in ("", str(tmp_path / "nothing")):
        player = start("player_node", bag=bag)
        _, said = player.communicate(timeout=PATIENCE_S)
        assert player.returncode == 2
        assert "Traceback" not in said


def test_messages_of_types_that_are_no_types_are_refused() -> None:
    from ddff_perception.ros.bags.recorder_node import import_message
    from ddff_perception.types import InputError

    assert import_message(DIAGNOSTICS).__name__ == "DiagnosticArray"
    assert import_message(FOCUS_STATE).__name__ == "FocusState"
    for kind in ("os/msg/path", "no_msgs/msg/Thing", "../x/msg/Y", "sensor_msgs/msg/Nothing"):
        with pytest.raises(InputError):
            import_message(kind)


def test_recorder_and_player_say_how_they_are(ros: Any, start: Start, tmp_path: Path) -> None:
    from diagnostic_msgs.msg import DiagnosticArray
    from std_msgs.msg import String

    heard = ros.listen(DiagnosticArray, "/diagnostics")
    start("recorder_node", topics=["text", "never"], output=str(tmp_path / "bag"))
    text = ros.talk(String, "text")
    ros.wait_met(text)

    def said(name: str, words: str) -> Callable[[], bool]:
        return lambda: any(
            name in status.name and words in status.message
            for message in list(heard)
            for status in message.status
        )

    ros.wait_for(said("/bag_recorder", "nobody publishes /never: check"), "the recorder's report")
    bag = sweep_bag(tmp_path / "played")
    start("player_node", bag=str(bag), loop=True)
    ros.wait_for(said("/bag_player", "running"), "the player's report")

"""Rows of docs/bad_input.md for `sim_camera`: what it cannot show, until that is mended."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("rclpy")

from hostile_files import png_of
from live_ros import RosSession
from rclpy.parameter import Parameter
from sensor_msgs.msg import Image
from sweeps import wall_depth, wall_stack, write_wall

from ddff_perception.files.bags import BagWriter
from ddff_perception.files.bags_messages import MessageFactory
from ddff_perception.files.bags_types import FOCUS_STATE, IMAGE
from ddff_perception.files.images import write_array, write_image
from ddff_perception.ros import messages
from ddff_perception.simulation.focus_camera.node import SimCamera

pytestmark = pytest.mark.ros

NAME = "003.png"


def truncate(file: Path) -> None:
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def describe(stack: Path, key: str, value: object) -> None:
    """Changes one entry of stack.json."""
    content = json.loads((stack / "stack.json").read_text())
    content[key] = value
    (stack / "stack.json").write_text(json.dumps(content))


def camera(stack: Path, **changes: float) -> None:
    old = json.loads((stack / "stack.json").read_text())["camera"]
    describe(stack, "camera", {**old, **changes})


def distance(stack: Path, value: float) -> None:
    slices = json.loads((stack / "stack.json").read_text())["slices"]
    slices[3]["focus_distance_m"] = value
    describe(stack, "slices", slices)


def away(stack: Path, name: str) -> None:
    slices = json.loads((stack / "stack.json").read_text())["slices"]
    slices[3]["image"] = name
    describe(stack, "slices", slices)


# What spoils a stack folder, and words of the sentence that it gets.
SPOILT: dict[str, tuple[Callable[[Path], object], str]] = {
    "truncated image": (lambda s: truncate(s / NAME), f"{NAME} is truncated: copy it again"),
    "empty image": (lambda s: (s / NAME).write_bytes(b""), NAME),
    "text for image": (lambda s: (s / NAME).write_text("x" * 99), NAME),
    "image that unpacks to a lot": (
        lambda s: (s / NAME).write_bytes(png_of(30_000, 10_000)),
        f"{NAME} has 300 megapixels, more than the 250 that may be",
    ),
    "missing image": (lambda s: (s / NAME).unlink(), f"the image '{NAME}' does not exist"),
    "image outside": (lambda s: away(s, "../003.png"), "slice 3 leaves the folder"),
    "image of another size": (
        lambda s: write_image(s / NAME, np.zeros((64, 95, 3), np.uint8)),
        "slice 3 is (64, 95, 3) uint8, slice 0 is (64, 96, 3) uint8",
    ),
    "image of another type": (
        lambda s: write_image(s / NAME, np.zeros((64, 96), np.uint16)),
        "all slices must have one size and type",
    ),
    "truth of another size": (
        lambda s: write_array(s / "depth.npy", wall_depth(95, 64)),
        "it must be float32 metres of the images' size",
    ),
    "truncated truth": (lambda s: truncate(s / "depth.npy"), "cannot read the array"),
    "camera of another size": (
        lambda s: camera(s, width=640),
        "the camera is 640x64, the images are 96x64",
    ),
    "impossible camera": (lambda s: camera(s, fx=-1.0), "stack.json"),
    "impossible distance": (lambda s: distance(s, -0.5), "focus_distance_m of slice 3 is -0.5"),
    "no JSON": (lambda s: truncate(s / "stack.json"), "is not valid JSON"),
    "no slices": (lambda s: describe(s, "slices", []), "lists no slices"),
}


@pytest.mark.parametrize(("spoil", "words"), SPOILT.values(), ids=SPOILT)
def test_a_camera_that_cannot_read_its_stack_says_why_and_works_when_it_is_mended(
    ros: RosSession,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    spoil: Callable[[Path], object],
    words: str,
) -> None:
    stack = write_wall(tmp_path / "stack")
    spoil(stack)
    given = {"source": str(stack), "rate_hz": 100.0, "order": "up"}
    node = ros.add(SimCamera(parameter_overrides=[Parameter(k, value=v) for k, v in given.items()]))
    heard = ros.listen(Image, "image_rect")
    capfd.readouterr()
    assert not node.start()
    (sentence,) = capfd.readouterr().err.strip().splitlines()
    assert "cannot configure: " in sentence
    assert words in sentence
    assert heard == []
    # What somebody else has spoilt is not overwritten.
    shutil.rmtree(stack)
    write_wall(stack)
    assert node.start()
    expected = {item.image.tobytes() for item in wall_stack().slices}
    assert {messages.image_array(message).tobytes() for message in heard.wait(6)} <= expected


def foreign_bag(path: Path) -> Path:
    with BagWriter(path) as bag:
        factory = MessageFactory(bag.store, "camera")
        bag.add_topic("/image_rect", IMAGE)
        bag.write("/image_rect", 5, factory.image(5, np.zeros((8, 8), np.uint8)))
    return path


def bag_without_images(path: Path) -> Path:
    with BagWriter(path) as bag:
        bag.add_topic("/image_rect", IMAGE)
        bag.add_topic("/focus_state", FOCUS_STATE)
    return path


def no_bag(path: Path) -> Path:
    file = path.with_suffix(".mcap")
    file.write_bytes(b"")
    return file


def spoilt_stack(name: str) -> Callable[[Path], Path]:
    def make(path: Path) -> Path:
        stack = write_wall(path)
        SPOILT[name][0](stack)
        return stack

    return make


# The node's own entry point once per source: what is imported is the slow part of a process.
RUN = """
import sys
from ddff_perception.commands.play import ros_arguments
from ddff_perception.simulation.focus_camera.node import main
for source in sys.argv[1:]:
    sys.stderr.write(f"= {main(['', *ros_arguments({'source': source})])}\\n")
"""


def test_a_camera_that_cannot_start_ends_with_status_2_and_one_sentence(tmp_path: Path) -> None:
    sources = {
        # The others are told alike: see above.
        **{name: (spoilt_stack(name), SPOILT[name][1]) for name in ("truncated image", "no JSON")},
        "foreign bag": (foreign_bag, "the bag holds no focus sweep: it has no FocusState topic"),
        "bag without images": (
            bag_without_images,
            "the bag holds no focus sweep: it has no FocusState or",
        ),
        "empty file": (no_bag, "is not a readable rosbag2 recording"),
    }
    paths = [str(make(tmp_path / str(n))) for n, (make, _) in enumerate(sources.values())]
    command = [sys.executable, "-c", RUN, *paths]
    result = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert result.returncode == 0, result.stderr
    assert "Traceback" not in result.stderr
    lines = result.stderr.splitlines()
    assert lines[1::2] == ["= 2"] * len(sources), result.stderr
    for (name, (_, words)), sentence in zip(sources.items(), lines[::2], strict=True):
        assert "cannot configure: " in sentence, name
        assert words in sentence, name

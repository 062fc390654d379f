"""How `ddff bag eval` finds what is in a bag, and what options and parameters it takes."""

import json

import numpy as np
import pytest
from panes import pane_camera, small_pane
from sweep_stacks import sweep_bag, wall

from ddff_perception.files.bags import BagWriter
from ddff_perception.files.bags_messages import MessageFactory
from ddff_perception.files.bags_types import FOCUS_STATE, IMAGE
from ddff_perception.files.polarization_folder import write_polarization


@pytest.fixture
def evaluated(accepted):
    def run(*arguments):
        found = json.loads(accepted("bag", "eval", *arguments, "--json").output)
        del found["timings_ms"]
        return found

    return run


@pytest.fixture
def mosaic(tmp_path, accepted):
    write_polarization(tmp_path / "pane", small_pane())
    accepted("simulate", "polarizer-bag", tmp_path / "pane", "-o", tmp_path / "mosaic")
    return tmp_path / "mosaic"


def record(path, with_polarizer):
    """A sweep with raw images, and a polarization camera on topics of its own where wanted."""
    stack, _ = wall()
    with BagWriter(path) as bag:
        messages = MessageFactory(bag.store, "camera")
        bag.add_topic("/sweep_camera/focus_state", FOCUS_STATE)
        images = {"/sweep_camera/image_raw": [item.image for item in stack.slices]}
        if with_polarizer:
            raw = pane_camera("mosaic").frame(0).images["image_raw"]
            images["/pane/image_raw"] = [raw] * len(stack.slices)
        for name in images:
            bag.add_topic(name, IMAGE)
        for number, item in enumerate(stack.slices):
            stamp = (number + 1) * 10**8
            state = messages.focus_state(stamp, item.focus_distance_m)
            bag.write("/sweep_camera/focus_state", stamp, state)
            for name, pictures in images.items():
                bag.write(name, stamp, messages.image(stamp, pictures[number]))
    return path


def test_the_capability_is_found_by_the_topics(tmp_path, mosaic, evaluated):
    assert evaluated(mosaic)["topics"]["kind"] == "mosaic"
    assert evaluated(sweep_bag(tmp_path / "sweep"))["slices"] == 5


def test_raw_images_of_a_sweep_are_not_taken_for_a_mosaic(tmp_path, evaluated):
    assert evaluated(record(tmp_path / "bag", with_polarizer=False))["slices"] == 5


def test_a_bag_for_two_capabilities_needs_a_choice(tmp_path, evaluated, refused):
    path = record(tmp_path / "bag", with_polarizer=True)
    words = refused("bag", "eval", path)
    assert "topics for depth_from_focus and reflection: choose --capability" in words
    assert evaluated(path, "--capability", "depth_from_focus")["slices"] == 5
    assert evaluated(path, "--capability", "reflection")["separated"] == 5
    # A part that only one of them has is a choice too.
    assert evaluated(path, "--topic", "image_raw=/pane/image_raw")["separated"] == 5


def test_a_bag_for_nothing_says_what_each_capability_lacks(tmp_path, refused):
    with BagWriter(tmp_path / "bag") as bag:
        bag.add_topic("/image", IMAGE)
        image = MessageFactory(bag.store, "camera").image(1, np.zeros((8, 8), np.uint8))
        bag.write("/image", 1, image)
    words = refused("bag", "eval", tmp_path / "bag")
    for part in ("no focus sweep", "no polarizer images", "it has: /image (sensor_msgs/msg/Image)"):
        assert words.count(part) == 1, part


def test_the_door_for_topics_is_that_of_the_old_options(tmp_path, evaluated):
    path = sweep_bag(tmp_path / "bag", sweeps=2)
    old = evaluated(path, "--truth", "/camera/truth/depth", "--image", "camera/image_rect")
    new = evaluated(
        path, "--topic", "truth=/camera/truth/depth", "--topic", "image=camera/image_rect"
    )
    assert old == new


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--topic", "truth"), "is not part=topic"),
        (("--topic", "smell=/x"), "no topic 'smell'"),
        (("--image", "/a", "--image", "/b", "--capability", "depth_from_focus"), "one topic as"),
        (("--capability", "smell"), "no capability 'smell'; there are: depth_from_focus"),
        (("-p", "vdff.alpha=4"), "vdff.alpha changes nothing here with the method multiscale"),
        (("-p", "lazy=true"), "lazy changes nothing here"),
        (("--every", "0"), "every must be at least 1"),
    ],
)
def test_what_cannot_be_asked_is_refused_in_words(tmp_path, refused, options, words):
    assert words in refused("bag", "eval", sweep_bag(tmp_path / "bag"), *options)


def test_parameters_have_the_names_of_the_node_and_may_lack_their_group(tmp_path, evaluated):
    path = sweep_bag(tmp_path / "bag", sweeps=2)
    node = evaluated(path, "-p", "method=vdff", "-p", "vdff.alpha=4", "-p", "capture.max_slices=4")
    short = evaluated(path, "--method", "vdff", "-p", "alpha=4", "-p", "max_slices=4")
    assert node == short
    assert node["parameters"]["vdff.alpha"] == 4
    assert node["slices"] == 4

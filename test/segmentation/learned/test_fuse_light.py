"""The network at run time: sizes, missing colour or depth, holes, where labels lie."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import ddff_perception
from ddff_perception.files.rgbd_folder import read_rgbd
from ddff_perception.segmentation.capture.depth import DepthSettings
from ddff_perception.segmentation.capture.frames import FrameCapture, FrameSettings, RawRgbd
from ddff_perception.segmentation.evaluation.counts import Scores, confusion
from ddff_perception.segmentation.learned.fuse_light import network_size
from ddff_perception.segmentation.methods import METHODS
from ddff_perception.segmentation.types import RgbdFrame
from ddff_perception.types import CameraModel, InputError

pytest.importorskip("onnxruntime")

DEMO = Path(ddff_perception.__file__).parent / "data" / "demo_room"
CAMERA = CameraModel.centred(320, 240, 270.0)
VALUES = {"engine.threads": 1, "engine.backend": "onnxruntime"}


@pytest.fixture(scope="module")
def method():
    made = METHODS.create("fuse_light", VALUES)
    yield made
    made.close()


def room() -> RgbdFrame:
    """A grey wall above a brown floor that comes towards the camera 1.2 m above it."""
    rows = np.arange(240, dtype=np.float32)[:, None] - np.float32(CAMERA.cy)
    floor = 1.2 * CAMERA.fy / np.maximum(rows, 1)
    depth = np.broadcast_to(np.minimum(floor, 3.0), (240, 320)).astype(np.float32)
    colour = np.full((240, 320, 3), 190, np.uint8)
    colour[depth < 3.0] = (60, 90, 130)
    return RgbdFrame(colour, depth, None, CAMERA, np.array([0, 1, 0], np.float32))


@pytest.fixture(scope="module")
def rendered() -> tuple[RgbdFrame, np.ndarray]:
    """A frame of the demo's room, a scene of its own, and its true labels."""
    folder = read_rgbd(DEMO)
    images = folder[6]
    raw = RawRgbd(images.color, images.depth, folder.camera, folder.camera)
    return FrameCapture(FrameSettings(), DepthSettings()).frame(raw), images.labels


def test_a_room_is_labelled_with_both_and_with_either(method, rendered):
    frame, truth = rendered
    accuracy = {}
    for name, given in (
        ("both", frame),
        ("depth", replace(frame, colour=None)),
        ("colour", replace(frame, depth=None, filled=None)),
    ):
        found = method(given)
        assert found.labels.shape == found.confidence.shape == (240, 320)
        assert found.labels.dtype == np.uint8 and found.confidence.dtype == np.float32
        assert found.confidence.min() > 0 and found.confidence.max() <= 1
        accuracy[name] = Scores.of(confusion(truth, found.labels)).global_accuracy
    assert min(accuracy.values()) > 0.6, accuracy
    assert accuracy["both"] > 0.7, accuracy


def test_a_floor_seen_by_depth_alone_is_a_floor(method):
    frame = room()
    found = method(replace(frame, colour=None))
    assert np.mean(found.labels[frame.depth < 2.9] == 4) > 0.8
    assert np.mean(found.labels[:100] == 11) > 0.6


def test_depth_that_says_nothing_counts_as_missing(method):
    frame = room()
    nothing = np.full((240, 320), np.nan, np.float32)
    alone = method(replace(frame, depth=None))
    for given in (replace(frame, depth=nothing), replace(frame, camera=None)):
        np.testing.assert_array_equal(method(given).labels, alone.labels)
    with pytest.raises(InputError, match="no colour, and depth needs"):
        method(RgbdFrame(None, nothing, None, CAMERA))
    with pytest.raises(InputError, match="no colour, and depth needs"):
        method(RgbdFrame(None, frame.depth))


def test_holes_everywhere_leave_labels_of_the_whole_view(method):
    frame = room()
    depth = frame.depth.copy()
    depth[np.random.default_rng(0).random(depth.shape) < 0.6] = np.nan
    found = method(replace(frame, depth=depth))
    assert np.isfinite(found.confidence).all() and found.labels.max() < 13


@pytest.mark.parametrize("size", [(1, 1), (3, 70), (97, 131), (480, 640)])
def test_frames_of_any_size(method, size):
    frame = RgbdFrame(np.full((*size, 3), 128, np.uint8), None, None, None)
    found = method(frame)
    part = max(1, min(size) // 240)
    assert found.labels.shape == (size[0] // part, size[1] // part)


def test_the_network_sees_multiples_of_32_of_nearly_the_same_shape():
    assert network_size((240, 320), 240) == (256, 320)
    assert network_size((480, 640), 240) == (256, 320)
    assert network_size((1, 1), 64) == (64, 64)
    assert network_size((3, 700), 240) == (256, 2048)
    height, width = network_size((720, 1280), 240)
    assert height % 32 == width % 32 == 0
    assert width / height == pytest.approx(16 / 9, rel=0.1)

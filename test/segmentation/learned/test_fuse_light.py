"""The network at run time: sizes, missing colour or depth, holes, where labels lie."""

from dataclasses import replace

import numpy as np
import pytest

from ddff_perception.segmentation.learned.fuse_light import network_size
from ddff_perception.segmentation.methods import METHODS
from ddff_perception.segmentation.types import RgbdFrame
from ddff_perception.types import CameraModel, InputError

pytest.importorskip("onnxruntime")

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


def test_floor_and_wall_are_told_apart_with_both_and_with_either(method):
    frame = room()
    floor = frame.depth < 2.9
    for given in (frame, replace(frame, colour=None)):
        found = method(given)
        assert found.labels.shape == found.confidence.shape == (240, 320)
        assert found.labels.dtype == np.uint8 and found.confidence.dtype == np.float32
        assert found.confidence.min() > 0 and found.confidence.max() <= 1
        assert np.mean(found.labels[floor] == 4) > 0.8
        assert np.mean(found.labels[:100] == 11) > 0.6
    found = method(replace(frame, depth=None, camera=None))
    assert found.labels.shape == (240, 320)
    assert found.labels.max() < 13


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

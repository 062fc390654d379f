"""What is handed on of labels: classes, least confidence, steadiness; pictures and points."""

from __future__ import annotations

import numpy as np
import pytest
from rooms import CAMERA, picture, room

from ddff_perception.optics.camera_geometry import PointGrid
from ddff_perception.segmentation.capture.frames import RawRgbd
from ddff_perception.segmentation.output import OutputSettings, Steadiness
from ddff_perception.segmentation.pipeline import SegmentationPipeline
from ddff_perception.segmentation.points import LabelledPointSettings, labelled_points
from ddff_perception.segmentation.rendering import overlay, resized_labels
from ddff_perception.segmentation.types import CLASSES, Labelling, RgbdFrame
from ddff_perception.types import InputError

FLOOR, WALL = CLASSES.index("floor"), CLASSES.index("wall")
DEPTH, TRUTH = room()
FRAME = RgbdFrame(picture(TRUTH), DEPTH, None, CAMERA)
FOUND = Labelling(TRUTH, np.full(TRUTH.shape, 0.6, np.float32))


def flat(label: int, confidence: float = 0.8) -> Labelling:
    return Labelling(np.full((4, 6), label, np.uint8), np.full((4, 6), confidence, np.float32))


def test_what_is_not_kept_is_unlabelled_without_confidence() -> None:
    kept = FOUND.kept([FLOOR], 0.0)
    np.testing.assert_array_equal(kept.labels, np.where(TRUTH == FLOOR, FLOOR, 255))
    assert (kept.confidence[TRUTH != FLOOR] == 0).all()
    assert (FOUND.kept(range(13), 0.7).labels == 255).all()


def test_a_label_that_flickers_is_outvoted_and_one_that_stays_wins() -> None:
    steady, depth = Steadiness(), np.ones((4, 6), np.float32)
    for _ in range(5):
        found = steady.smoothed(flat(WALL), depth, 0.7)
    assert (found.labels == WALL).all()
    assert (steady.smoothed(flat(FLOOR), depth, 0.7).labels == WALL).all()
    for _ in range(5):
        found = steady.smoothed(flat(FLOOR), depth, 0.7)
    assert (found.labels == FLOOR).all() and found.confidence.max() <= 0.8


def test_a_pixel_whose_depth_changed_shows_something_else() -> None:
    steady, depth = Steadiness(), np.ones((4, 6), np.float32)
    for _ in range(5):
        steady.smoothed(flat(WALL), depth, 0.9)
    moved = depth.copy()
    moved[:, :3] = 2.0
    found = steady.smoothed(flat(FLOOR), moved, 0.9)
    assert (found.labels[:, :3] == FLOOR).all() and (found.labels[:, 3:] == WALL).all()


@pytest.mark.parametrize("between", ["a bag that loops", "smoothing off and on"])
def test_votes_of_before_do_not_come_back(between: str) -> None:
    values = {"method": "planes", "smoothing": 0.9, "capture.fill": False}
    pipeline = SegmentationPipeline(values)
    holes = DEPTH.copy()
    holes[40:60, 40:60] = np.nan
    second = 10**9
    for number in range(3):
        pipeline.add_rgbd((100 + number) * second, RawRgbd(None, DEPTH, None, CAMERA))
        pipeline.estimate()
    stamp = 104 * second
    if between == "a bag that loops":
        stamp = 5 * second
    else:
        pipeline.prepare({**values, "smoothing": 0.0}).apply()
        pipeline.add_rgbd(103 * second, RawRgbd(None, DEPTH, None, CAMERA))
        pipeline.estimate()
        pipeline.prepare(values).apply()
    pipeline.add_rgbd(stamp, RawRgbd(None, holes, None, CAMERA))
    assert (pipeline.estimate().found.labels[45:55, 45:55] == 255).all()


def test_another_size_begins_anew() -> None:
    steady = Steadiness()
    steady.smoothed(flat(WALL), None, 0.9)
    other = Labelling(np.full((2, 2), FLOOR, np.uint8), np.ones((2, 2), np.float32))
    assert (steady.smoothed(other, None, 0.9).labels == FLOOR).all()


def test_classes_that_there_are_not_are_refused() -> None:
    for settings in (OutputSettings, LabelledPointSettings):
        with pytest.raises(InputError, match="no class 'flor'"):
            settings(classes=["flor"])


def test_an_overlay_leaves_what_has_no_label_as_it_is() -> None:
    shown = overlay(FRAME, FOUND.kept([FLOOR], 0.0))
    np.testing.assert_array_equal(shown[TRUTH != FLOOR], FRAME.colour[TRUTH != FLOOR])
    assert (shown[TRUTH == FLOOR] != FRAME.colour[TRUTH == FLOOR]).any()


def test_labels_grow_without_new_ones_between() -> None:
    grown = resized_labels(TRUTH, (480, 640))
    assert grown.shape == (480, 640) and set(np.unique(grown)) == set(np.unique(TRUTH))


@pytest.mark.parametrize("stride", [1, 3])
def test_points_carry_place_label_and_confidence(stride: int) -> None:
    grid = PointGrid(CAMERA, stride)
    points = labelled_points(FRAME, FOUND, grid, LabelledPointSettings(maximum_m=3.0))
    there = np.isfinite(points[..., 2])
    np.testing.assert_array_equal(there, DEPTH[::stride, ::stride] <= 3.0)
    labels = np.ascontiguousarray(points[..., 4]).view(np.uint32)
    np.testing.assert_array_equal(labels, TRUTH[::stride, ::stride])
    np.testing.assert_allclose(points[..., 5], 0.6)


def test_colour_alone_has_no_points() -> None:
    with pytest.raises(InputError, match="no depth"):
        alone = RgbdFrame(picture(TRUTH))
        labelled_points(alone, FOUND, PointGrid(CAMERA), LabelledPointSettings())

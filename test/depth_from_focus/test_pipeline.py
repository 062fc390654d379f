import math

import cv2
import numpy as np
import pytest
from sweeps import wall_depth, wall_stack

from ddff_perception.depth_from_focus.estimator import DepthFromFocus
from ddff_perception.depth_from_focus.interface import DEPTH_FROM_FOCUS
from ddff_perception.depth_from_focus.pipeline import DepthPipeline
from ddff_perception.optics.lens_table import LensTable
from ddff_perception.types import DepthEstimate, FocalStack, FocusSlice, InputError

SECOND = 1_000_000_000
PERIOD = SECOND // 10
SLICES = 6
WALL = wall_stack(192, 128, SLICES)


def feed(pipeline: DepthPipeline, sweep: int = 0, shift: float = 0.0) -> list[DepthEstimate | None]:
    """One sweep; each image is `shift` pixels further left than the one before."""
    estimates = []
    for number, item in enumerate(WALL.slices):
        count = sweep * SLICES + number
        stamp = (10 + sweep) * SECOND + number * PERIOD
        pipeline.add_focus(stamp, item.focus_distance_m, 1.0 / item.focus_distance_m, True)
        move = np.array([[1.0, 0.0, -shift * count], [0.0, 1.0, 0.0]])
        image = item.image
        if shift:
            image = cv2.warpAffine(image, move, image.shape[1::-1], borderMode=cv2.BORDER_REFLECT)
        assert pipeline.add_image(stamp, image)
        estimates.append(pipeline.estimate())
    return estimates


def test_slices_that_stream_in_give_what_the_whole_stack_gives() -> None:
    pipeline = DepthPipeline()
    streamed = feed(pipeline)
    whole = DepthFromFocus().process(WALL)
    assert streamed[0] is None
    assert pipeline.slices == SLICES
    assert pipeline.newest_stamp_ns == 10 * SECOND + 5 * PERIOD
    np.testing.assert_allclose(streamed[-1].depth, whole.depth, rtol=1e-5)
    np.testing.assert_allclose(streamed[-1].confidence, whole.confidence, atol=1e-5)
    np.testing.assert_array_equal(streamed[-1].all_in_focus, whole.all_in_focus)


def test_a_still_camera_keeps_its_confidence_over_many_sweeps() -> None:
    pipeline = DepthPipeline()
    first = feed(pipeline)[-1]
    for sweep in range(1, 4):
        last = feed(pipeline, sweep)[-1]
    np.testing.assert_array_equal(last.depth, first.depth)
    np.testing.assert_array_equal(last.confidence, first.confidence)
    assert pipeline.counters["held_back"] == 0
    assert pipeline.counters["images_used"] == 4 * SLICES


def test_a_flickering_lamp_costs_nothing_where_exposures_are_balanced() -> None:
    factors = np.array([1.0, 0.7, 1.1, 0.75, 1.0, 0.65])

    def flickering(balance: bool) -> DepthPipeline:
        pipeline = DepthPipeline(capture={"balance": balance})
        for number in range(2 * SLICES):
            item, stamp = WALL.slices[number % SLICES], 10 * SECOND + number * PERIOD
            pipeline.add_focus(stamp, item.focus_distance_m, 1.0 / item.focus_distance_m, True)
            pipeline.add_image(stamp, (item.image * factors[number % SLICES]).astype(np.uint8))
        return pipeline

    def error(pipeline: DepthPipeline) -> float:
        found = pipeline.estimate()
        assert found is not None
        return float(np.abs(1 / found.depth - 1 / wall_depth(192, 128)).mean())

    steady = DepthFromFocus().process(WALL)
    best = float(np.abs(1 / steady.depth - 1 / wall_depth(192, 128)).mean())
    left, balanced = flickering(False), flickering(True)
    assert error(balanced) < best + 0.3 * (error(left) - best)
    assert balanced.counters["exposure_balanced"] > SLICES
    assert left.counters["exposure_balanced"] == 0


def test_motion_lowers_confidence() -> None:
    pipeline = DepthPipeline(alignment={"motion_scale_px": 4.0})
    still = feed(pipeline)[-1]
    # 0.5 pixels per image: the first image of this sweep lies 3 pixels off the last sweep.
    moved = feed(pipeline, 1, shift=0.5)[0]
    lowered = moved.confidence.mean() / still.confidence.mean()
    assert lowered == pytest.approx(math.exp(-((3 / 4) ** 2)), abs=0.15)


def test_depth_is_held_back_after_much_motion_until_slices_are_renewed() -> None:
    pipeline = DepthPipeline()
    feed(pipeline)
    estimates = feed(pipeline, 1, shift=2.5)
    assert estimates[0] is None
    assert pipeline.counters["held_back"] == sum(estimate is None for estimate in estimates)
    assert feed(pipeline, 2)[-1] is not None


def panned_sweep(step: int) -> FocalStack:
    """Upper half at 0.5 m, lower half at 2 m, the camera panning `step` pixels per slice."""
    height, width, rng = 160, 200, np.random.default_rng(3)
    layers = [rng.normal(size=(height, width + 60)).astype(np.float32) for _ in range(4)]
    smooth = [cv2.GaussianBlur(layer, (0, 0), 2.0**n) for n, layer in enumerate(layers)]
    scene = np.clip(128 + 25 * sum(layer / layer.std() for layer in smooth), 0, 255)
    slices = []
    for number, dioptres in enumerate(np.linspace(2.0, 0.5, SLICES)):
        image = np.empty_like(scene)
        for rows, focus in ((slice(0, 80), 2.0), (slice(80, None), 0.5)):
            image[rows] = cv2.GaussianBlur(scene, (0, 0), 0.3 + 2 * abs(dioptres - focus))[rows]
        seen = image[:, step * number : step * number + width].astype(np.uint8)
        slices.append(
            FocusSlice(np.ascontiguousarray(seen), 1.0 / dioptres, SECOND + number * PERIOD)
        )
    return FocalStack(tuple(slices))


def test_alignment_undoes_the_motion() -> None:
    truth = np.repeat([[2.0], [0.5]], 80, axis=0)
    errors = {}
    for kind in ("none", "ecc"):
        # Motion is let through, so that its harm can be compared.
        free = {"alignment": kind, "motion_limit_px": 1e4, "motion_scale_px": 1e3}
        pipeline = DepthPipeline("focus_measure", alignment=free)
        for item in panned_sweep(5).slices:
            pipeline.add_focus(item.stamp_ns, item.focus_distance_m, math.nan, True)
            pipeline.add_image(item.stamp_ns, item.image)
        depth = pipeline.estimate().depth[:, 40:-40]
        errors[kind] = float(np.nanmean(np.abs(1.0 / depth - truth)))
    assert errors["ecc"] < 0.7 * errors["none"]


def test_a_lens_table_says_the_distance_of_a_position() -> None:
    positions = np.array([0.0, 50.0, 100.0])
    lens = LensTable(positions, np.array([0.5, 1.25, 2.0]), np.ones(3), "steps")
    pipeline = DepthPipeline(lens=lens)
    stamp = 10 * SECOND
    pipeline.add_focus(stamp, math.nan, 50.0, True)
    pipeline.add_image(stamp, WALL.images[0])
    (item,) = pipeline.estimator.slots.values()
    assert item.focus_distance_m == pytest.approx(0.8)
    # A distance that the driver says itself goes first.
    pipeline.add_focus(stamp + PERIOD, 3.0, 50.0, True)
    pipeline.add_image(stamp + PERIOD, WALL.images[1])
    assert sorted(i.focus_distance_m for i in pipeline.estimator.slots.values())[1] == 3.0


def test_another_method_goes_on_with_the_slices() -> None:
    pipeline = DepthPipeline()
    feed(pipeline)
    pipeline.prepare(DEPTH_FROM_FOCUS.parameters.complete({"method": "yardstick"})).apply()
    expected = DepthFromFocus("yardstick").process(WALL)
    np.testing.assert_allclose(pipeline.estimate().depth, expected.depth, rtol=1e-5)
    with pytest.raises(InputError):
        pipeline.prepare(DEPTH_FROM_FOCUS.parameters.complete({"method": "no_such"}))
    assert pipeline.estimator.method == "yardstick"


def test_another_alignment_starts_anew() -> None:
    pipeline = DepthPipeline()
    feed(pipeline)
    pipeline.set_alignment({"alignment": "none", "motion_limit_px": 5.0})
    assert pipeline.slices == SLICES
    pipeline.set_alignment({"alignment": "ecc"})
    assert pipeline.slices == 0
    with pytest.raises(InputError, match="lens table"):
        pipeline.set_alignment({"alignment": "breathing"})


def test_reset_forgets_everything() -> None:
    pipeline = DepthPipeline()
    feed(pipeline)
    pipeline.reset()
    assert pipeline.slices == 0
    assert pipeline.estimate() is None
    assert feed(pipeline, 1)[-1] is not None


def test_an_image_that_waits_for_its_reading_is_used_at_the_end() -> None:
    pipeline = DepthPipeline(capture={"stamp_jitter_s": 0.001})
    stamp = 10 * SECOND
    pipeline.add_focus(stamp, 1.0, math.nan, True)
    assert not pipeline.add_image(stamp + PERIOD // 10, WALL.images[0])
    assert pipeline.flush()
    assert pipeline.slices == 1


def test_a_whole_stack_takes_the_place_of_what_was_there() -> None:
    pipeline = DepthPipeline()
    feed(pipeline)
    part = FocalStack(WALL.slices[:3], WALL.camera)
    assert pipeline.replace(part)
    assert pipeline.slices == 3
    np.testing.assert_array_equal(pipeline.estimate().depth, DepthFromFocus().process(part).depth)

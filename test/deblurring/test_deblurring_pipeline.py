"""Burst and method joined: rolling start, faults of a stream, confidence."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from bursts import STEP_NS, psnr, shaken, wide_picture

from ddff_perception.deblurring.confidence import confidence
from ddff_perception.deblurring.gyroscope import Gyroscope
from ddff_perception.deblurring.methods import METHODS
from ddff_perception.deblurring.pipeline import DeblurringPipeline, Sharpened
from ddff_perception.optics.blur_kernels import blurred, motion_kernel
from ddff_perception.optics.srgb import srgb_bytes
from ddff_perception.types import InputError

FRAMES, _ = shaken()
IMAGES = [image for image, _ in FRAMES]
SHARP = FRAMES[-1][1]
ONE = np.ones((1, 1), np.float32)
ALWAYS = {"capture.sharp_below": 0.0, "capture.frames": 5}


def run(images, **values) -> tuple[DeblurringPipeline, list[Sharpened]]:
    """A result of each image."""
    pipeline = DeblurringPipeline({**ALWAYS, **values})
    found = []
    for number, image in enumerate(images):
        assert pipeline.add_image((number + 1) * STEP_NS, image)
        found.append(pipeline.estimate())
    return pipeline, found


def test_from_the_first_frame_on_there_is_a_result_and_it_gets_better() -> None:
    _, found = run(IMAGES)
    assert [len(result.image.images) for result in found] == [1, 2, 3, 4, 5]
    assert found[0].found.image is IMAGES[0]
    assert [result.stamp_ns for result in found] == [(n + 1) * STEP_NS for n in range(5)]
    assert psnr(found[-1].found.image, SHARP) > psnr(IMAGES[-1], SHARP) + 1


def test_the_same_calls_give_the_same_arrays() -> None:
    first, second = run(IMAGES)[1][-1], run(IMAGES)[1][-1]
    np.testing.assert_array_equal(first.found.image, second.found.image)


def test_streaming_gives_what_the_whole_burst_gives() -> None:
    streamed = run(IMAGES)[1][-1].found.image
    pipeline = DeblurringPipeline(ALWAYS)
    for number, image in enumerate(IMAGES):
        pipeline.add_image((number + 1) * STEP_NS, image)
    np.testing.assert_array_equal(pipeline.estimate().found.image, streamed)


def test_a_sharp_frame_is_handed_on_untouched_and_counted() -> None:
    pipeline, found = run([SHARP], **{"capture.sharp_below": 0.9})
    assert found[0].found.untouched and found[0].found.image is SHARP
    assert pipeline.counters["untouched"] == 1
    assert (confidence(found[0].found) == 1).all()


# The network has tests of its own: `learned/`.
@pytest.mark.parametrize("method", [name for name, entry in METHODS.items() if not entry.network])
def test_every_method_keeps_size_and_type(method: str) -> None:
    for image in (IMAGES[0][:61, :75], IMAGES[0][:61, :75, 0].astype(np.uint16) * 257):
        _, found = run([image, image], method=method)
        made = found[-1].found
        assert (made.image.shape, made.image.dtype) == (image.shape, image.dtype)
        sure = confidence(made)
        assert sure.shape == image.shape[:2] and sure.dtype == np.float32
        assert sure.min() >= 0 and sure.max() <= 1


def test_a_method_of_one_frame_lays_no_other_over_it() -> None:
    pipeline, found = run(IMAGES[:2], method="wiener")
    assert len(found[-1].image.images) == 1
    pipeline.prepare(ALWAYS).apply()
    assert len(pipeline.estimate().image.images) == 2


def test_other_parameters_hold_from_the_next_frame_on_and_bad_ones_change_nothing() -> None:
    pipeline, _ = run(IMAGES[:3])
    with pytest.raises(InputError, match=r"frames must lie in 1 \.\. 32"):
        pipeline.prepare({"capture.frames": 99})
    pipeline.prepare({**ALWAYS, "capture.frames": 2, "method": "average"}).apply()
    pipeline.add_image(4 * STEP_NS, IMAGES[3])
    found = pipeline.estimate()
    assert (found.method, len(found.image.images)) == ("average", 2)


def test_stamps_that_go_back_begin_anew_and_late_ones_are_dropped() -> None:
    pipeline, _ = run(IMAGES[:3])
    assert not pipeline.add_image(STEP_NS, IMAGES[3])
    pipeline.add_image(10**12, IMAGES[0])
    pipeline.add_image(10**12 + STEP_NS, IMAGES[1])
    assert pipeline.add_image(STEP_NS, IMAGES[3])
    assert len(pipeline.estimate().image.images) == 1
    assert pipeline.counters["dropped_out_of_order"] == 1
    assert pipeline.counters["time_jumps"] == 1


def test_an_image_that_cannot_be_used_gives_no_result_of_an_older_one() -> None:
    pipeline, _ = run(IMAGES[:2])
    pipeline.deferred = True
    assert pipeline.add_image(3 * STEP_NS, np.zeros((8, 8), np.uint8))
    with pytest.raises(InputError, match="cannot be deblurred"):
        pipeline.catch_up()
    assert pipeline.newest is None
    with pytest.raises(InputError, match="cannot be used"):
        pipeline.estimate()
    pipeline.add_image(4 * STEP_NS, IMAGES[2])
    pipeline.catch_up()
    assert len(pipeline.estimate().image.images) == 3


def test_reset_forgets_the_burst() -> None:
    pipeline, _ = run(IMAGES)
    pipeline.reset()
    assert pipeline.newest is None
    with pytest.raises(InputError, match="no image yet"):
        pipeline.estimate()
    pipeline.add_image(1, IMAGES[0])
    assert len(pipeline.estimate().image.images) == 1


def test_a_camera_that_rolls_is_followed() -> None:
    wide, frames = wide_picture(4), []
    rng = np.random.default_rng(0)
    for number in range(4):
        matrix = cv2.getRotationMatrix2D((128, 128), 4.0 * number, 1.0)
        turned = srgb_bytes(cv2.warpAffine(wide, matrix, (256, 256)))[40:216, 40:216]
        angle = float(rng.uniform(0, 180))
        frames.append(blurred(turned, motion_kernel(7.0, angle) if number != 2 else ONE))
        sharp = turned
    pipeline, found = run(frames)
    assert pipeline.counters["cuts"] == 0 and len(found[-1].image.images) == 4
    assert psnr(found[-1].found.image, sharp, 30) > psnr(frames[-1], sharp, 30) + 1


def test_what_moves_by_itself_stays_where_the_newest_frame_shows_it() -> None:
    frames = [image.copy() for image in IMAGES[-3:]]
    for number, image in enumerate(frames):
        image[80:120, 40 + 40 * number : 70 + 40 * number] = (20, 20, 230)
    found = run(frames)[1][-1].found.image
    here, before = found[90:110, 130:140].astype(int), found[90:110, 52:60].astype(int)
    assert np.abs(here - (20, 20, 230)).mean() < 15
    assert np.abs(before - frames[-1][90:110, 52:60]).mean() < 15


def test_a_saturated_lamp_at_night_does_not_spread() -> None:
    rng = np.random.default_rng(0)
    frames = []
    for angle in (0.0, 70.0, 30.0):
        night = np.full((120, 160, 3), 12.0)
        night[20:100, 20:70] += rng.integers(0, 14, (8, 5, 1)).repeat(10, 0).repeat(10, 1)
        night[50:56, 110:116] = 2000.0
        dark = blurred(night.astype(np.uint16), motion_kernel(9.0, angle)).clip(0, 255)
        noisy = dark + rng.normal(0, 2, dark.shape)
        frames.append(noisy.round().clip(0, 255).astype(np.uint8))
    found = run(frames)[1][-1].found.image
    far = np.ones(found.shape[:2], bool)
    far[35:71, 95:131] = False
    assert np.abs(found[far].astype(int) - frames[-1][far])[..., 0].max() < 25
    assert found[53, 113].min() > 240


def test_detail_that_no_frame_shows_is_not_trusted() -> None:
    _, (fused,) = run(IMAGES[-1:])
    wrong = {"wiener.length_px": 15.0, "wiener.noise": 1e-4}
    _, (guessed,) = run(IMAGES[-1:], method="wiener", **wrong)
    assert confidence(fused.found).mean() > 0.95
    assert confidence(guessed.found).mean() < 0.6
    # As sure of as many bits in a larger type.
    _, (deep,) = run([IMAGES[-1].astype(np.uint16) * 16], method="wiener", **wrong)
    assert confidence(deep.found).mean() == pytest.approx(confidence(guessed.found).mean(), abs=0.1)


def test_a_gyroscope_tells_how_far_the_image_moves() -> None:
    gyroscope, turn = Gyroscope(), np.eye(3)
    assert np.isnan(gyroscope.motion_px(10**9, 0.02, 500.0, turn))
    for stamp in range(10**9, 10**9 + 10**8, 10**7):
        gyroscope.add(stamp, "imu", (0.3, 0.4, 1.0))
    gyroscope.add(2 * 10**9, "imu", (float("nan"), 0.0, 0.0))
    assert gyroscope.motion_px(10**9, 0.02, 500.0, turn) == pytest.approx(5.0)
    assert np.isnan(gyroscope.motion_px(3 * 10**9, 0.02, 500.0, turn))
    # About the optical axis the middle stays.
    sideways = np.array([[0, 0, 1.0], [1, 0, 0], [0, 1, 0]])
    found = gyroscope.motion_px(10**9, 0.02, 500.0, sideways)
    assert found == pytest.approx(np.hypot(1.0, 0.3) * 10)

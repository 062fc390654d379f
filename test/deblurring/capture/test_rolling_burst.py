"""The newest frames as the newest one sees them."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from bursts import STEP_NS, psnr, shaken, taken, wide_picture

from ddff_perception.deblurring.capture.rolling_burst import RollingBurst
from ddff_perception.deblurring.capture.settings import BurstSettings
from ddff_perception.optics.blur_kernels import blurred, motion_kernel
from ddff_perception.optics.srgb import srgb_bytes
from ddff_perception.types import InputError

FRAMES, _ = shaken()
IMAGES = [image for image, _ in FRAMES]
SHARP = [sharp for _, sharp in FRAMES]


def test_one_frame_is_a_burst() -> None:
    burst = taken(IMAGES[:1]).seen()
    assert len(burst.images) == len(burst.trust) == len(burst.blur) == 1
    assert burst.newest is IMAGES[0] and (burst.trust[0] == 1).all()


def test_sharp_frames_lie_over_the_newest_one() -> None:
    burst = taken(SHARP).seen()
    assert len(burst.images) == 5
    assert burst.ages_s == pytest.approx(tuple(n * STEP_NS / 1e9 for n in range(5)))
    for image, trust, before in zip(burst.images[1:], burst.trust[1:], SHARP[-2::-1], strict=True):
        assert psnr(image, SHARP[-1], 24) > 26 > psnr(before, SHARP[-1], 24)
        assert trust[24:-24, 24:-24].mean() > 0.8


def test_without_alignment_frames_stay_as_they_are() -> None:
    burst = taken(IMAGES, alignment="none").seen()
    for image, original in zip(burst.images, IMAGES[::-1], strict=True):
        np.testing.assert_array_equal(image, original)


def test_flow_mends_what_a_homography_cannot() -> None:
    rows, columns = np.mgrid[: SHARP[0].shape[0], : SHARP[0].shape[1]].astype(np.float32)
    bent = cv2.remap(
        SHARP[0], columns + 1.5 * np.sin(rows / 25), rows, cv2.INTER_CUBIC,
        borderMode=cv2.BORDER_REFLECT,
    )  # fmt: skip
    plain = taken([bent, SHARP[0]]).seen().images[1]
    by_flow = taken([bent, SHARP[0]], alignment="flow").seen().images[1]
    assert psnr(by_flow, SHARP[0], 24) > psnr(plain, SHARP[0], 24) + 0.5


def test_the_burst_rolls_and_forgets_what_is_old() -> None:
    assert len(taken(IMAGES, frames=3).seen().images) == 3
    burst = taken(IMAGES, max_age_s=0.15)
    assert len(burst) == 3 and burst.counters["dropped_old"] == 2


def test_a_cut_begins_a_new_burst() -> None:
    other = srgb_bytes(wide_picture(9)[: SHARP[0].shape[0], : SHARP[0].shape[1]])
    burst = taken([*IMAGES, other])
    assert len(burst) == 1 and burst.counters["cuts"] == 1
    assert burst.seen().newest is other


def test_a_jump_of_exposure_begins_a_new_burst_and_a_small_one_is_scaled() -> None:
    dark = (IMAGES[-1] * 0.4).astype(np.uint8)
    burst = taken([*IMAGES, dark])
    assert len(burst) == 1 and burst.counters["exposure_jumps"] == 1
    dimmed = (SHARP[-1] * 0.8).astype(np.uint8)
    kept = taken([*SHARP, dimmed]).seen()
    assert len(kept.images) > 1
    assert kept.images[1].mean() == pytest.approx(dimmed.mean(), rel=0.02)
    assert kept.trust[1].mean() > 0.8


def test_a_pan_to_the_light_is_no_change_of_exposure() -> None:
    wide = srgb_bytes(wide_picture(4)).astype(np.float32)
    wide = (wide * np.linspace(0.3, 1.0, wide.shape[1])[None, :, None]).astype(np.uint8)
    views = [np.ascontiguousarray(wide[:180, 20 * n : 20 * n + 180]) for n in range(3)]
    assert views[2].mean() > 1.08 * views[0].mean()
    burst = taken(views)
    seen = burst.seen()
    assert not any(burst.counters.values())
    for image, trust, number in zip(seen.images[1:], seen.trust[1:], (1, 2), strict=True):
        shown = slice(12, 180 - 20 * number - 12)
        assert trust[12:-12, shown].mean() > 0.95
        assert psnr(image[:, : shown.stop], views[2][:, : shown.stop], 12) > 26


def test_frames_of_an_exposure_that_drifted_too_far_are_forgotten() -> None:
    drift = [(SHARP[-1] * 0.95 * 1.2 ** (n - 4)).astype(np.uint8) for n in range(5)]
    burst = taken(drift)
    assert len(burst) == 3 and burst.counters["exposure_jumps"] == 0
    assert burst.counters["dropped_exposure"] == 2
    for image in burst.seen().images[1:]:
        assert image.mean() == pytest.approx(drift[-1].mean(), rel=0.02)


@pytest.mark.parametrize(
    "other", [np.zeros((100, 120, 3), np.uint8), np.zeros((204, 204), np.uint8)]
)
def test_another_size_or_colour_begins_a_new_burst(other: np.ndarray) -> None:
    burst = taken([*IMAGES, other])
    assert len(burst) == 1 and burst.counters["size_changes"] == 1


def test_frames_that_are_blurred_far_more_are_left_out() -> None:
    hopeless = blurred(SHARP[-2], motion_kernel(18.0, 0.0))
    burst = taken([SHARP[-3], hopeless, SHARP[-1]])
    seen = burst.seen()
    assert len(seen.images) == 2 and burst.counters["dropped_hopeless"] == 1
    assert max(seen.blur) < 0.6
    burst.take(10 * STEP_NS, SHARP[-1])
    assert len(burst.seen().images) == 3 and burst.counters["dropped_hopeless"] == 1


def test_a_sharp_frame_is_told() -> None:
    score = taken(SHARP[:1]).seen().blur[0]
    sharp = taken(SHARP, sharp_below=score + 0.05)
    assert sharp.newest is not None and sharp.newest.sharp
    assert sharp.seen().sharp and len(sharp.seen().images) == 1
    assert not taken(IMAGES, sharp_below=0.0).seen().sharp
    mild = blurred(SHARP[-1], motion_kernel(5.0, 0.0))
    beside = taken([SHARP[-1], mild], sharp_below=0.99)
    assert not beside.newest.sharp and len(beside.seen().images) == 2
    assert taken([mild], sharp_below=0.99).newest.sharp
    plain = np.full((64, 64, 3), 90, np.uint8)
    assert taken([plain], sharp_below=0.0).seen().sharp


def test_what_moves_by_itself_is_not_trusted() -> None:
    still, moving = SHARP[-1].copy(), SHARP[-1].copy()
    still[60:100, 60:100], moving[60:100, 100:140] = (20, 20, 230), (20, 20, 230)
    trust = taken([still, moving], alignment="none").seen().trust[1]
    assert trust[65:95, 65:135].mean() < 0.2 and trust[130:, :].mean() > 0.95


def test_grey_and_sixteen_bits_are_taken() -> None:
    deep = [image[..., 1].astype(np.uint16) * 257 for image in SHARP]
    burst = taken(deep).seen()
    assert burst.newest.dtype == np.uint16 and len(burst.images) == 5
    assert burst.trust[1][24:-24, 24:-24].mean() > 0.8


@pytest.mark.parametrize("bits", [10, 12])
def test_sixteen_bits_of_which_a_camera_fills_fewer_are_taken_as_others(bits: int) -> None:
    frames = [SHARP[-1][..., 1].astype(np.uint16) << (bits - 8) for _ in range(2)]
    for frame, column in zip(frames, (60, 100), strict=True):
        frame[60:100, column : column + 40] = (1 << bits) - 1
    deep = taken(frames, alignment="none")
    full = taken([frame << (16 - bits) for frame in frames], alignment="none")
    seen = deep.seen()
    assert seen.blur == full.seen().blur and seen.newest is frames[-1]
    np.testing.assert_array_equal(seen.trust[1], full.seen().trust[1])
    assert seen.trust[1][65:95, 65:135].mean() < 0.2
    # What was measured by another scale is forgotten.
    deep.take(9 * STEP_NS, frames[-1] << (16 - bits))
    assert len(deep) == 1 and deep.counters["size_changes"] == 1


@pytest.mark.parametrize(
    "bad", [np.zeros((8, 64), np.uint8), np.zeros((64, 64, 4), np.uint8), np.zeros((64, 64))]
)
def test_what_is_no_image_is_refused(bad: np.ndarray) -> None:
    burst = RollingBurst(BurstSettings())
    with pytest.raises(InputError, match="cannot be deblurred"):
        burst.take(1, bad)


def test_other_settings_hold_from_the_next_frame_on() -> None:
    burst = taken(IMAGES)
    burst.settings = BurstSettings(frames=2, sharp_below=0.0)
    burst.take(5 * STEP_NS, IMAGES[-1])
    assert len(burst) == 2
    burst.settings = BurstSettings(alignment_size=100)
    assert len(burst) == 0

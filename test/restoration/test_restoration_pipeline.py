"""What is wrong, method and enlargement joined: the default, faults of a stream, confidence."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest
from bursts import psnr
from degraded_images import STEP_NS, clean, noisy, run, worse

from ddff_perception.restoration.confidence import confidence
from ddff_perception.restoration.health import conditions, described
from ddff_perception.restoration.methods import METHODS
from ddff_perception.restoration.pipeline import RestorationPipeline
from ddff_perception.restoration.planes import to_planes
from ddff_perception.types import InputError

CLEAN = clean()
WITHOUT_LEARNING = [name for name, entry in METHODS.items() if not entry.network]


@pytest.mark.parametrize(
    ("names", "gain"),
    [(("noise",), 2.5), (("low_light",), 6.0), (("jpeg",), 0.1), (("blur_2",), 1.0)],
)
def test_the_default_undoes_what_it_sees(names: tuple[str, ...], gain: float) -> None:
    image = worse(*names)
    _, (result,) = run([image])
    kind = {"low_light": "noise", "blur_2": "blur"}.get(names[0], names[0])
    assert kind in result.image.seen.kinds
    assert psnr(result.found.image, CLEAN) > psnr(image, CLEAN) + gain


@pytest.mark.parametrize("method", WITHOUT_LEARNING)
def test_a_clean_image_stays_as_it_is_and_that_is_told(method: str) -> None:
    pipeline, (result,) = run([CLEAN], method=method)
    assert result.image.seen.clean and result.found.untouched
    assert result.found.image is CLEAN
    assert pipeline.counters["untouched"] == 1
    assert confidence(result.found).min() > 0.9


@pytest.mark.parametrize(
    "given",
    [
        {"method": "shrinkage", "shrinkage.noise": 2.0},
        {"method": "total_variation", "total_variation.noise": 2.0},
        {"method": "nonlocal_means", "nonlocal_means.noise": 2.0},
        {"method": "wiener", "wiener.blur_px": 0.8},
        {"method": "richardson_lucy", "richardson_lucy.blur_px": 0.8},
    ],
    ids=lambda given: given["method"],
)
def test_what_a_method_is_told_is_undone_where_nothing_is_seen(given: dict[str, Any]) -> None:
    image = noisy(CLEAN, 2) if "noise" in str(given) else cv2.GaussianBlur(CLEAN, (0, 0), 0.8)
    _, (result,) = run([image], **given)
    assert result.image.seen.clean and not result.found.untouched
    assert psnr(result.found.image, CLEAN) > psnr(image, CLEAN) + 0.4


@pytest.mark.parametrize("method", ["shrinkage", "total_variation", "nonlocal_means"])
def test_methods_for_noise_leave_an_image_as_it_is_in_which_none_is_seen(method: str) -> None:
    image = worse("blur_2")
    _, (result,) = run([image], method=method)
    assert result.image.seen.kinds == ("blur",) and result.found.image is image


def test_without_keep_clean_the_least_noise_is_undone_and_little_of_a_clean_image_changes() -> None:
    image = noisy(CLEAN, 2)
    (kept,), (made,) = (run([image], keep_clean=value)[1] for value in (True, False))
    assert kept.found.untouched and not made.found.untouched
    assert psnr(made.found.image, CLEAN) > psnr(image, CLEAN) + 0.3
    _, (result,) = run([CLEAN], keep_clean=False)
    assert psnr(result.found.image, CLEAN) > 44


def test_a_black_and_a_saturated_frame_are_handed_on() -> None:
    for level in (0, 255):
        frame = np.full((60, 80, 3), level, np.uint8)
        _, (result,) = run([frame])
        assert result.found.untouched and result.found.image is frame
        share = result.image.seen.black if level == 0 else result.image.seen.clipped
        assert share == 1.0


def test_strength_is_the_share_of_the_change() -> None:
    image = noisy(CLEAN, 15)
    whole, half, none = (run([image], strength=s)[1][0].found for s in (1.0, 0.5, 0.0))
    assert none.untouched and none.image is image
    middle = (whole.image.astype(float) + image) / 2
    assert np.abs(half.image - middle).max() <= 1
    assert psnr(image, CLEAN) < psnr(half.image, CLEAN) < psnr(whole.image, CLEAN)


@pytest.mark.parametrize("method", WITHOUT_LEARNING)
@pytest.mark.parametrize("kind", ["grey", "deep", "odd"])
def test_every_method_keeps_size_and_type(method: str, kind: str) -> None:
    image = {
        "grey": noisy(CLEAN[:61, :75, 0].copy(), 12),
        "deep": noisy(CLEAN[:61, :75].astype(np.uint16) * 257, 12),
        "odd": noisy(CLEAN[:5, :3].copy(), 12),
    }[kind]
    blur = {f"{method}.blur_px": 1.5} if method in ("wiener", "richardson_lucy") else {}
    _, (result,) = run([image], method=method, keep_clean=False, **blur)
    made, sure = result.found.image, confidence(result.found)
    assert (made.shape, made.dtype) == (image.shape, image.dtype)
    assert sure.shape == image.shape[:2] and sure.dtype == np.float32
    assert 0 <= sure.min() <= sure.max() <= 1


def test_a_16_bit_image_becomes_what_one_of_8_bits_does() -> None:
    image = noisy(CLEAN, 12)
    (small,), (deep,) = (run([i])[1] for i in (image, image.astype(np.uint16) * 257))
    assert np.abs(deep.found.image / 257 - small.found.image).max() <= 1


def test_12_bits_that_lie_low_in_16_are_restored_once_that_is_said() -> None:
    small = noisy(CLEAN, 12)
    image = np.asarray(small, np.uint16) * 16
    (silent,), (told,), (plain,) = (
        run([one], **given)[1]
        for one, given in ((image, {}), (image, {"bit_depth": 12}), (small, {}))
    )
    assert silent.found.untouched and "set bit_depth to 12" in conditions(silent.image.seen)["bits"]
    assert not conditions(told.image.seen)["bits"] and told.image.came is image
    assert np.abs(told.found.image / 16 - plain.found.image).mean() < 0.5
    with pytest.raises(InputError, match="bit_depth 10 is too few"):
        run([image], bit_depth=10)


@pytest.mark.parametrize("scale", [2, 4])
def test_an_enlarged_image_is_not_said_to_be_as_it_came_nor_sure_of_its_details(scale: int) -> None:
    large = clean(256)
    small = cv2.resize(large, None, fx=1 / scale, fy=1 / scale, interpolation=cv2.INTER_AREA)
    pipeline, (result,) = run([small], enlarge__scale=scale)
    assert not result.found.untouched and pipeline.counters["untouched"] == 0
    sure = confidence(result.found)
    wrong = np.abs(to_planes(result.found.image)[0] - to_planes(large)[0])
    assert sure.mean() == pytest.approx((wrong < 8 / 255).mean(), abs=0.12)
    right = [(wrong[part] < 8 / 255).mean() for part in (sure < 0.8, sure >= 0.8)]
    assert right[0] < right[1] - 0.05


def test_the_less_confident_half_is_the_more_wrong_one() -> None:
    image = worse("noise")
    _, (result,) = run([image])
    sure = confidence(result.found)
    wrong = np.abs(result.found.image.astype(float).mean(2) - CLEAN.astype(float).mean(2))
    middle = np.median(sure)
    assert wrong[sure < middle].mean() > 1.3 * wrong[sure >= middle].mean()


def test_of_a_stream_it_is_looked_only_now_and_then_for_what_is_wrong() -> None:
    frames = [noisy(CLEAN[:96, :96], 12, seed) for seed in range(7)]
    pipeline, _ = run(frames, seen__every=5)
    assert pipeline.counters["looked"] == 2
    dark = (frames[0] * 0.5).astype(np.uint8)
    pipeline.add_image(9 * STEP_NS, dark)
    pipeline.estimate()
    pipeline.add_image(10 * STEP_NS, dark[:50])
    pipeline.estimate()
    counters = pipeline.counters
    assert (counters["exposure_changes"], counters["size_changes"]) == (1, 1)
    assert counters["looked"] == 4


def test_the_same_calls_give_the_same_arrays() -> None:
    image = worse("noise", "jpeg")
    first, second = (run([image])[1][0].found for _ in range(2))
    np.testing.assert_array_equal(first.image, second.image)
    np.testing.assert_array_equal(first.error, second.error)


def test_other_parameters_hold_from_the_next_frame_on_and_bad_ones_change_nothing() -> None:
    pipeline, _ = run([noisy(CLEAN, 12)])
    with pytest.raises(InputError, match=r"scale must lie in 1 \.\. 4"):
        pipeline.prepare({"enlarge.scale": 9})
    pipeline.prepare({"method": "total_variation", "enlarge.scale": 2}).apply()
    pipeline.add_image(2 * STEP_NS, noisy(CLEAN, 12)[:40])
    found = pipeline.estimate()
    assert (found.method, found.found.image.shape) == ("total_variation", (80, 256, 3))
    assert confidence(found.found).shape == (80, 256)


def test_what_is_no_image_of_8_or_16_bits_is_told() -> None:
    pipeline = RestorationPipeline()
    pipeline.add_image(1, np.zeros((4, 4), np.float32))
    with pytest.raises(InputError, match="8 or 16 bits"):
        pipeline.estimate()
    for channels in (1, 2, 4):
        pipeline.add_image(1 + channels, np.zeros((40, 40, channels), np.uint8))
        with pytest.raises(InputError, match=rf"not \(40, 40, {channels}\) uint8"):
            pipeline.estimate()
    pipeline.reset()
    with pytest.raises(InputError, match="no image yet"):
        pipeline.estimate()


def test_bilinear_demosaicking_is_undone_and_then_the_noise_that_was_in_the_array() -> None:
    image = worse("demosaicking", "noise")
    assert run([image])[1][0].image.seen.kinds[:1] != ("demosaicking",)
    image = worse("noise", "demosaicking")
    _, (result,) = run([image])
    seen = result.image.seen
    assert "demosaicking" in seen.kinds and described(seen).startswith("bilinear demosaicking")
    assert seen.beyond is not None and seen.beyond.noise[0].level > 0
    assert psnr(result.found.image, CLEAN) > psnr(image, CLEAN) + 0.5
    assert confidence(result.found).mean() < 1
    # Who takes away noise alone leaves the colours as they are.
    _, (alone,) = run([worse("demosaicking")], method="shrinkage")
    assert alone.found.untouched

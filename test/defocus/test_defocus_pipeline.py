"""One image in, depth out: what the lens tells, what is assumed, and what cannot be told."""

from __future__ import annotations

import math

import numpy as np
import pytest
from defocus_scenes import scene

from ddff_perception.defocus.health import conditions
from ddff_perception.defocus.pipeline import DefocusPipeline
from ddff_perception.optics.blur_kernels import blurred, motion_kernel
from ddff_perception.optics.thin_lens import dioptres_of_defocus, signed_defocus_px
from ddff_perception.types import CameraModel, InputError

LENS = {"lens.blur_per_dioptre_px": 10.0, "lens.focus_distance_m": 0.8, "side": "far"}


def estimate(image: np.ndarray, **values):
    pipeline = DefocusPipeline({**LENS, **values})
    pipeline.add_image(1, image)
    return pipeline.estimate().found, pipeline


def halves(values: np.ndarray) -> tuple[float, float]:
    """Medians well inside the left and the right half."""
    quarter = values.shape[1] // 4
    return float(np.nanmedian(values[:, :quarter])), float(np.nanmedian(values[:, -quarter:]))


def test_defocus_and_depth_are_one_the_others_inverse() -> None:
    depth = np.array([0.4, 0.8, 3.0, np.inf])
    defocus = signed_defocus_px(1 / depth, 1 / 0.8, 10.0)
    assert defocus == pytest.approx([-12.5, 0.0, 12.5 - 10 / 3, 12.5])
    assert dioptres_of_defocus(defocus, 1 / 0.8, 10.0) == pytest.approx(1 / depth)


def test_depth_of_two_halves_is_told_by_their_blur() -> None:
    found, _ = estimate(scene().image)
    near, far = halves(found.depth)
    assert near == pytest.approx(0.8, rel=0.12) and far == pytest.approx(2.0, rel=0.35)
    assert found.depth.dtype == np.float32 and found.depth.shape == found.confidence.shape
    assert found.confidence.min() >= 0 and found.confidence.max() <= 1


def test_before_the_plane_in_focus_the_other_side_is_assumed() -> None:
    shown = scene(near_m=0.5, far_m=1.0, focus_m=1.0)
    found, _ = estimate(shown.image, side="near", **{"lens.focus_distance_m": 1.0})
    near, far = halves(found.depth)
    assert near == pytest.approx(0.5, rel=0.2) and far == pytest.approx(1.0, rel=0.12)
    assert (found.found.defocus <= 0).all()
    assert halves(found.other_depth)[0] > 1.2 or math.isnan(halves(found.other_depth)[0])


def test_with_both_sides_what_cannot_lie_behind_lies_before_and_the_rest_is_half_sure() -> None:
    shown = scene(near_m=0.4, far_m=2.0, focus_m=2.0)
    lens = {"lens.focus_distance_m": 2.0, "side": "both"}
    found, _ = estimate(shown.image, **lens)
    # 20 px at 0.4 m; infinity is blurred by 5 px.
    left, right = halves(found.found.defocus)
    assert left < -5.0 and abs(right) < 2.0
    far, _ = estimate(shown.image, **{**lens, "side": "far"})
    assert found.found.sign[:, -20:].max() < 0.8 and (far.found.sign == 1.0).all()
    assert np.median(found.found.sign[:, :20]) > 0.8


def test_without_a_lens_there_is_a_map_but_no_depth_and_it_is_said() -> None:
    found, pipeline = estimate(scene().image, **{"lens.blur_per_dioptre_px": 0.0})
    assert np.isnan(found.depth).all() and np.isfinite(found.found.defocus).all()
    assert found.confidence.max() > 0.3
    assert "no depth" in conditions(found)["lens unknown"]
    assert pipeline.counters["lens_unknown"] == 1


def test_the_cameras_focal_length_and_the_aperture_tell_the_blur() -> None:
    pipeline = DefocusPipeline({**LENS, "lens.blur_per_dioptre_px": 0.0, "lens.aperture_m": 0.02})
    pipeline.camera = CameraModel.centred(96, 72, 250.0)
    pipeline.add_image(1, scene().image)
    # The image is twice as wide as the camera's.
    assert pipeline.estimate().found.photograph.lens.blur_scale == pytest.approx(10.0)


def test_a_wrong_focus_distance_is_noticed() -> None:
    shown = scene(near_m=0.4, far_m=0.5, focus_m=2.0)
    found, _ = estimate(shown.image, **{"lens.focus_distance_m": 4.0})
    assert "focus distance" in conditions(found)["focus distance"]
    assert found.confidence[np.isnan(found.depth)].max(initial=0.0) == 0.0


def test_all_sharp_and_all_blurred_are_told_apart() -> None:
    sharp, _ = estimate(scene(near_m=0.8, far_m=0.8).image)
    assert "everything is sharp" in conditions(sharp)["all sharp"]
    blurry, _ = estimate(scene(near_m=2.0, far_m=2.5, scale=16.0).image, side="far")
    assert "nothing is in focus" in conditions(blurry)["out of focus"]
    assert conditions(estimate(scene().image)[0]) == dict.fromkeys(conditions(sharp), "")


def test_motion_blur_is_no_defocus() -> None:
    moved = blurred(scene(near_m=0.8, far_m=0.8).image, motion_kernel(9.0, 20.0))
    found, pipeline = estimate(moved)
    assert pipeline.moved(found) and pipeline.counters["motion_blurred"] == 1
    assert found.confidence.max() == 0.0


def test_readings_of_the_lens_say_where_it_is_focused() -> None:
    pipeline = DefocusPipeline({**LENS, "lens.focus_distance_m": 0.0})
    image = scene().image
    pipeline.add_image(1, image)
    assert not pipeline.estimate().found.photograph.lens.complete
    pipeline.add_focus(10**9, 0.8, True)
    pipeline.add_focus(2 * 10**9, math.inf, True)
    pipeline.add_focus(3 * 10**9, 1.0, False)
    pipeline.add_focus(4 * 10**9, math.nan, True)
    for stamp, focus in ((1_500_000_000, 1.25), (2_500_000_000, 0.0)):
        pipeline.add_image(stamp, image)
        assert pipeline.estimate().found.photograph.lens.focus_dioptres == focus
    pipeline.add_image(3_500_000_000, image)
    with pytest.raises(InputError, match="the lens moved"):
        pipeline.estimate()
    counters = pipeline.counters
    assert counters["dropped_moving"] == 1 and counters["focus_invalid"] == 1


def test_an_even_image_is_refused_with_the_reason() -> None:
    pipeline = DefocusPipeline(LENS)
    pipeline.add_image(1, np.full((60, 80, 3), 90, np.uint8))
    with pytest.raises(InputError, match="pixels on edges"):
        pipeline.estimate()


def test_grey_16_bit_images_give_nearly_the_same() -> None:
    image = scene().image
    colour, _ = estimate(image)
    deep = (image[..., 1].astype(np.uint16)) * 257
    grey, _ = estimate(deep)
    assert np.median(np.abs(grey.found.defocus - colour.found.defocus)) < 0.6


def test_the_sharp_image_comes_when_it_is_asked_for() -> None:
    pipeline = DefocusPipeline(LENS)
    pipeline.add_image(1, scene().image)
    result = pipeline.estimate()
    assert result.found.sharp is None
    sharp = pipeline.sharpen(result)
    assert sharp.found.sharp is not None and sharp.timings_ms["sharpening"] > 0

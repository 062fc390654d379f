import math

import numpy as np
import pytest
from light_fields import plane_light_field

from ddff_perception.optics.light_field import (
    DDFF_FAR_PX,
    DDFF_NEAR_PX,
    INTERPOLATIONS,
    LYTRO_ILLUM,
    even_disparities,
    focal_stack,
    refocus,
    select_views,
)
from ddff_perception.types import CameraModel, InputError, LightField, LightFieldCalibration

INSIDE = (slice(8, -8), slice(8, -8))


def difference(image, other):
    return np.abs(image[INSIDE].astype(float) - other[INSIDE].astype(float)).mean()


@pytest.mark.parametrize(
    ("interpolation", "worst"), [("fourier", 1), ("bicubic", 2), ("bilinear", 9)]
)
@pytest.mark.parametrize("disparity", [0.0, 0.28, 1.0, -1.37])
def test_a_plane_is_sharp_where_it_is_focused(interpolation, worst, disparity):
    light_field = plane_light_field(disparity)
    centre = light_field.view(2, 3)
    (image,) = refocus(light_field, [disparity], interpolation)
    assert image.dtype == np.uint8
    assert difference(image, centre) <= worst
    (blurred,) = refocus(light_field, [disparity + 1.5], interpolation)
    assert difference(blurred, centre) > 10


def test_fourier_is_the_most_exact_and_bilinear_the_least():
    light_field = plane_light_field(0.37)
    errors = [
        difference(refocus(light_field, [0.37], how)[0], light_field.view(2, 3))
        for how in INTERPOLATIONS
    ]
    assert errors == sorted(errors)
    assert errors[0] < 0.5 < errors[2]


def test_the_shift_of_a_view_is_that_of_the_equation():
    """One view alone: I'(x) = L(u, x + d (u_centre - u)), to the pixel at whole disparities."""
    light_field = plane_light_field(0.0)
    for how in INTERPOLATIONS:
        (image,) = refocus(light_field, [2.0], how, views=[(1, 5)])
        expected = np.roll(light_field.view(1, 5), (-2, 4), (0, 1))
        assert difference(image, expected) < 0.01, how


def test_refocusing_is_the_mean_of_the_shifted_views():
    light_field = plane_light_field(0.5)
    alone = [refocus(light_field, [0.2], views=[v])[0].astype(float) for v in ((0, 0), (4, 6))]
    (both,) = refocus(light_field, [0.2], views=[(0, 0), (4, 6)])
    np.testing.assert_allclose(both, np.mean(alone, axis=0), atol=1.01)


@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
def test_grey_and_deep_views_come_back_in_their_kind(kind):
    views = plane_light_field(0.5).views[..., 0].astype(kind) * kind(1 if kind is np.uint8 else 200)
    (image,) = refocus(LightField(views), [0.5])
    assert (image.shape, image.dtype) == ((48, 64), kind)
    assert difference(image, views[2, 3]) < 0.005 * np.iinfo(kind).max


def test_the_lytro_camera_of_the_thesis():
    """Table 3.2; baseline x focal length is 0.1412 m px with the unrounded baseline (E1)."""
    camera = LYTRO_ILLUM.camera
    values = (camera.fx, camera.fy, camera.cx, camera.cy)
    assert values == pytest.approx((521.4, 521.4, 285.11, 187.83), abs=0.01)
    assert LYTRO_ILLUM.baseline_m == pytest.approx(27e-5, rel=4e-3)
    assert LYTRO_ILLUM.disparity_px(0.5) == pytest.approx(0.2825, abs=1e-4)
    assert LYTRO_ILLUM.disparity_px(7.0) == pytest.approx(0.0202, abs=1e-4)
    disparities = even_disparities(DDFF_NEAR_PX, DDFF_FAR_PX, 10)
    assert disparities[1] == pytest.approx(0.2511, abs=1e-4)
    assert LYTRO_ILLUM.distance_m(disparities[4]) == pytest.approx(0.859, abs=2e-3)


def test_distance_and_disparity_are_each_others_inverse():
    camera = CameraModel(64, 48, 1463.0, 1463.0, 31.5, 23.5)
    calibration = LightFieldCalibration(0.1, camera, zero_disparity_m=10.0)
    distances = np.array([4.0, 10.0, 50.0, np.inf])
    disparities = calibration.disparity_px(distances)
    assert disparities[0] > 0 == disparities[1] > disparities[2] > disparities[3]
    np.testing.assert_allclose(calibration.distance_m(disparities), distances)
    assert math.isnan(calibration.distance_m(disparities[3] - 0.1))


def test_a_calibrated_stack_is_a_sweep_of_a_camera():
    camera = CameraModel(64, 48, 100.0, 100.0, 31.5, 23.5)
    calibration = LightFieldCalibration(0.01, camera, zero_disparity_m=2.0)
    light_field = plane_light_field(0.0, calibration=calibration)
    stack = focal_stack(light_field, [0.5, 0.0, -0.5])
    np.testing.assert_allclose(stack.focus_distances_m, [1.0, 2.0, np.inf])
    assert stack.camera.aperture_diameter_m == pytest.approx(2 * 0.01 * math.sqrt(35 / math.pi))
    assert difference(stack.images[1], light_field.view(2, 3)) < 1
    with pytest.raises(InputError, match=r"below -0\.5 px lie beyond infinity"):
        focal_stack(light_field, [0.0, -0.6])
    unknown = focal_stack(plane_light_field(0.0), [0.5, 0.0])
    assert np.isnan(unknown.focus_distances_m).all()
    assert unknown.camera is None


def test_the_blur_is_as_wide_as_the_aperture_says():
    """A point out of focus by d px per view becomes a square of (views - 1) d px."""
    views = np.zeros((9, 9, 41, 41), np.uint8)
    views[:, :, 20, 20] = 255
    (image,) = refocus(LightField(views), [1.0], "bilinear")
    rows, columns = np.nonzero(image)
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (16, 24, 16, 24)


@pytest.mark.parametrize(
    ("pattern", "count"),
    [("all", 81), ("row", 9), ("column", 9), ("cross", 17), ("diagonals", 17), ("disc", 49)],
)
def test_patterns_of_views(pattern, count):
    light_field = LightField(np.zeros((9, 9, 4, 4), np.uint8))
    views = select_views(light_field, pattern)
    assert len(set(views)) == len(views) == count
    assert (4, 4) in views
    mirrored = {(8 - v, 8 - u) for v, u in views}
    assert mirrored == set(views)
    assert len(set(select_views(light_field, pattern, 5))) == 5


def test_eleven_views_of_a_cross():
    light_field = LightField(np.zeros((9, 9, 4, 4), np.uint8))
    views = select_views(light_field, "cross", 11)
    assert len(set(views)) == 11
    with pytest.raises(InputError, match="has 17 views"):
        select_views(light_field, "cross", 18)
    with pytest.raises(InputError, match="no pattern 'star'"):
        select_views(light_field, "star")


def test_what_cannot_be_refocused_is_refused():
    light_field = plane_light_field(0.0)
    with pytest.raises(InputError, match="interpolation must be"):
        refocus(light_field, [0.0], "nearest")
    with pytest.raises(InputError, match="more than half"):
        refocus(light_field, [20.0])
    with pytest.raises(InputError, match="at least one view"):
        refocus(light_field, [0.0], views=[])
    with pytest.raises(InputError, match="two or more slices"):
        even_disparities(1.0, 1.0, 5)
    with pytest.raises(InputError, match="light field must be"):
        LightField(np.zeros((3, 3, 8, 8), np.float32))
    with pytest.raises(InputError, match="calibration is of 552x383"):
        LightField(light_field.views, LYTRO_ILLUM)

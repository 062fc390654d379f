import math
import time

import cv2
import numpy as np
import pytest
from panes import behind_polarizer

from ddff_perception.optics.fresnel import (
    mixing_coefficient,
    pane_reflectances,
)
from ddff_perception.optics.polarization import (
    SHARING,
    Stokes,
    angle_of_polarization_deg,
    canonical_images,
    degree_of_polarization,
    intensity_behind_polarizer,
    mean_over_channels,
    stokes_from_images,
)
from ddff_perception.types import InputError

ANGLE_SETS = [
    (0.0, 45.0, 90.0),
    (90.0, 0.0, 45.0),
    (0.0, 45.0, 90.0, 135.0),
    (0.0, 60.0, 120.0),
    (10.0, 47.0, 101.0, 133.0, 170.0, 201.0),
]


def curve(perpendicular, parallel, angle_deg, polarizer_deg):
    """Equation 5.3 as it is written, in float64."""
    difference = np.deg2rad(polarizer_deg - np.asarray(angle_deg, np.float64))
    return perpendicular * np.cos(difference) ** 2 + parallel * np.sin(difference) ** 2


def scene(shape=(23, 31, 3), seed=0, limit=44.0):
    """Canonical images well apart, of either sign, and angles within `limit` degrees."""
    rng = np.random.default_rng(seed)
    low = rng.uniform(0.05, 0.4, shape)
    high = low + rng.uniform(0.1, 0.5, shape)
    swapped = rng.random(shape) < 0.5
    angle = rng.uniform(-limit, limit, shape)
    return np.where(swapped, low, high), np.where(swapped, high, low), angle


def shots(perpendicular, parallel, angle, polarizer_deg):
    return [curve(perpendicular, parallel, angle, p).astype(np.float32) for p in polarizer_deg]


@pytest.mark.parametrize("angles", ANGLE_SETS)
@pytest.mark.parametrize("shape", [(23, 31, 3), (40, 2000), (1, 1)])
def test_the_decomposition_finds_both_images_and_the_angle(angles, shape):
    perpendicular, parallel, angle = scene(shape)
    found = canonical_images(shots(perpendicular, parallel, angle, angles), angles)
    np.testing.assert_allclose(found.perpendicular, perpendicular, atol=1e-6)
    np.testing.assert_allclose(found.parallel, parallel, atol=1e-6)
    np.testing.assert_allclose(found.angle_deg, angle, atol=1e-4)
    for values in (found.perpendicular, found.parallel, found.angle_deg):
        assert values.dtype == np.float32
        assert values.shape == shape


def test_the_closed_form_of_three_angles_is_the_least_squares_solution():
    images = np.random.default_rng(2).random((3, 20, 30))
    total = images[0] + images[2]
    a, b = images[0] - images[2], total - 2 * images[1]
    d = np.sign(a) * np.hypot(a, b)
    found = canonical_images(images.astype(np.float32), (0, 45, 90))
    np.testing.assert_allclose(found.perpendicular, (total + d) / 2, atol=1e-6)
    np.testing.assert_allclose(found.parallel, (total - d) / 2, atol=1e-6)
    np.testing.assert_allclose(found.angle_deg, np.rad2deg(-0.5 * np.arctan(b / a)), atol=1e-2)


def test_the_angle_lies_within_45_degrees_of_the_reference_and_the_images_swap():
    perpendicular, parallel, angle = scene()
    images = shots(perpendicular, parallel, angle, (0, 45, 90))
    upright = canonical_images(images, (0, 45, 90), reference_deg=90.0)
    np.testing.assert_allclose(upright.angle_deg, angle + 90.0, atol=1e-4)
    np.testing.assert_allclose(upright.perpendicular, parallel, atol=1e-6)
    np.testing.assert_allclose(upright.parallel, perpendicular, atol=1e-6)
    tilted = canonical_images(images, (0, 45, 90), reference_deg=20.0)
    assert tilted.angle_deg.min() >= -25.0
    assert tilted.angle_deg.max() <= 65.0
    for polarizer in (0.0, 33.0, 118.0):
        again = curve(tilted.perpendicular, tilted.parallel, tilted.angle_deg, polarizer)
        np.testing.assert_allclose(again, curve(*scene(), polarizer), atol=1e-6)


def test_an_offset_of_all_polarizer_angles_turns_the_angle_by_as_much():
    perpendicular, parallel, angle = scene(limit=30.0)
    found = canonical_images(shots(perpendicular, parallel, angle, (0, 45, 90)), (7, 52, 97))
    np.testing.assert_allclose(found.angle_deg, angle + 7.0, atol=1e-4)
    np.testing.assert_allclose(found.perpendicular, perpendicular, atol=1e-6)


def test_the_sign_is_that_of_reflected_minus_transmitted_light():
    rng = np.random.default_rng(3)
    reflection, transmission = rng.random((2, 30, 40))
    reflectances = pane_reflectances(65.0)
    images = [
        behind_polarizer(
            reflection, transmission, mixing_coefficient(reflectances, 12.0, angle)
        ).astype(np.float32)
        for angle in (0, 45, 90)
    ]
    found = canonical_images(images, (0, 45, 90))
    clear = np.abs(reflection - transmission) > 0.01
    difference = (found.perpendicular - found.parallel)[clear]
    assert np.array_equal(np.sign(difference), np.sign(reflection - transmission)[clear])
    np.testing.assert_allclose(found.angle_deg[clear], 12.0, atol=0.01)
    expected = (reflectances[0] - reflectances[1]) * (reflection - transmission) / 2
    np.testing.assert_allclose(found.perpendicular - found.parallel, expected, atol=1e-6)


@pytest.mark.parametrize("sharing", SHARING)
@pytest.mark.parametrize("level", [0.0, 0.25, 1.0])
def test_unpolarized_light_has_two_equal_images_and_the_reference_angle(sharing, level):
    images = [np.full((4, 5, 3), level, np.float32)] * 3
    found = canonical_images(images, (0, 45, 90), sharing, reference_deg=90.0)
    np.testing.assert_allclose(found.perpendicular, level, atol=1e-6)
    np.testing.assert_allclose(found.parallel, level, atol=1e-6)
    np.testing.assert_array_equal(found.angle_deg, 90.0)


@pytest.mark.parametrize("sharing", SHARING)
@pytest.mark.parametrize("angles", [(0, 45, 90), (0, 45, 90, 135)])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_equal_integer_images_of_any_level_are_not_polarized(dtype, angles, sharing):
    """Rounding must not make an axis of what cancels."""
    image = np.random.default_rng(5).integers(0, np.iinfo(dtype).max + 1, (16, 20, 3)).astype(dtype)
    found = canonical_images([image] * len(angles), angles, sharing)
    assert np.ptp(image) > 0.9 * np.iinfo(dtype).max
    np.testing.assert_array_equal(found.angle_deg, 0.0)
    np.testing.assert_allclose(found.perpendicular, found.parallel, atol=1e-12)


def test_light_polarized_between_the_ends_of_the_interval_keeps_its_length():
    images = [np.full((2, 3), value, np.float32) for value in (0.5, 0.9, 0.5)]
    found = canonical_images(images, (0, 45, 90))
    np.testing.assert_allclose(found.perpendicular, 0.9, atol=1e-6)
    np.testing.assert_allclose(found.parallel, 0.1, atol=1e-6)
    np.testing.assert_allclose(found.angle_deg, 45.0, atol=1e-5)


def test_channels_of_a_pixel_share_one_axis_whichever_sign_each_has():
    perpendicular, parallel, _ = scene()
    angle = np.random.default_rng(4).uniform(-44, 44, (23, 31))
    images = shots(perpendicular, parallel, angle[..., None], (0, 45, 90))
    found = canonical_images(images, (0, 45, 90), "pixel")
    assert found.angle_deg.shape == (23, 31)
    np.testing.assert_allclose(found.angle_deg, angle, atol=1e-4)
    np.testing.assert_allclose(found.perpendicular, perpendicular, atol=1e-6)
    np.testing.assert_allclose(found.parallel, parallel, atol=1e-6)


def test_one_axis_for_the_image_is_found_below_noise():
    perpendicular, parallel, _ = scene((60, 80, 3))
    rng = np.random.default_rng(5)
    images = shots(perpendicular, parallel, -31.0, (0, 45, 90, 135))
    noisy = [(i + rng.normal(0, 0.02, i.shape)).astype(np.float32) for i in images]
    found = canonical_images(noisy, (0, 45, 90, 135), "image")
    assert found.angle_deg.shape == ()
    assert float(found.angle_deg) == pytest.approx(-31.0, abs=0.1)
    exact = canonical_images(images, (0, 45, 90, 135), "image")
    np.testing.assert_allclose(exact.perpendicular, perpendicular, atol=1e-6)
    single = canonical_images(noisy, (0, 45, 90, 135))
    error = np.abs(found.perpendicular - perpendicular).mean()
    assert error < np.abs(single.perpendicular - perpendicular).mean()


@pytest.mark.parametrize("sharing", SHARING)
def test_arrays_of_an_earlier_result_are_written_again(sharing):
    first = canonical_images(shots(*scene(seed=6), (0, 45, 90)), (0, 45, 90), sharing)
    images = shots(*scene(seed=7), (0, 45, 90))
    again = canonical_images(images, (0, 45, 90), sharing, out=first)
    assert again.perpendicular is first.perpendicular
    fresh = canonical_images(images, (0, 45, 90), sharing)
    # Where an array begins decides which vector instructions work on which element.
    np.testing.assert_allclose(again.parallel, fresh.parallel, atol=1e-6)
    np.testing.assert_allclose(again.angle_deg, fresh.angle_deg, atol=1e-3)


@pytest.mark.parametrize("angles", ANGLE_SETS)
def test_stokes_parameters_and_the_intensity_at_any_angle(angles):
    rng = np.random.default_rng(8)
    s0 = rng.uniform(0.3, 1.0, (9, 11))
    degree, angle = rng.uniform(0.05, 0.95, (9, 11)), rng.uniform(0, 179.9, (9, 11))
    images = [
        (0.5 * s0 * (1 + degree * np.cos(np.deg2rad(2 * (a - angle))))).astype(np.float32)
        for a in angles
    ]
    stokes = stokes_from_images(images, angles)
    np.testing.assert_allclose(stokes.s0, s0, atol=1e-6)
    np.testing.assert_allclose(stokes.s1, s0 * degree * np.cos(np.deg2rad(2 * angle)), atol=1e-6)
    np.testing.assert_allclose(stokes.s2, s0 * degree * np.sin(np.deg2rad(2 * angle)), atol=1e-6)
    np.testing.assert_allclose(degree_of_polarization(stokes), degree, atol=2e-6)
    np.testing.assert_allclose(angle_of_polarization_deg(stokes), angle, atol=1e-3)
    for polarizer, image in zip(angles, images, strict=True):
        np.testing.assert_allclose(intensity_behind_polarizer(stokes, polarizer), image, atol=1e-6)
    across = intensity_behind_polarizer(stokes, 77.0) + intensity_behind_polarizer(stokes, 167.0)
    np.testing.assert_allclose(across, s0, atol=1e-6)


def test_more_angles_than_unknowns_average_the_noise():
    perpendicular, parallel, angle = scene((50, 60))
    rng = np.random.default_rng(9)

    def error(angles):
        clean = shots(perpendicular, parallel, angle, angles)
        noisy = [(i + rng.normal(0, 0.01, i.shape)).astype(np.float32) for i in clean]
        return np.std(stokes_from_images(noisy, angles).s0 - perpendicular - parallel)

    assert error((0, 45, 90)) == pytest.approx(0.01 * math.sqrt(2), rel=0.1)
    assert error((0, 45, 90, 135)) == pytest.approx(0.01, rel=0.1)


def test_dark_and_unpolarized_pixels_have_degree_and_angle_0():
    s0 = np.array([[0.0, 1.0, -0.1, 0.5]], np.float32)
    s1 = np.array([[0.0, 0.0, 0.1, 2.0]], np.float32)
    stokes = Stokes(s0, s1, np.zeros_like(s0))
    np.testing.assert_array_equal(degree_of_polarization(stokes), [[0.0, 0.0, 0.0, 1.0]])
    np.testing.assert_array_equal(angle_of_polarization_deg(stokes), np.zeros((1, 4)))


def test_the_mean_over_channels_is_the_light_of_all_channels():
    images = shots(*scene(), (0, 45, 90))
    grey = stokes_from_images([image.mean(axis=2) for image in images], (0, 45, 90))
    mean = mean_over_channels(stokes_from_images(images, (0, 45, 90)))
    for name in ("s0", "s1", "s2"):
        np.testing.assert_allclose(getattr(mean, name), getattr(grey, name), atol=1e-6)
    assert mean_over_channels(grey) is grey


def test_an_angle_of_polarization_is_never_180():
    one = np.ones((1, 3), np.float32)
    s2 = np.array([[-1e-9, -1e-3, 1e-9]], np.float32)
    angle = angle_of_polarization_deg(Stokes(one, one, s2))
    np.testing.assert_allclose(angle, [[0.0, 179.97135, 0.0]], atol=1e-4)


@pytest.mark.parametrize(("dtype", "top"), [(np.uint8, 255), (np.uint16, 65535)])
def test_integer_images_count_from_0_to_1(dtype, top):
    perpendicular, parallel, angle = scene()
    floats = shots(perpendicular, parallel, angle, (0, 45, 90))
    integers = [np.round(image * top).astype(dtype) for image in floats]
    found = canonical_images(integers, (0, 45, 90))
    np.testing.assert_allclose(found.perpendicular, perpendicular, atol=1.6 / top)
    expected = canonical_images([i.astype(np.float32) / top for i in integers], (0, 45, 90))
    np.testing.assert_allclose(found.parallel, expected.parallel, atol=1e-6)
    np.testing.assert_allclose(
        stokes_from_images(integers, (0, 45, 90)).s0, perpendicular + parallel, atol=1.1 / top
    )


def test_views_into_a_mosaic_are_as_good_as_copies():
    raw = np.random.default_rng(10).integers(0, 255, (40, 60), dtype=np.uint8)
    views = [raw[1::2, 1::2], raw[0::2, 1::2], raw[0::2, 0::2]]
    of_views = canonical_images(views, (0, 45, 90))
    of_copies = canonical_images([view.copy() for view in views], (0, 45, 90))
    np.testing.assert_array_equal(of_views.parallel, of_copies.parallel)


def test_the_images_given_are_not_touched():
    images = shots(*scene(), (0, 45, 90))
    before = [image.copy() for image in images]
    for sharing in SHARING:
        canonical_images(images, (0, 45, 90), sharing)
    stokes_from_images(images, (0, 45, 90))
    for image, copy in zip(images, before, strict=True):
        np.testing.assert_array_equal(image, copy)


@pytest.mark.parametrize("angles", [(0, 90, 180), (0, 45), (30, 30, 30), (0, 0.2, 90)])
def test_angles_that_determine_nothing_are_refused(angles):
    images = [np.zeros((2, 2), np.float32)] * len(angles)
    for function in (stokes_from_images, canonical_images):
        with pytest.raises(InputError, match="three or more polarizer angles that differ"):
            function(images, angles)


def test_numbers_and_names_that_do_not_fit_are_refused():
    images = [np.zeros((2, 2), np.float32)] * 3
    with pytest.raises(InputError, match="3 images but 4 polarizer angles"):
        stokes_from_images(images, (0, 45, 90, 135))
    with pytest.raises(InputError, match="per channel, pixel, image, not 'row'"):
        canonical_images(images, (0, 45, 90), "row")


@pytest.mark.alone
def test_the_decomposition_costs_a_few_sobel_filters():
    """Some 2.5 of them; on a busy machine only a cost far beyond that is a failure."""
    rng = np.random.default_rng(11)
    images = [rng.random((512, 640, 3), dtype=np.float32) for _ in range(3)]
    gradients = [np.empty_like(image) for image in images]
    result = canonical_images(images, (0, 45, 90))

    def sobel():
        for image, gradient in zip(images, gradients, strict=True):
            cv2.Sobel(image, cv2.CV_32F, 1, 0, dst=gradient)

    def seconds(function):
        start = time.perf_counter()
        function()
        return time.perf_counter() - start

    times = [
        (seconds(sobel), seconds(lambda: canonical_images(images, (0, 45, 90), out=result)))
        for _ in range(15)
    ]
    assert min(t for _, t in times) < 6 * min(t for t, _ in times)

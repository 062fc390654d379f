import numpy as np
import pytest

from ddff_perception.optics.polarization import degree_of_polarization, stokes_from_images
from ddff_perception.reflection.capture.images import (
    CaptureSettings,
    displayed,
    images_from_angles,
    images_from_mosaic,
    linearized,
    saturated_pixels,
)
from ddff_perception.reflection.methods import separate
from ddff_perception.types import InputError

ANGLES = (0.0, 45.0, 90.0)


def three(dtype=np.uint8, shape=(6, 8), value=100):
    return [np.full(shape, value + number, dtype) for number in range(3)]


def test_linear_images_of_full_range_stay_as_they_are():
    for dtype in (np.uint8, np.uint16):
        images = three(dtype)
        found = images_from_angles(images, ANGLES)
        assert all(a is b for a, b in zip(found.images, images, strict=True))
        assert found.angles_deg == ANGLES
        assert found.offset_known


@pytest.mark.parametrize("layout", ["90_45_135_0", "45_90_0_135"])
@pytest.mark.parametrize("top", [200, 60_000])
def test_the_images_of_half_a_mosaic_lie_over_each_other(layout, top):
    # One unpolarized scene before all pixels: what differs between the angles is misregistered.
    y, x = np.mgrid[:96, :128]
    scene = top * (0.5 + 0.2 * np.sin(x / 3.0 + y / 7.0) + 0.2 * np.sin(y / 2.5))
    raw = np.rint(scene).astype(np.uint8 if top < 256 else np.uint16)
    found = images_from_mosaic(raw, CaptureSettings(layout=layout))
    middle = scene.reshape(48, 2, 64, 2).mean(axis=(1, 3))
    assert found.angles_deg == (0.0, 45.0, 90.0, 135.0)
    for image in found.images:
        assert np.abs(image - middle)[2:-2, 2:-2].max() < 0.022 * top
    apart = np.ptp(np.stack([raw[r::2, c::2] for r in (0, 1) for c in (0, 1)]).astype(int), axis=0)
    left = np.ptp(np.stack(found.images).astype(int), axis=0)
    assert left[2:-2, 2:-2].mean() < 0.05 * apart[2:-2, 2:-2].mean()


def test_a_mosaic_of_full_resolution_has_its_size():
    raw = np.full((8, 12), 1000, np.uint16)
    found = images_from_mosaic(raw, CaptureSettings(resolution="full", layout="90_45_135_0_rggb"))
    assert [image.shape for image in found.images] == [(8, 12, 3)] * 4
    assert all((image == 1000).all() for image in found.images)


def test_twelve_bits_count_from_0_to_1():
    raw = np.array([[4095, 0], [2048, 1024]], np.uint16)
    found = images_from_mosaic(raw, CaptureSettings(bit_depth=12, max_saturated_share=1.0))
    values = [float(image[0, 0]) for image in found.images]
    np.testing.assert_allclose(values, [1024 / 4095, 0.0, 1.0, 2048 / 4095], atol=1e-7)
    assert found.images[0].dtype == np.float32


def test_values_beyond_the_bit_depth_are_refused():
    with pytest.raises(InputError, match="reach 4098, which 12 bits do not hold"):
        images_from_angles(
            [np.full((2, 2), 4096 + n, np.uint16) for n in (0, 1, 2)][::-1],
            ANGLES,
            CaptureSettings(bit_depth=12, max_saturated_share=1.0),
        )
    with pytest.raises(InputError, match="bit_depth 12 is more than the 8 bits"):
        images_from_angles(three(), ANGLES, CaptureSettings(bit_depth=12))


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"response": "gamma"}, (0.0, (64 / 255) ** 2.2, 1.0)),
        ({"response": "gamma", "gamma": 1.8}, (0.0, (64 / 255) ** 1.8, 1.0)),
        ({"response": "srgb"}, (0.0, 0.0512695, 1.0)),
        ({"black_level": 0.1}, (0.0, (64 / 255 - 0.1) / 0.9, 1.0)),
    ],
)
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_the_response_of_the_camera_is_undone(values, expected, dtype):
    top = np.iinfo(dtype).max
    image = np.array([[0, 64 * (top // 255), top]], dtype)
    found = linearized(image, CaptureSettings.from_values(values))
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, [expected], atol=1e-6)


@pytest.mark.parametrize("values", [{"response": "gamma"}, {"response": "srgb"}, {}])
def test_a_linear_image_is_shown_as_the_camera_would(values):
    complete = CaptureSettings.from_values(values)
    image = np.arange(256, dtype=np.uint8).reshape(16, 16)
    linear = linearized(image, complete)
    if linear.dtype == np.uint8:
        linear = linear.astype(np.float32) / 255
    np.testing.assert_allclose(displayed(linear, complete) * 255, image, atol=2e-3)
    beyond = np.array([[-1.0, 2.0]], np.float32)
    np.testing.assert_allclose(displayed(beyond, complete), [[0.0, 1.0]], atol=1e-6)


def test_a_response_that_is_not_undone_falsifies_the_degree_of_polarization():
    light = [0.5 * (1 + 0.5 * np.cos(np.deg2rad(2 * angle))) for angle in ANGLES]
    coded = [np.full((2, 2), np.round(65535 * v ** (1 / 2.2)), np.uint16) for v in light]
    right = images_from_angles(
        coded, ANGLES, CaptureSettings(response="gamma", max_saturated_share=1.0)
    )
    wrong = images_from_angles(coded, ANGLES)
    degrees = [
        degree_of_polarization(stokes_from_images(found.images, ANGLES)).mean()
        for found in (right, wrong)
    ]
    assert degrees[0] == pytest.approx(0.5, abs=1e-4)
    assert degrees[1] < 0.3


def test_a_pixel_is_saturated_where_any_image_or_channel_is():
    images = three(shape=(10, 10, 3))
    images[0][:2, :, 0] = 255
    images[2][1:5, :, 1] = 253
    assert saturated_pixels(images, CaptureSettings()).sum() == 50
    assert saturated_pixels(images, CaptureSettings(saturation_level=1.0)).sum() == 20
    assert not saturated_pixels(three(shape=(10, 10)), CaptureSettings()).any()


@pytest.mark.parametrize(
    ("layout", "resolution", "size", "pixels"),
    [
        ("90_45_135_0", "half", (10, 12), np.s_[3:4, 4:5]),
        ("90_45_135_0", "full", (20, 24), np.s_[5:8, 7:10]),
        ("90_45_135_0_rggb", "half", (10, 12), np.s_[2:5, 3:6]),
        ("90_45_135_0_rggb", "full", (20, 24), np.s_[3:10, 5:12]),
    ],
)
def test_what_is_made_of_a_saturated_pixel_has_no_confidence(layout, resolution, size, pixels):
    raw = np.random.default_rng(0).integers(50, 150, (20, 24)).astype(np.uint8)
    raw[6, 8] = 230
    settings = CaptureSettings(layout=layout, resolution=resolution, saturation_level=0.9)
    images = images_from_mosaic(raw, settings)
    assert max(image.max() for image in images.images) < 254 or resolution == "full"
    expected = np.zeros(size, bool)
    expected[pixels] = True
    np.testing.assert_array_equal(images.clipped, expected)
    confidence = separate(images, "schechner").confidence
    assert (confidence[expected] == 0).all()


def test_mostly_saturated_images_are_refused():
    images = three()
    images[1][:3] = 255
    with pytest.raises(InputError, match=r"50% of the pixels are saturated.*shorten the exposure"):
        images_from_angles(images, ANGLES, CaptureSettings(max_saturated_share=0.4))
    assert images_from_angles(images, ANGLES, CaptureSettings(max_saturated_share=0.5))
    full = [np.full((2, 2), 4095, np.uint16)] * 3
    with pytest.raises(InputError, match="100% of the pixels are saturated"):
        images_from_angles(full, ANGLES, CaptureSettings(bit_depth=12))


@pytest.mark.parametrize(
    ("images", "angles", "words"),
    [
        (three()[:2], (0, 90), "three or more different polarizer angles"),
        (three(), (0, 45), "3 polarizer images but 2 angles"),
        ([*three(), three()[0]], (0, 45, 90, 180), "angles 0 and 180 are one"),
        ([*three(), three()[0]], (0, 45, 90, 45), "angles 45 and 45 are one"),
        ([*three()[:2], np.zeros((6, 9), np.uint8)], ANGLES, "image 2 is .* one size and type"),
        ([*three()[:2], three(np.uint16)[2]], ANGLES, "image 2 is .* one size and type"),
    ],
)
def test_images_that_do_not_belong_together_are_refused(images, angles, words):
    with pytest.raises(InputError, match=words):
        images_from_angles(images, angles)


def test_an_unknown_offset_is_passed_on():
    assert not images_from_angles(three(), ANGLES, CaptureSettings(offset_known=False)).offset_known


def test_a_layout_that_is_not_there_is_refused_with_those_that_are():
    with pytest.raises(InputError, match=r"layout must be one of 90_45_135_0"):
        images_from_mosaic(np.zeros((4, 4), np.uint8), CaptureSettings(layout="1_2_3_4"))

import cv2
import numpy as np
import pytest

from ddff_perception.depth_from_focus.classical import focus_measures
from ddff_perception.depth_from_focus.classical.focus_measures import (
    FOCUS_MEASURES,
    MeasureSettings,
    focus_measure,
    to_grey,
    yardstick,
    yardstick_slice,
)
from ddff_perception.types import InputError

NAMES = sorted(FOCUS_MEASURES)


@pytest.fixture(scope="module")
def texture():
    return np.random.default_rng(1).uniform(0, 255, (48, 64)).astype(np.float32)


@pytest.mark.parametrize("name", NAMES)
def test_every_measure_is_zero_on_a_constant_image(name):
    result = focus_measure(np.full((20, 30), 117, np.float32), name)
    assert result.shape == (20, 30)
    assert result.dtype == np.float32
    np.testing.assert_allclose(result, 0, atol=0.05 if name == "dct_energy" else 1e-3)


@pytest.mark.parametrize("name", NAMES)
def test_every_measure_falls_as_blur_grows(name, texture):
    means = [
        focus_measure(cv2.GaussianBlur(texture, (0, 0), sigma), name).mean()
        for sigma in (0.5, 1.0, 2.0, 4.0)
    ]
    assert np.all(np.diff(means) < 0)


@pytest.mark.parametrize("name", NAMES)
def test_every_measure_treats_both_directions_alike(name, texture):
    upright = focus_measure(texture, name)
    lying = focus_measure(np.ascontiguousarray(texture.T), name)
    np.testing.assert_allclose(upright, lying.T, rtol=1e-3, atol=1e-2)


@pytest.mark.parametrize("name", NAMES)
def test_a_high_threshold_silences_every_measure(name, texture):
    weak = texture / 1000
    assert focus_measure(weak, name, MeasureSettings(threshold=5.0)).max() == 0
    assert focus_measure(weak, name).max() > 0


def test_modified_laplacian_of_a_single_bright_pixel():
    grey = np.zeros((9, 9), np.float32)
    grey[4, 4] = 10
    result = focus_measure(grey, "sum_modified_laplacian", MeasureSettings(step=2))
    assert result[4, 4] == 40  # 20 along x and 20 along y
    assert result[4, 2] == result[2, 4] == 10
    assert result[4, 3] == 0


def test_tenengrad_and_brenner_of_a_ramp():
    ramp = np.tile(np.arange(20, dtype=np.float32) * 3, (10, 1))
    np.testing.assert_allclose(focus_measure(ramp, "tenengrad")[2:-2, 2:-2], 9)
    np.testing.assert_allclose(focus_measure(ramp, "brenner")[2:-2, 2:-2], 36)


def test_laplacian_energy_of_a_parabola():
    x = np.arange(20, dtype=np.float32)
    parabola = np.tile(x * x, (10, 1))
    np.testing.assert_allclose(focus_measure(parabola, "laplacian_energy")[3:-3, 3:-3], 4)
    variance = focus_measure(parabola, "laplacian_variance", MeasureSettings(window=3))
    np.testing.assert_allclose(variance[3:-3, 3:-3], 0, atol=1e-2)


def test_grey_level_variance_matches_numpy(texture):
    result = focus_measure(texture + 0, "grey_level_variance", MeasureSettings(window=5))
    assert result[20, 30] == pytest.approx(texture[18:23, 28:33].var(), rel=1e-4)


def test_dct_energy_of_one_cosine_is_its_energy():
    window = 9
    wave = 5 * np.cos(np.pi * (np.arange(window) + 0.5) / window)
    grey = np.tile(wave.astype(np.float32), (window, 1))
    result = focus_measure(grey, "dct_energy", MeasureSettings(window=window))
    assert result[4, 4] == pytest.approx(np.square(grey).sum(), rel=1e-4)


def test_wavelet_has_three_vanishing_moments():
    x = np.arange(40, dtype=np.float32)
    grey = np.tile(0.1 * x * x + x, (40, 1))
    result = focus_measure(grey, "wavelet_energy", MeasureSettings(level=2))
    # Away from the border, which a parabola does not continue beyond.
    np.testing.assert_allclose(result[:, 18:22], 0, atol=1e-4)


def test_more_wavelet_levels_see_coarser_texture(texture):
    coarse = cv2.GaussianBlur(texture, (0, 0), 3)
    one = focus_measure(coarse, "wavelet_energy", MeasureSettings(level=1)).mean()
    three = focus_measure(coarse, "wavelet_energy", MeasureSettings(level=3)).mean()
    assert three > 10 * one


@pytest.mark.parametrize("bad", [{"step": 0}, {"window": 8}, {"threshold": -1.0}, {"levels": 2}])
def test_bad_settings_are_refused(bad):
    with pytest.raises(InputError):
        MeasureSettings.from_values(bad)


def test_default_settings_are_the_table():
    assert MeasureSettings.from_values() == focus_measures.DEFAULT_SETTINGS


def test_an_unknown_measure_names_the_known_ones():
    with pytest.raises(InputError, match="tenengrad"):
        focus_measure(np.zeros((4, 4), np.float32), "sharpness")


def test_grey_keeps_fractions_of_a_grey_level():
    image = np.full((4, 4, 3), 100, np.uint8)
    image[0, 0] = (101, 100, 100)
    grey = to_grey(image)
    assert grey.dtype == np.float32
    assert grey[0, 0] - grey[1, 1] == pytest.approx(0.114, abs=1e-4)


def test_grey_of_all_image_types_agrees():
    colour = np.random.default_rng(2).integers(0, 256, (6, 7, 3), dtype=np.uint8)
    from_8_bit = to_grey(colour)
    np.testing.assert_allclose(to_grey(colour.astype(np.uint16) * 257), from_8_bit, atol=1e-3)
    flat = np.rint(from_8_bit).astype(np.uint8)
    np.testing.assert_array_equal(to_grey(flat), flat)
    np.testing.assert_array_equal(to_grey(flat[..., None]), flat)


@pytest.mark.parametrize(
    "image",
    [np.zeros((4, 4), np.float32), np.zeros((4, 4, 2), np.uint8), np.zeros(4, np.uint8)],
)
def test_other_arrays_are_not_images(image):
    with pytest.raises(InputError):
        to_grey(image)


def test_yardstick_is_the_box_mean_of_the_modified_laplacian():
    image = np.random.default_rng(3).integers(0, 256, (30, 40), dtype=np.uint8)
    expected = cv2.blur(focus_measure(to_grey(image), "modified_laplacian"), (9, 9))
    np.testing.assert_allclose(yardstick_slice(image)[8:-8, 8:-8], expected[8:-8, 8:-8], rtol=1e-5)


def test_yardstick_finds_the_sharp_slice():
    sharp = np.random.default_rng(4).integers(0, 256, (40, 60, 3), dtype=np.uint8)
    blurred = cv2.GaussianBlur(sharp, (0, 0), 2)
    left, right = blurred.copy(), blurred.copy()
    left[:, :30], right[:, 30:] = sharp[:, :30], sharp[:, 30:]
    index = yardstick([blurred, left, right])
    assert np.all(index[:, :24] == 1)
    assert np.all(index[:, 36:] == 2)

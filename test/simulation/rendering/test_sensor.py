import numpy as np
import pytest

from ddff_perception.optics.srgb import srgb_decode
from ddff_perception.simulation.rendering.sensor import (
    SensorSettings,
    expose,
    exposure_for,
    vignette,
)

CLEAN = SensorSettings(noise=0.0)


def test_image_is_bgr_of_the_rgb_radiance_and_saturates():
    radiance = np.zeros((2, 3, 3), np.float32)
    radiance[..., 0] = 5.0
    image = expose(radiance, 1.0, CLEAN, np.random.default_rng(0))
    assert image.dtype == np.uint8 and image.shape == (2, 3, 3)
    assert image[0, 0].tolist() == [0, 0, 255]


def test_exposure_brings_the_percentile_to_the_target():
    radiance = np.repeat(np.linspace(0, 40, 10001, dtype=np.float32)[:, None, None], 3, axis=2)
    assert exposure_for(radiance, 95.0, 0.75) * 38.0 == pytest.approx(0.75)


def test_noise_has_the_variance_of_photons_and_readout():
    settings = SensorSettings(noise=1.0, full_well_e=2000.0, read_noise_e=10.0)
    for level in (0.1, 0.5):
        radiance = np.full((300, 300, 3), level, np.float32)
        image = expose(radiance, 1.0, settings, np.random.default_rng(1))
        linear = srgb_decode(image / 255.0)
        expected = np.sqrt(level / 2000.0 + (10.0 / 2000.0) ** 2)
        assert linear.mean() == pytest.approx(level, rel=0.01)
        assert linear.std() == pytest.approx(expected, rel=0.05)


def test_noise_repeats_with_its_seed():
    radiance = np.full((8, 8, 3), 0.3, np.float32)
    one, two, three = (
        expose(radiance, 1.0, SensorSettings(), np.random.default_rng(seed)) for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(one, two)
    assert not np.array_equal(one, three)


def test_vignetting_takes_light_from_the_corners_alone():
    shade = vignette(101, 201, 0.4)
    assert shade[50, 100] == 1.0
    assert shade[0, 0] == pytest.approx(0.6) and shade[-1, -1] == pytest.approx(0.6)
    settings = SensorSettings(noise=0.0, vignetting=0.4)
    flat = np.full((101, 201, 3), 0.5, np.float32)
    image = expose(flat, 1.0, settings, np.random.default_rng(0))
    assert srgb_decode(image[0, 0] / 255.0) == pytest.approx(0.3, abs=0.01)

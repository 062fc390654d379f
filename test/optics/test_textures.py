import itertools

import numpy as np
import pytest

from ddff_perception.optics.textures import MAKERS, dead_leaves, make_texture, one_over_f


@pytest.mark.parametrize("kind", MAKERS)
def test_texture_is_a_reflectance_and_repeats_with_its_seed(kind):
    first = make_texture(kind, np.random.default_rng(3), 96)
    again = make_texture(kind, np.random.default_rng(3), 96)
    other = make_texture(kind, np.random.default_rng(4), 96)
    assert first.shape == (96, 96, 3) and first.dtype == np.float32
    assert first.min() > 0.0 and first.max() <= 0.9
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_plain_has_no_contrast_and_plaster_hardly_any():
    def contrast(kind: str) -> float:
        image = make_texture(kind, np.random.default_rng(0), 128).mean(axis=-1)
        return float(image.std() / image.mean())

    assert contrast("plain") == 0.0
    assert 0.003 < contrast("plaster") < 0.04
    assert contrast("dead_leaves") > 0.2


def test_dead_leaves_have_edges_at_every_scale():
    """Natural images: the power spectrum falls near 1/f^2, the gradients have heavy tails."""
    image = np.log(dead_leaves(np.random.default_rng(1), 256).mean(axis=-1).astype(np.float64))
    assert -2.9 < _power_slope(image) < -1.4
    gradient = np.diff(image, axis=1)
    kurtosis = np.mean((gradient - gradient.mean()) ** 4) / gradient.var() ** 2
    assert kurtosis > 5.0


def test_one_over_f_noise_has_the_slope_that_was_asked_for():
    for exponent in (0.7, 1.0, 1.5):
        noise = one_over_f(np.random.default_rng(2), 256, exponent)
        assert abs(noise.mean()) < 1e-4 and noise.std() == pytest.approx(1.0, abs=1e-3)
        assert _power_slope(noise) == pytest.approx(-2 * exponent, abs=0.15)


def _power_slope(image: np.ndarray) -> float:
    """Exponent of the radial power spectrum between 4 and size/4 cycles per image."""
    window = np.hanning(len(image))
    power = np.abs(np.fft.fft2((image - image.mean()) * window[:, None] * window[None, :])) ** 2
    cycles = np.fft.fftfreq(len(image)) * len(image)
    radius = np.hypot(cycles[:, None], cycles[None, :])
    edges = np.geomspace(4, len(image) / 4, 9)
    centres = np.sqrt(edges[:-1] * edges[1:])
    rings = [power[(radius >= a) & (radius < b)].mean() for a, b in itertools.pairwise(edges)]
    return float(np.polyfit(np.log(centres), np.log(rings), 1)[0])

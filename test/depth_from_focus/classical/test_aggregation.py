import cv2
import numpy as np
import pytest

from ddff_perception.depth_from_focus.classical.aggregation import GuidedFilter, aggregate
from ddff_perception.types import InputError


@pytest.fixture(scope="module")
def noise():
    return np.random.default_rng(5).uniform(0, 10, (40, 50)).astype(np.float32)


@pytest.mark.parametrize("kind", ["box", "gaussian", "guided"])
def test_a_constant_measure_stays_as_it_is(kind, noise):
    constant = np.full(noise.shape, 3.5, np.float32)
    result = aggregate(constant, noise, kind, radius=3)
    assert result.dtype == np.float32
    np.testing.assert_allclose(result, 3.5, rtol=1e-4)


def test_box_is_the_mean_of_the_window(noise):
    result = aggregate(noise, kind="box", radius=2)
    assert result[10, 20] == pytest.approx(noise[8:13, 18:23].mean(), rel=1e-5)


def test_radius_zero_changes_nothing(noise):
    for kind in ("box", "gaussian"):
        np.testing.assert_allclose(aggregate(noise, kind=kind, radius=0), noise)


def test_gaussian_weights_the_centre_most():
    impulse = np.zeros((21, 21), np.float32)
    impulse[10, 10] = 1
    result = aggregate(impulse, kind="gaussian", radius=4)
    assert result[10, 10] > result[10, 11] > result[10, 12] > 0
    assert result[10, 15] == 0
    assert result.sum() == pytest.approx(1, rel=1e-5)


def test_guided_does_not_cross_an_edge_of_the_guide(noise):
    guide = np.where(np.arange(50) < 25, 50.0, 200.0).astype(np.float32) * np.ones((40, 1))
    guide = guide.astype(np.float32)
    measure = np.where(guide < 100, np.float32(1), np.float32(9)).astype(np.float32)
    guided = aggregate(measure, guide, "guided", radius=6)
    box = aggregate(measure, guide, "box", radius=6)
    assert abs(guided[20, 24] - 1) < 0.1
    assert abs(box[20, 24] - 1) > 3


def test_guided_smooths_where_the_guide_is_flat(noise):
    flat = np.full(noise.shape, 80, np.float32)
    result = aggregate(noise, flat, "guided", radius=4)
    twice = aggregate(aggregate(noise, kind="box", radius=4), kind="box", radius=4)
    np.testing.assert_allclose(result, twice, rtol=1e-4)


def test_guided_by_itself_follows_the_definition():
    image = np.random.default_rng(6).uniform(0, 255, (9, 9)).astype(np.float32)
    epsilon = 100.0
    mean = cv2.blur(image.astype(np.float64), (3, 3), borderType=cv2.BORDER_REPLICATE)
    square = cv2.blur(image.astype(np.float64) ** 2, (3, 3), borderType=cv2.BORDER_REPLICATE)
    slope = (square - mean**2) / (square - mean**2 + epsilon)
    shift = cv2.blur(mean * (1 - slope), (3, 3), borderType=cv2.BORDER_REPLICATE)
    slope = cv2.blur(slope, (3, 3), borderType=cv2.BORDER_REPLICATE)
    result = GuidedFilter(image, 1, epsilon).filter(image)
    np.testing.assert_allclose(result, slope * image + shift, rtol=1e-3)


def test_subsampled_guided_filter_is_close_to_the_full_one(noise):
    rng = np.random.default_rng(7)
    guide = cv2.GaussianBlur(rng.uniform(0, 255, (80, 100)).astype(np.float32), (0, 0), 4)
    values = cv2.GaussianBlur(rng.uniform(0, 1, (80, 100)).astype(np.float32), (0, 0), 4)
    full = GuidedFilter(guide, 12, 50.0).filter(values)
    fast = GuidedFilter(guide, 12, 50.0, subsample=4).filter(values)
    assert np.abs(full - fast).mean() < 0.1 * values.std()


def test_wrong_use_is_refused(noise):
    with pytest.raises(InputError, match="guide"):
        aggregate(noise, kind="guided")
    with pytest.raises(InputError, match="one size"):
        aggregate(noise, noise[:-1], "guided")
    with pytest.raises(InputError, match="gaussian"):
        aggregate(noise, kind="mean")

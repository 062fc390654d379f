import numpy as np
import pytest

from ddff_perception.depth_from_focus.calibration.robust_fit import (
    extended,
    huber,
    monotone,
    select_polynomial,
)
from ddff_perception.types import InputError


def noise(n, scale, seed=0):
    return np.random.default_rng(seed).normal(0, scale, n)


def test_huber_is_least_squares_on_clean_data_and_shrugs_off_a_wild_point():
    x = np.linspace(-1, 1, 15)
    design = np.stack([np.ones_like(x), x], axis=1)
    y = 2 + 3 * x + noise(15, 0.01)
    expected = np.linalg.lstsq(design, y, rcond=None)[0]
    np.testing.assert_allclose(huber(design, y), expected, atol=0.005)
    y[3] += 50
    np.testing.assert_allclose(huber(design, y), [2, 3], atol=0.02)


@pytest.mark.parametrize(("degree", "coefficients"), [(1, (1, 2)), (2, (1, 2, 0.4))])
def test_the_lowest_degree_that_predicts_is_chosen(degree, coefficients):
    x = np.linspace(-1, 1, 9)
    y = np.polynomial.polynomial.polyval(x, coefficients) + noise(9, 0.002)
    curve, inliers = select_polynomial(100 + 50 * x, y)
    assert curve.degree() == degree
    assert inliers.all()
    np.testing.assert_allclose(curve(100 + 50 * x), y, atol=0.01)


def test_outliers_are_named_and_the_rest_is_fitted_again():
    x = np.linspace(0, 10, 9)
    y = 0.5 * x + noise(9, 0.003)
    y[4] += 0.6
    curve, inliers = select_polynomial(x, y)
    assert np.flatnonzero(~inliers).tolist() == [4]
    np.testing.assert_allclose(curve(x), 0.5 * x, atol=0.01)


def test_points_that_do_not_rise_or_fall_are_refused():
    with pytest.raises(InputError, match="no rising or falling curve"):
        select_polynomial(np.arange(5.0), np.array([0.0, 2.0, 0.0, 2.0, 0.0]))


def test_a_polynomial_goes_on_in_a_straight_line():
    square = np.polynomial.Polynomial([0.0, 0.0, 1.0])
    places = np.array([-1.0, 0.5, 2.0, 3.0])
    np.testing.assert_allclose(extended(square, places, 0, 1), [0, 0.25, 3, 5])
    assert monotone(square, 0.1, 1)
    assert not monotone(square, -1, 1)

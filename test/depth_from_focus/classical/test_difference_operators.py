import numpy as np
import pytest

from ddff_perception.depth_from_focus.classical.difference_operators import (
    ScreenedPoisson,
    divergence,
    gradient,
    shrink,
    total_variation,
    weighted_fill,
)


@pytest.fixture
def rng():
    return np.random.default_rng(11)


def test_gradient_of_a_plane_ends_at_the_border():
    y, x = np.mgrid[0:4, 0:5].astype(np.float32)
    field = gradient(2 * x - 3 * y)
    np.testing.assert_array_equal(field[0, :, :-1], 2)
    np.testing.assert_array_equal(field[1, :-1], -3)
    np.testing.assert_array_equal(field[0, :, -1], 0)
    np.testing.assert_array_equal(field[1, -1], 0)


@pytest.mark.parametrize("shape", [(7, 9), (1, 6), (5, 1)])
def test_divergence_is_the_negative_adjoint_of_the_gradient(rng, shape):
    image = rng.normal(size=shape).astype(np.float32)
    field = rng.normal(size=(2, *shape)).astype(np.float32)
    assert np.vdot(gradient(image), field) == pytest.approx(
        -np.vdot(image, divergence(field)), rel=1e-4, abs=1e-5
    )


def test_total_variation_of_a_step_is_its_height_times_its_length():
    step = np.zeros((6, 8), np.float32)
    step[:, 3:] = 2.5
    assert total_variation(step) == pytest.approx(6 * 2.5)


def test_shrink_is_the_proximal_operator_of_the_length():
    field = np.array([[[3.0, 0.3, 0.0]], [[4.0, 0.4, 0.0]]], np.float32)
    result = shrink(field, 1.0)
    np.testing.assert_allclose(result[:, 0, 0], [3 * 0.8, 4 * 0.8], rtol=1e-6)
    np.testing.assert_array_equal(result[:, 0, 1:], 0)


@pytest.mark.parametrize("shape", [(24, 33), (1, 16)])
@pytest.mark.parametrize("weight", [0.0, 1.0, 500.0])
def test_screened_poisson_is_solved_exactly(rng, shape, weight):
    truth = rng.normal(size=shape).astype(np.float32)
    rhs = truth - np.float32(weight) * divergence(gradient(truth))
    result = ScreenedPoisson(*shape).solve(rhs, weight)
    assert result.dtype == np.float32
    np.testing.assert_allclose(result, truth, atol=2e-4)


def test_fill_keeps_what_is_certain_and_interpolates_the_rest():
    values = np.zeros((32, 64), np.float32)
    weights = np.zeros_like(values)
    weights[:, :4] = weights[:, -4:] = 1
    values[:, -4:] = 8
    values[:, 20:40] = 1000  # of no weight
    filled = weighted_fill(values, weights)
    np.testing.assert_allclose(filled[:, :4], 0, atol=1e-5)
    np.testing.assert_allclose(filled[:, -4:], 8, atol=1e-5)
    assert filled.min() >= 0
    assert filled.max() <= 8 + 1e-4
    assert 2 < filled[16, 32] < 6


def test_fill_without_any_weight_is_zero():
    ones = np.ones((5, 7), np.float32)
    np.testing.assert_array_equal(weighted_fill(ones, np.zeros_like(ones)), 0)

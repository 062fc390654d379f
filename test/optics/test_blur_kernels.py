"""Kernels of motion blur and of camera shake."""

from __future__ import annotations

import numpy as np
import pytest

from ddff_perception.optics.blur_kernels import (
    blurred,
    motion_kernel,
    path_kernel,
    shake_kernel,
    shake_path,
    turning_blur_px,
)
from ddff_perception.types import InputError


def moments(kernel: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean (x, y) from the middle, and covariance."""
    rows, columns = np.indices(kernel.shape) - kernel.shape[0] // 2
    points = np.stack([columns.ravel(), rows.ravel()], axis=-1).astype(float)
    mean = kernel.ravel() @ points
    return mean, (points - mean).T @ ((points - mean) * kernel.ravel()[:, None])


@pytest.mark.parametrize("angle", [0.0, 30.0, 90.0, -45.0])
def test_a_steady_motion_spreads_light_along_its_direction(angle: float) -> None:
    kernel = motion_kernel(12.0, angle)
    mean, covariance = moments(kernel)
    assert kernel.sum() == pytest.approx(1, abs=1e-5) and kernel.dtype == np.float32
    np.testing.assert_allclose(mean, 0, atol=1e-3)
    values, vectors = np.linalg.eigh(covariance)
    # Uniform over 12 px: variance 12; bilinear shares add up to a quarter across.
    assert values[1] == pytest.approx(12.0, rel=0.06) and values[0] < 0.26
    direction = np.array([np.cos(np.radians(angle)), np.sin(np.radians(angle))])
    assert abs(vectors[:, 1] @ direction) > 0.999


def test_a_point_that_stays_is_a_point() -> None:
    kernel = path_kernel(np.zeros((4, 2)), 5)
    assert kernel[2, 2] == 1 and kernel.sum() == 1
    with pytest.raises(InputError, match="odd"):
        path_kernel(np.zeros((4, 2)), 4)
    with pytest.raises(InputError, match="leaves"):
        path_kernel(np.full((1, 2), 3.0), 5)


def test_shake_has_the_covariance_of_a_matern_process() -> None:
    rng = np.random.default_rng(0)
    paths = np.stack([shake_path(rng, 101)[:, 0] for _ in range(3000)])
    lag = np.array([np.mean(paths[:, 50] * paths[:, 50 + n]) for n in (0, 15, 30, 50)])
    distance = np.sqrt(3) * np.array([0, 0.15, 0.3, 0.5]) / 0.3
    np.testing.assert_allclose(lag, (1 + distance) * np.exp(-distance), atol=0.06)


@pytest.mark.parametrize("size", [7, 17, 31])
def test_a_kernel_of_shake_is_centred_and_differs_each_time(size: int) -> None:
    rng = np.random.default_rng(size)
    first, second = shake_kernel(rng, size), shake_kernel(rng, size)
    assert first.shape == (size, size) and first.min() >= 0
    assert first.sum() == pytest.approx(1, abs=1e-5)
    mean, _ = moments(first)
    assert np.abs(mean).max() < 0.1
    assert np.abs(first - second).max() > 0.01
    np.testing.assert_array_equal(first, shake_kernel(np.random.default_rng(size), size))


def test_blur_is_a_convolution_and_keeps_the_type() -> None:
    image = np.zeros((21, 21), np.uint16)
    image[10, 10] = 60000
    kernel = np.zeros((3, 3), np.float32)
    kernel[0, 2], kernel[1, 1] = 0.25, 0.75
    found = blurred(image, kernel)
    assert found.dtype == np.uint16 and found[10, 10] == 45000 and found[9, 11] == 15000


def test_a_turning_camera_moves_the_image_by_angle_times_focal_length() -> None:
    assert turning_blur_px(np.array([0.3, 0.4, 9.0]), 0.02, 500.0) == pytest.approx(5.0)

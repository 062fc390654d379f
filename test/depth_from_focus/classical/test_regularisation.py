"""Edge-aware regularisation of uncertain depth."""

from __future__ import annotations

import numpy as np
import pytest

from ddff_perception.depth_from_focus.classical.regularisation import (
    RegularisationSettings,
    _solve_rows,
    regularise,
)
from ddff_perception.depth_from_focus.estimator import DepthFromFocus
from ddff_perception.types import FocusSlice, InputError


def two_regions() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A guide with a sharp edge in the middle; one certain column per side."""
    guide = np.full((48, 64), 40, np.uint8)
    guide[:, 32:] = 200
    position = np.full((48, 64), 9.0, np.float32)
    confidence = np.zeros((48, 64), np.float32)
    position[:, 8:12], confidence[:, 8:12] = 0.5, 1.0
    position[:, 52:56], confidence[:, 52:56] = 2.0, 1.0
    return position, confidence, guide


def test_uncertain_pixels_take_the_value_of_their_image_region() -> None:
    position, confidence, guide = two_regions()
    result = regularise(position, confidence, guide, RegularisationSettings(1000.0))
    assert np.allclose(result[:, :28], 0.5, atol=0.05)
    assert np.allclose(result[:, 36:], 2.0, atol=0.05)


def test_certain_pixels_stay_as_they_are() -> None:
    position, confidence, guide = two_regions()
    result = regularise(position, confidence, guide, RegularisationSettings(1000.0))
    sure = confidence == 1.0
    assert np.array_equal(result[sure], position[sure])


def test_sixteen_bit_guides_have_the_same_edges() -> None:
    position, confidence, guide = two_regions()
    wide = guide.astype(np.uint16) * 257
    settings = RegularisationSettings(500.0)
    expected = regularise(position, confidence, guide, settings)
    assert np.allclose(regularise(position, confidence, wide, settings), expected, atol=1e-4)


def test_rows_solve_the_weighted_laplacian_system() -> None:
    rng = np.random.default_rng(3)
    values = rng.normal(size=(2, 3, 5))
    coupling = rng.uniform(size=(3, 4))
    solved = _solve_rows(values, coupling, 7.0)
    for row in range(3):
        difference = np.diff(np.eye(5), axis=0)
        laplacian = difference.T @ np.diag(coupling[row]) @ difference
        expected = np.linalg.solve(np.eye(5) + 7.0 * laplacian, values[:, row].T).T
        assert np.allclose(solved[:, row], expected, atol=1e-10)


def test_nothing_certain_stays_finite() -> None:
    position, _, guide = two_regions()
    result = regularise(position, np.zeros_like(position), guide, RegularisationSettings(1e6))
    assert np.isfinite(result).all()


def test_the_estimator_regularises_where_it_is_asked_to() -> None:
    rng = np.random.default_rng(1)
    images = [rng.integers(0, 255, (48, 64, 3), dtype=np.uint8) for _ in range(4)]
    plain = DepthFromFocus("focus_measure")
    drawn = DepthFromFocus("focus_measure", {"regularisation": 300.0})
    for estimator in (plain, drawn):
        for number, image in enumerate(images):
            estimator.update(FocusSlice(image, 1.0 / (0.5 + number)))
    noisy = 1 / plain.estimate().depth
    estimate = drawn.estimate(all_in_focus=False)
    assert np.std(1 / estimate.depth) < 0.7 * np.std(noisy)
    assert estimate.all_in_focus is None
    assert "regularise" in estimate.timings_ms


def test_a_negative_strength_is_refused() -> None:
    with pytest.raises(InputError, match="regularisation"):
        DepthFromFocus("multiscale", {"regularisation": -1.0})

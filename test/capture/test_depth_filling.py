"""Holes of depth filled from around: along edges of colour, everywhere, and only there."""

from __future__ import annotations

import numpy as np
import pytest

from ddff_perception.capture.depth_filling import filled_depth


def step() -> tuple[np.ndarray, np.ndarray]:
    """A near half and a far half, and the picture of both."""
    depth = np.full((80, 120), 1.0, np.float32)
    depth[:, 60:] = 3.0
    colour = np.full((80, 120, 3), 60, np.uint8)
    colour[:, 60:] = 180
    return depth, colour


def test_what_was_measured_stays_and_every_hole_is_filled() -> None:
    depth, colour = step()
    holes = np.random.default_rng(0).random(depth.shape) < 0.6
    given = np.where(holes, np.float32(np.nan), depth)
    found, filled = filled_depth(given, colour)
    np.testing.assert_array_equal(filled, holes)
    np.testing.assert_array_equal(found[~holes], depth[~holes])
    assert np.isfinite(found).all()
    assert np.median(np.abs(found - depth)[holes]) < 0.02


def test_a_hole_across_an_edge_of_colour_is_filled_from_its_own_side() -> None:
    depth, colour = step()
    given = depth.copy()
    given[30:50, 45:75] = np.nan
    found, _ = filled_depth(given, colour)
    assert np.abs(found - depth)[30:50, 45:57].max() < 0.15
    assert np.abs(found - depth)[30:50, 63:75].max() < 0.4


@pytest.mark.parametrize("width", [24, 120, 640])
def test_a_border_without_depth_is_filled_with_and_without_colour(width: int) -> None:
    depth = np.full((60, width), 2.0, np.float32)
    depth[:10] = depth[:, :5] = np.nan
    for colour in (None, np.zeros((60, width, 3), np.uint8)):
        found, filled = filled_depth(depth, colour)
        np.testing.assert_allclose(found, 2.0, rtol=1e-4)
        assert filled.sum() == np.isnan(depth).sum()


def test_depth_of_nothing_stays_so() -> None:
    found, filled = filled_depth(np.full((8, 8), np.nan, np.float32), None)
    assert np.isnan(found).all() and not filled.any()

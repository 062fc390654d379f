"""Tiles cover an image, share a border, and leave no seam."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from ddff_perception.optics.tiling import in_tiles, tile_slices


@pytest.mark.parametrize(("length", "largest"), [(100, 200), (200, 100), (333, 100), (101, 100)])
def test_tiles_cover_evenly_and_share_a_border(length: int, largest: int) -> None:
    parts = tile_slices(length, largest, 32)
    assert parts[0].start == 0 and parts[-1].stop == length
    for before, after in itertools.pairwise(parts):
        assert before.stop - after.start >= 32 and after.stop - after.start == min(length, largest)


def test_what_each_tile_leaves_alone_comes_back_whole() -> None:
    image = np.random.default_rng(0).random((2, 150, 170), np.float32)
    found = in_tiles(lambda rows, columns: image[:, rows, columns], (150, 170), 96, 32)
    np.testing.assert_allclose(found, image, atol=1e-6)
    assert in_tiles(lambda rows, columns: image[:, rows, columns], (150, 170), 170) is not None


def test_tiles_that_differ_fade_into_each_other() -> None:
    tones = iter(np.linspace(0, 1, 9))

    def work(rows: slice, columns: slice) -> np.ndarray:
        shape = (rows.stop - rows.start, columns.stop - columns.start)
        return np.full(shape, next(tones), np.float32)

    found = in_tiles(work, (160, 160), 96, 32)
    assert np.abs(np.diff(found, axis=0)).max() < 0.05
    assert np.abs(np.diff(found, axis=1)).max() < 0.05

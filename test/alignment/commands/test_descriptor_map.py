"""Frames as points of a plane."""

import sys

import numpy as np
import pytest
from routes import DescribedRoute

from ddff_perception.alignment.commands.descriptor_map import Flattening, flattened, map_picture
from ddff_perception.types import InputError


def test_neighbours_of_a_route_lie_nearer_than_frames_that_are_apart():
    points = flattened(DescribedRoute(1).frames(np.arange(60.0)), Flattening.PCA)
    assert points.shape == (60, 2)
    near = np.linalg.norm(np.diff(points, axis=0), axis=1).mean()
    apart = np.linalg.norm(points[30:] - points[:30], axis=1).mean()
    assert near < 0.5 * apart


def test_two_principal_components_keep_distances_of_what_lies_in_a_plane():
    drawn = np.random.default_rng(0).standard_normal((20, 2))
    turned = np.linalg.qr(np.random.default_rng(1).standard_normal((8, 2)))[0]
    found = flattened((drawn @ turned.T).astype(np.float32), Flattening.PCA)
    distance = np.linalg.norm(found[:, None] - found, axis=2)
    np.testing.assert_allclose(distance, np.linalg.norm(drawn[:, None] - drawn, axis=2), atol=1e-5)


def test_tsne_says_what_it_needs(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.manifold", None)
    with pytest.raises(InputError, match="needs scikit-learn: pip install"):
        flattened(np.eye(9, dtype=np.float32), Flattening.TSNE)


def test_tsne_gives_the_same_points_again():
    pytest.importorskip("sklearn")
    frames = DescribedRoute(1).frames(np.arange(12.0))
    first, again = (flattened(frames, Flattening.TSNE) for _ in range(2))
    assert first.shape == (12, 2)
    np.testing.assert_array_equal(first, again)


def test_too_few_frames_are_refused():
    with pytest.raises(InputError, match="a map of 2 frames is none"):
        flattened(np.eye(2, dtype=np.float32), Flattening.PCA)


def test_what_is_matched_is_joined_and_takes_its_colour():
    way = DescribedRoute(1)
    frames, again = way.frames(np.arange(40.0)), way.frames(np.arange(40.0), seed=2)
    times, lost = np.arange(40) / 3, np.full(40, -1)
    joined, alone = (
        map_picture(frames, again, times, rows, Flattening.PCA).astype(int)
        for rows in (np.arange(40), lost)
    )
    assert joined.shape == alone.shape and joined.shape[1] == 560
    coloured = [(np.ptp(picture, axis=2) > 60).sum() for picture in (joined, alone)]
    assert coloured[0] > 1.5 * coloured[1] > 0

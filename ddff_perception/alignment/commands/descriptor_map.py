"""The frames of two recordings as points, like ones side by side: the map of section 4.4."""

from __future__ import annotations

from enum import Enum

import cv2
import numpy as np
from numpy.typing import NDArray

from ...types import FloatArray, InputError

_FRAMES, _SIDE, _MARGIN = 200, 560, 40
_PERPLEXITY = 30.0
_LINE, _UNMATCHED, _INK = (205, 205, 205), (150, 150, 150), (60, 60, 60)


class Flattening(str, Enum):
    """How descriptors become points of a plane."""

    PCA = "pca"
    TSNE = "tsne"


_TITLES = {Flattening.PCA: "PCA: two directions of most variance", Flattening.TSNE: "t-SNE"}


def flattened(descriptors: FloatArray, way: Flattening) -> NDArray[np.float64]:
    """Points (n, 2) of descriptors (n, d): the first two principal components, or t-SNE (van der
    Maaten and Hinton, 2008) by scikit-learn.

    Raises InputError where that is not installed, or there are fewer than three.
    """
    if len(descriptors) < 3:
        raise InputError(f"a map of {len(descriptors)} frames is none: at least 3 are needed")
    if way is Flattening.PCA:
        centred = descriptors.astype(np.float64) - descriptors.mean(axis=0)
        _, _, axes = np.linalg.svd(centred, full_matrices=False)
        found = np.zeros((len(descriptors), 2))
        found[:, : len(axes[:2])] = centred @ axes[:2].T
        return found
    try:
        from sklearn.manifold import TSNE
    except ImportError as error:
        raise InputError(
            "--map tsne needs scikit-learn: pip install scikit-learn, or take --map pca"
        ) from error
    perplexity = min(_PERPLEXITY, (len(descriptors) - 1) / 3)
    made = TSNE(perplexity=perplexity, init="pca", random_state=0)
    return np.asarray(made.fit_transform(descriptors), np.float64)


def map_picture(
    reference: FloatArray,
    query: FloatArray,
    reference_s: NDArray[np.float64],
    matched: NDArray[np.int64],
    way: Flattening,
) -> NDArray[np.uint8]:
    """Up to 200 frames of each, of descriptors (n, d) and (m, d): discs of the reference, coloured
    by their times (n,), rings of the query, coloured as the frame that they are `matched` (m,) to;
    grey where that is -1. A line joins what is matched.
    """
    rows, columns = (
        np.unique(np.linspace(0, len(r) - 1, _FRAMES).astype(int)) for r in (reference, query)
    )
    matched = matched[columns]
    # What the query is matched to is shown, too, so that each line has two ends.
    rows = np.union1d(rows, matched[matched >= 0])
    points = flattened(np.concatenate([reference[rows], query[columns]]), way)
    low, extent = points.min(axis=0), max(float(np.ptp(points, axis=0).max()), 1e-9)
    at = (_MARGIN + (points - low) / extent * (_SIDE - 2 * _MARGIN)).astype(int).tolist()
    below, above = at[: len(rows)], at[len(rows) :]
    shades = _shades(reference_s[rows] / max(float(reference_s[-1]), 1e-9))
    picture = np.full((max(y for _, y in at) + _MARGIN, _SIDE, 3), 255, np.uint8)
    partners = np.where(matched >= 0, np.searchsorted(rows, np.maximum(matched, 0)), -1).tolist()
    for end, partner in zip(above, partners, strict=True):
        if partner >= 0:
            cv2.line(picture, end, below[partner], _LINE, 1, cv2.LINE_AA)
    for place, shade in zip(below, shades, strict=True):
        cv2.circle(picture, place, 3, shade, -1, cv2.LINE_AA)
    for place, partner in zip(above, partners, strict=True):
        shade = shades[partner] if partner >= 0 else _UNMATCHED
        cv2.circle(picture, place, 6, shade, 1, cv2.LINE_AA)
    said = f"{_TITLES[way]}; discs: reference, rings: query, colour: time"
    cv2.putText(picture, said, (8, 20), cv2.FONT_HERSHEY_SIMPLEX, 0.42, _INK, 1, cv2.LINE_AA)
    return picture


def _shades(shares: NDArray[np.float64]) -> list[tuple[int, int, int]]:
    """BGR of shares (n,) in 0..1."""
    grey = np.clip(255 * shares, 0, 255).astype(np.uint8)[:, None]
    return [
        (int(b), int(g), int(r)) for b, g, r in cv2.applyColorMap(grey, cv2.COLORMAP_TURBO)[:, 0]
    ]

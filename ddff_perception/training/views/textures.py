"""Surfaces of the procedural training scenes: pictures with natural statistics, made by the dozen.

Leaves that hide each other have the edges and scales of photographs (Lee, Mumford, Huang, IJCV
2001); noise with the spectrum 1/f has their grain; letters, gratings and plain paint are what
indoor scenes add.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from ...optics.textures import one_over_f, write_line
from ...types import FloatArray

SIDE = 384
_LETTERS = np.array(list("abcdefghijklmnopqrstuvwxyzEATOINSRH0123456789   "))


def random_texture(rng: np.random.Generator) -> FloatArray:
    """A patterned surface: SIDE x SIDE x 3 float32, linear reflectance 0.02..0.9."""
    kinds = (_leaves, _grain, _letters, _grating, _patches)
    kind = kinds[int(rng.choice(len(kinds), p=(0.42, 0.2, 0.14, 0.12, 0.12)))]
    picture = kind(rng)
    contrast = rng.uniform(0.25, 1.0) if rng.random() < 0.4 else 1.0
    mean = picture.mean(axis=(0, 1))
    fine = 1.0 + rng.uniform(0, 0.06) * rng.standard_normal((SIDE, SIDE, 1))
    picture = (mean + contrast * (picture - mean)) * cv2.GaussianBlur(fine, (0, 0), 0.7)[..., None]
    return np.asarray(np.clip(picture, 0.02, 0.9), np.float32)


def random_paint(rng: np.random.Generator, muted: float = 0.5) -> FloatArray:
    """A colour, (3,) float32 linear."""
    grey = rng.uniform(0.05, 0.8)
    tint = rng.uniform(-1, 1, 3) * (1 - muted) * 0.6
    return np.clip(grey * (1 + tint), 0.03, 0.85).astype(np.float32)


def _leaves(rng: np.random.Generator) -> FloatArray:
    palette = np.stack([random_paint(rng, 0.2) for _ in range(int(rng.integers(3, 14)))])
    picture = np.broadcast_to(palette[0], (SIDE, SIDE, 3)).astype(np.float32).copy()
    least = rng.uniform(1.5, 5)
    share = rng.uniform(size=1600)
    # Radii with density r^-3 look alike at every scale.
    radii = (least**-2 + share * (90.0**-2 - least**-2)) ** -0.5
    if rng.random() < 0.5:
        radii = np.sort(radii)[::-1]
    squares = rng.random() < 0.35
    for radius in radii:
        shade = palette[int(rng.integers(len(palette)))] * rng.lognormal(0, 0.25)
        colour = tuple(float(v) for v in shade)
        x, y = (int(v) for v in rng.integers(0, SIDE, 2))
        if squares:
            size = (float(radius) * 2, float(radius) * 2 * rng.uniform(0.3, 1))
            corners = cv2.boxPoints(((x, y), size, float(rng.uniform(0, 90))))
            cv2.fillConvexPoly(picture, corners.astype(np.int32), colour, cv2.LINE_8)
        else:
            cv2.circle(picture, (x, y), max(1, round(float(radius))), colour, -1, cv2.LINE_8)
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), 0.5), np.float32)


def _grain(rng: np.random.Generator) -> FloatArray:
    first, second = random_paint(rng), random_paint(rng)
    blend = 0.5 + 0.25 * one_over_f(rng, SIDE, rng.uniform(0.6, 1.4))[..., None]
    if rng.random() < 0.4:  # wood: the same, drawn out along x
        narrow = blend[:, : SIDE // 12]
        drawn = cv2.resize(narrow, (SIDE, SIDE), interpolation=cv2.INTER_LINEAR)
        blend = np.asarray(drawn, np.float32)[..., None]
    return np.asarray(first + (second - first) * np.clip(blend, 0, 1), np.float32)


def _letters(rng: np.random.Generator) -> FloatArray:
    paper, ink = random_paint(rng, 0.8), random_paint(rng, 0.6) * 0.3
    if rng.random() < 0.7:
        paper = paper * (0.7 / paper.max())
    picture = np.broadcast_to(paper, (SIDE, SIDE, 3)).astype(np.float32).copy()
    y = 0
    while y < SIDE:
        scale = float(rng.choice([0.35, 0.5, 0.8, 1.5]))
        y += int(26 * scale) + int(rng.integers(2, 20))
        line = "".join(rng.choice(_LETTERS, size=int(SIDE / (9 * scale))))
        place = (int(rng.integers(0, 60)), y)
        write_line(picture, line, place, scale, ink, 1 + int(scale > 0.9))
    return picture


def _grating(rng: np.random.Generator) -> FloatArray:
    first, second = random_paint(rng, 0.3), random_paint(rng, 0.3)
    y, x = np.mgrid[:SIDE, :SIDE].astype(np.float32)
    angle, period = rng.uniform(0, np.pi), rng.uniform(5, 60)
    along = (x * np.cos(angle) + y * np.sin(angle)) / period
    across = (y * np.cos(angle) - x * np.sin(angle)) / period
    wave = np.sin(2 * np.pi * along)
    if rng.random() < 0.6:
        wave = wave * np.sin(2 * np.pi * across)
    if rng.random() < 0.7:
        wave = np.clip(wave * rng.uniform(2, 20), -1, 1)
    return np.asarray(first + (second - first) * (0.5 + 0.5 * wave[..., None]), np.float32)


def _patches(rng: np.random.Generator) -> FloatArray:
    """Few large soft or hard regions with structure in one of them."""
    picture = np.broadcast_to(random_paint(rng), (SIDE, SIDE, 3)).astype(np.float32).copy()
    for _ in range(int(rng.integers(3, 10))):
        mask: NDArray[np.bool_] = one_over_f(rng, SIDE, 1.7) > rng.uniform(0.2, 1.5)
        picture[mask] = random_paint(rng, 0.3)
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), 0.5), np.float32)

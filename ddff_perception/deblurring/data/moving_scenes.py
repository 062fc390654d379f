"""Draws what a camera moves before, how it moves, and what it makes of it: bursts to learn from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ...files.images import read_image
from ...optics.srgb import srgb_decode
from ...optics.textures import dead_leaves
from ...simulation.dataset.reader import open_world
from ...types import FloatArray
from .camera_paths import Motion, shaken_path, video_path
from .exposures import Burst, Camera, Layer, photographed

_REGION, _LONGEST = 640, (500, 1700)
_TRIES, _LEAST_STEP = 6, 0.012
_WORDS = ("the", "quick", "brown", "fox", "jumps", "over", "0123456789", "EXIT", "Room", "Level")
_FONTS = (cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_DUPLEX, cv2.FONT_HERSHEY_COMPLEX)
_LIGHT = np.asarray(srgb_decode(np.arange(256) / 255.0), np.float32)


@dataclass(frozen=True, slots=True)
class Region:
    """A part of a picture: linear BGR float32, and inverse depth about its mean where known."""

    light: FloatArray
    nearness: FloatArray | None = None


class Pictures:
    """Where regions come from: photographs by their files, and rendered views.

    Raises InputError where a data set is kept for judges.
    """

    def __init__(self, photographs: Sequence[Path], worlds: Sequence[Path] = ()) -> None:
        self._photographs = [_colour(file) for file in photographs]
        self._worlds = [open_world(folder) for folder in worlds]

    def region(self, rng: np.random.Generator) -> Region:
        """Any of them: photographs mostly, then views, lettering and dead leaves."""
        kind = rng.random()
        if self._worlds and kind < 0.2:
            return self._view(rng)
        if kind < 0.3:
            return Region(_lettering(rng))
        if kind < 0.38 or not self._photographs:
            return Region(np.asarray(dead_leaves(rng, _REGION // 2), np.float32))
        picture = self._photographs[int(rng.integers(len(self._photographs)))]
        scale = np.exp(rng.uniform(*np.log(_LONGEST))) / max(picture.shape[:2])
        side = min(round(_REGION / scale), *picture.shape[:2])
        top, left = (int(rng.integers(n - side + 1)) for n in picture.shape[:2])
        part = picture[top : top + side, left : left + side]
        size = max(160, round(side * scale))
        way = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
        small = np.asarray(cv2.resize(part, (size, size), interpolation=way), np.uint8)
        return Region(_LIGHT[small])

    def _view(self, rng: np.random.Generator) -> Region:
        world = self._worlds[int(rng.integers(len(self._worlds)))]
        view = world[int(rng.integers(len(world)))]
        light = np.ascontiguousarray(view.middle[..., ::-1], np.float32)
        near = 1.0 / np.maximum(np.nan_to_num(view.depth, posinf=1e6), 0.05)
        soft = np.asarray(cv2.GaussianBlur(near.astype(np.float32), (0, 0), 1.0), np.float32)
        return Region(light, np.asarray(soft / soft.mean() - 1, np.float32).clip(-1, 3))


def _colour(file: Path) -> NDArray[np.uint8]:
    image = read_image(file)
    if image.dtype == np.uint16:
        image = (image >> 8).astype(np.uint8)
    if image.ndim == 2:
        image = np.asarray(cv2.cvtColor(image, cv2.COLOR_GRAY2BGR), np.uint8)
    longest = max(image.shape[:2])
    if longest > 2 * _LONGEST[1]:
        scale = 2 * _LONGEST[1] / longest
        image = np.asarray(
            cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8
        )
    return np.asarray(image, np.uint8)


def _lettering(rng: np.random.Generator) -> FloatArray:
    paper, ink = rng.integers(0, 256, (2, 3)).tolist()
    if rng.random() < 0.6:
        paper, ink = [240] * 3, [25] * 3
    page = np.full((2 * _REGION, 2 * _REGION, 3), paper, np.uint8)
    y = 0
    while y < 2 * _REGION:
        scale = float(rng.uniform(0.6, 3.5))
        y += int(40 * scale)
        line = " ".join(rng.choice(_WORDS, 12))
        font, weight = _FONTS[int(rng.integers(3))], int(rng.integers(1, 2 + round(scale)))
        place = (int(rng.integers(-200, 40)), y)
        cv2.putText(page, line, place, font, scale, ink, weight, cv2.LINE_AA)
    small = cv2.resize(page, (_REGION, _REGION), interpolation=cv2.INTER_AREA)
    return np.asarray(_LIGHT[small], np.float32)


def make_burst(rng: np.random.Generator, pictures: Pictures, frames: int, size: int) -> Burst:
    """A burst of any kind: a hand's, a robot's or a still camera; things that move by themselves,
    lamps, parallax; any light, noise and compression.
    """
    region, at = _textured(rng, pictures, size)
    back, still = _path(rng, frames, size)
    gain = float(np.exp2(rng.uniform(-2, 0.6)))
    light = _with_lamps(rng, region.light) if rng.random() < 0.1 else region.light
    parallax = float(rng.uniform(-0.5, 0.5))
    layers = [Layer(light, at, back, None, region.nearness, parallax)]
    if rng.random() < (0.12 if still else 0.25):
        layers.append(_thing(rng, pictures, frames, size))
    camera = Camera(
        gain,
        float(10 ** rng.uniform(3.2, 5)),
        float(rng.exponential(0.002)) if rng.random() < 0.8 else 0.0,
        int(rng.integers(60, 99)) if rng.random() < 0.45 else 0,
        bool(rng.random() < 0.25),
    )
    return photographed(layers, size, camera, rng)


def _textured(
    rng: np.random.Generator, pictures: Pictures, size: int
) -> tuple[Region, tuple[float, float]]:
    """A region, and a place in it with something to see (mostly)."""
    for _ in range(_TRIES):
        region = pictures.region(rng)
        height, width = region.light.shape[:2]
        at = tuple(
            float(rng.uniform(min(size, n) / 2, n - min(size, n) / 2)) for n in (width, height)
        )
        left, top = (max(0, round(p - size / 2)) for p in at)
        part = np.sqrt(region.light[top : top + size, left : left + size].clip(0, 1))
        if (
            np.abs(np.diff(part, axis=0)).mean() + np.abs(np.diff(part, axis=1)).mean()
            > 2 * _LEAST_STEP
        ):
            break
    return region, (at[0], at[1])


def _path(
    rng: np.random.Generator, frames: int, size: int
) -> tuple[list[NDArray[np.float64]], bool]:
    """How the camera moves, and whether it stands still."""
    kind = rng.random()
    blur = 0.0 if kind < 0.1 else float(np.exp(rng.uniform(*np.log((1.0, 9.0)))))
    if kind > 0.7:
        blur = float(np.exp(rng.uniform(*np.log((6.0, 28.0)))))
    turn = 0.0 if rng.random() < 0.3 else float(rng.uniform(0, 0.8))
    share = float(rng.uniform(0.3, 1.0))
    motion = Motion(blur, share, float(rng.uniform(0, 1)), turn)
    make = shaken_path if rng.random() < 0.15 else video_path
    return make(rng, frames, motion, size / 2), blur == 0


def _thing(rng: np.random.Generator, pictures: Pictures, frames: int, size: int) -> Layer:
    """Something of any outline that moves on its own path before the rest."""
    region = pictures.region(rng)
    height, width = region.light.shape[:2]
    cover = np.zeros((height, width), np.float32)
    middle = (float(rng.uniform(80, width - 80)), float(rng.uniform(80, height - 80)))
    angles = np.sort(rng.uniform(0, 2 * np.pi, 9))
    radii = rng.uniform(0.1, 0.45) * size * rng.uniform(0.5, 1.2, 9)
    points = np.stack([np.cos(angles), np.sin(angles)], 1) * radii[:, None] + middle
    cv2.fillPoly(cover, [np.rint(points * 16).astype(np.int32)], 1.0, cv2.LINE_AA, 4)
    cover = np.asarray(cv2.GaussianBlur(cover, (0, 0), 0.7), np.float32)
    motion = Motion(float(np.exp(rng.uniform(*np.log((0.5, 20))))), 0.5, float(rng.uniform()), 0.2)
    path = video_path(rng, frames, motion, size / 2)
    shift = np.eye(3)
    shift[:2, 2] = rng.uniform(-size / 3, size / 3, 2)
    return Layer(region.light, middle, [shift @ frame for frame in path], cover)


def _with_lamps(rng: np.random.Generator, light: FloatArray) -> FloatArray:
    """Lamps that are far too bright for the camera: they draw their path."""
    found = light * np.float32(rng.uniform(0.05, 1))
    height, width = light.shape[:2]
    for _ in range(int(rng.integers(5, 60))):
        place = int(rng.integers(width)), int(rng.integers(height))
        colour = (rng.uniform(0.5, 1, 3) * np.exp(rng.uniform(0, 3.5))).tolist()
        cv2.circle(found, place, int(rng.integers(1, 4)), colour, -1, cv2.LINE_AA)
    return np.asarray(found, np.float32)

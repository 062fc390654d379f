"""Procedural sharp views with exact depth: rooms of slanted planes and things in front of them.

The inverse depth of a plane is linear over the image, a room is the nearest of its planes, and a
texture on a plane is looked up at (x / p, y / p): so geometry, perspective and texture are a few
array operations.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ...optics.textures import one_over_f
from ...types import FloatArray
from .textures import SIDE, random_paint, random_texture


@dataclass(frozen=True, slots=True)
class SharpScene:
    """`radiance`: H x W x 3 float32, linear BGR, 1 is saturation; `dioptres`: H x W float32,
    inverse depth along the optical axis.
    """

    radiance: FloatArray
    dioptres: FloatArray


class SceneMaker:
    """Draws scenes from a pool of textures, a few of which are renewed with every scene."""

    def __init__(self, rng: np.random.Generator, textures: int = 80) -> None:
        self._rng = rng
        self._pool = [random_texture(rng) for _ in range(textures)]

    def scene(self, height: int, width: int) -> SharpScene:
        """A random scene whose inverse depths lie roughly within 0.1 .. 2."""
        rng = self._rng
        for _ in range(2):
            self._pool[int(rng.integers(len(self._pool)))] = random_texture(rng)
        y, x = np.mgrid[:height, :width].astype(np.float32)
        grid = np.stack([(x - width / 2) / width, (y - height / 2) / width])
        canvas = _Canvas(grid, plain=rng.uniform(0, 1))
        self._background(canvas)
        count = int(rng.integers(3, 16))
        nearness = np.sort(rng.beta(1.2, 1.8, count))
        for share in nearness:
            self._thing(canvas, float(share))
        light = np.exp(0.25 * one_over_f(rng, (height, width), 2.0) * rng.uniform(0, 1))
        light *= 1 + (grid[0] * rng.uniform(-1, 1) + grid[1] * rng.uniform(-1, 1))
        radiance = canvas.colour * np.maximum(light, 0.1)[..., None]
        level = np.percentile(radiance.mean(axis=2), 95)
        gain = rng.uniform(0.4, 0.95) / max(float(level), 1e-3)
        return SharpScene((radiance * gain).astype(np.float32), canvas.dioptres)

    def _background(self, canvas: _Canvas) -> None:
        rng = self._rng
        base = rng.uniform(0.12, 0.4)
        planes = [base + 0.1 * (canvas.grid[0] * rng.normal() + canvas.grid[1] * rng.normal())]
        eye = rng.uniform(0.6, 1.5)
        if rng.random() < 0.8:  # floor or table
            tilt = rng.uniform(-0.25, 0.25)
            planes.append((canvas.grid[1] + rng.uniform(-0.1, 0.15)) / (0.6 * eye) * 1.2)
            planes[-1] = planes[-1] + tilt * canvas.grid[0]
        if rng.random() < 0.4:  # ceiling
            planes.append((-canvas.grid[1] - rng.uniform(0.0, 0.2)) / rng.uniform(0.8, 1.6))
        for sign in (-1, 1):
            if rng.random() < 0.45:
                planes.append((sign * canvas.grid[0] - rng.uniform(0, 0.2)) / rng.uniform(0.6, 1.8))
        volume = np.maximum(np.stack(planes), 0.05)
        nearest = np.argmax(volume, axis=0)
        for number, plane in enumerate(volume):
            canvas.paint(nearest == number, plane, self._surface(canvas, plane))

    def _thing(self, canvas: _Canvas, nearness: float) -> None:
        """One object in front of what is there: a slanted polygon, an ellipsoid or a box."""
        rng = self._rng
        size = rng.uniform(0.03, 0.2) * (0.5 + 1.2 * nearness)
        height, width = canvas.dioptres.shape
        cx, cy = rng.uniform(-0.5, 0.5), rng.uniform(-0.5, 0.5) * height / width
        row = int(np.clip((cy * width) + height / 2, 0, height - 1))
        column = int(np.clip((cx * width) + width / 2, 0, width - 1))
        behind = float(canvas.dioptres[row, column])
        level = behind + (0.05 + nearness * rng.uniform(0.2, 1.0)) * max(0.1, 1.9 - behind)
        dx, dy = canvas.grid[0] - cx, canvas.grid[1] - cy
        slant = rng.normal(0, 0.5, 2) * (rng.random() < 0.6)
        plane = np.maximum(level + slant[0] * dx + slant[1] * dy, 0.05).astype(np.float32)
        kind = rng.random()
        if kind < 0.3:
            round_ = (dx / size) ** 2 + (dy / (size * rng.uniform(0.5, 2))) ** 2
            mask = round_ < 1
            plane = plane + np.float32(0.15 * level * size) * np.sqrt(np.maximum(1 - round_, 0))
        else:
            mask = self._polygon(height, width, (column, row), size * width, kind)
        mask = mask & (plane > canvas.dioptres)
        canvas.shade(mask, rng)
        canvas.paint(mask, plane, self._surface(canvas, plane))
        if kind > 0.75:  # the top or side of a box: the lower part turned towards the camera
            angle = rng.uniform(0, 2 * np.pi)
            side = mask & (dx * np.cos(angle) + dy * np.sin(angle) > 0)
            turned = plane * np.float32(1) + (dx * np.cos(angle) + dy * np.sin(angle)) * np.float32(
                rng.uniform(-1.2, 0.2)
            )
            turned = np.maximum(turned, 0.05)
            canvas.paint(side, turned, self._surface(canvas, turned))

    def _polygon(
        self, height: int, width: int, centre: tuple[int, int], size: float, kind: float
    ) -> NDArray[np.bool_]:
        rng = self._rng
        corners = 4 if kind > 0.5 else int(rng.integers(3, 9))
        angles = np.sort(rng.uniform(0, 2 * np.pi, corners))
        if corners == 4:
            spread = rng.uniform(0.3, 1.2)
            angles = np.array([spread, np.pi - spread, np.pi + spread, -spread])
            angles = angles + rng.normal(0, 0.15)
        radii = size * rng.uniform(0.7, 1.3, corners) if corners != 4 else np.full(4, size)
        points = np.stack([np.cos(angles), np.sin(angles)], 1) * radii[:, None] + centre
        mask = np.zeros((height, width), np.uint8)
        cv2.fillPoly(mask, [points.astype(np.int32)], 1)
        return mask.astype(bool)

    def _surface(self, canvas: _Canvas, plane: FloatArray) -> FloatArray:
        """The colours of a surface with inverse depth `plane`: H x W x 3 or (3,)."""
        rng = self._rng
        if rng.random() < canvas.plain:
            return random_paint(rng)
        texture = self._pool[int(rng.integers(len(self._pool)))]
        scale = SIDE * rng.uniform(0.4, 1.2) * float(np.median(plane))
        angle = rng.uniform(0, 2 * np.pi)
        u, v = canvas.grid * (scale / np.maximum(plane, 0.05))
        map_x = (u * np.cos(angle) - v * np.sin(angle) + rng.uniform(0, SIDE)).astype(np.float32)
        map_y = (u * np.sin(angle) + v * np.cos(angle) + rng.uniform(0, SIDE)).astype(np.float32)
        looked: Any = cv2.remap(
            texture, map_x, map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT
        )
        return np.asarray(looked, np.float32)


class _Canvas:
    """The picture and its depth while they are painted from back to front."""

    def __init__(self, grid: FloatArray, plain: float) -> None:
        self.grid = grid
        self.plain = plain
        self.dioptres: FloatArray = np.full(grid.shape[1:], 0.05, np.float32)
        self.colour = np.zeros((*grid.shape[1:], 3), np.float32)

    def paint(self, mask: NDArray[np.bool_], plane: FloatArray, surface: FloatArray) -> None:
        self.dioptres[mask] = plane[mask]
        self.colour[mask] = surface[mask] if surface.ndim == 3 else surface

    def shade(self, mask: NDArray[np.bool_], rng: np.random.Generator) -> None:
        """A soft shadow of what covers `mask` on what is behind it."""
        spread = float(rng.uniform(2, 14))
        x, y = rng.normal(0, spread, 2)
        shift = np.array([[1, 0, x], [0, 1, y]], np.float32)
        soft: Any = cv2.GaussianBlur(mask.astype(np.float32), (0, 0), spread)
        soft = cv2.warpAffine(soft, shift, soft.shape[::-1])
        self.colour *= 1.0 - np.float32(rng.uniform(0, 0.7)) * soft[..., None]

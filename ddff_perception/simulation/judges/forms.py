"""Shapes of the judges: superquadrics, tubes, terrain, cut letters, curved sheets, slabs."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..rendering.shapes import Mesh, joined


def surface(points: NDArray[np.float64]) -> Mesh:
    """A smooth surface through a grid of `points` (R, C, 3) metres; uv follows the grid's lines in
    metres.
    """
    rows, columns = points.shape[:2]
    along, down = np.gradient(points, axis=1), np.gradient(points, axis=0)
    normals = np.cross(along, down).reshape(-1, 3)
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)
    steps = [
        np.linalg.norm(np.diff(points, axis=axis), axis=2).mean(axis=1 - axis) for axis in (1, 0)
    ]
    u, v = (np.concatenate([[0.0], np.cumsum(step)]) for step in steps)
    uv = np.stack(np.meshgrid(u, v), axis=2).reshape(-1, 2)
    number = np.arange(rows * columns).reshape(rows, columns)
    a, b, c, d = number[:-1, :-1], number[:-1, 1:], number[1:, 1:], number[1:, :-1]
    faces = np.stack([a, b, c, a, c, d], axis=2).reshape(-1, 3)
    return Mesh(points.reshape(-1, 3), faces, uv, normals)


def panel(corner: ArrayLike, along: ArrayLike, up: ArrayLike) -> Mesh:
    """A flat parallelogram from `corner` along two edges, metres."""
    steps = np.array([0.0, 1.0])
    a, b = np.asarray(along, np.float64), np.asarray(up, np.float64)
    return surface(np.asarray(corner) + steps[:, None, None] * b + steps[None, :, None] * a)


def slab(low: ArrayLike, high: ArrayLike) -> Mesh:
    """A box between two corners."""
    first, last = np.asarray(low, np.float64), np.asarray(high, np.float64)
    edges = np.diag(last - first)
    sides = [
        panel(corner, sign * edges[i], sign * edges[(i + 1) % 3])
        for corner, sign in ((first, 1.0), (last, -1.0))
        for i in range(3)
    ]
    return joined(sides)


def superquadric(radii: ArrayLike, east: float, north: float, cells: int = 64) -> Mesh:
    """Between box, ball and octahedron: exponents near 0 are square, 1 is round, 2 is pointed
    (A. Barr, 1981).
    """

    def power(wave: NDArray[np.float64], exponent: float) -> NDArray[np.float64]:
        return np.asarray(np.sign(wave) * np.abs(wave) ** exponent)

    up = np.linspace(-np.pi / 2, np.pi / 2, cells // 2 + 1)[:, None]
    around = np.linspace(-np.pi, np.pi, cells + 1)[None]
    level = power(np.cos(up), north)
    unit = [
        level * power(np.cos(around), east),
        level * power(np.sin(around), east),
        power(np.sin(up), north) * np.ones_like(around),
    ]
    return surface(np.stack(unit, axis=2) * np.asarray(radii))


def tube(path: NDArray[np.float64], radius: float, sides: int = 14) -> Mesh:
    """A round tube along `path` (N, 3) metres, without ends."""
    tangents = np.gradient(path, axis=0)
    tangents /= np.linalg.norm(tangents, axis=1, keepdims=True)
    normal = np.eye(3)[int(np.argmin(np.abs(tangents[0])))]
    rings = []
    angle = np.linspace(0, 2 * np.pi, sides + 1)[:, None]
    for place, tangent in zip(path, tangents, strict=True):
        # Carried along the path, so that the tube does not twist.
        normal = normal - tangent * (normal @ tangent)
        normal /= np.linalg.norm(normal)
        other = np.cross(tangent, normal)
        rings.append(place + radius * (np.cos(angle) * normal + np.sin(angle) * other))
    return surface(np.stack(rings))


def coil(radius: float, height: float, turns: float, thickness: float) -> Mesh:
    """A spring standing on z = 0."""
    t = np.linspace(0, 1, int(48 * turns))
    angle = 2 * np.pi * turns * t
    path = np.stack(
        [radius * np.cos(angle), radius * np.sin(angle), thickness + height * t], axis=1
    )
    return tube(path, thickness)


def knot(size: float, around: int, through: int, thickness: float) -> Mesh:
    """A torus knot about the origin."""
    t = np.linspace(0, 2 * np.pi, 400)
    wide = size * (1 + 0.45 * np.cos(through * t))
    path = [wide * np.cos(around * t), wide * np.sin(around * t), 0.45 * size * np.sin(through * t)]
    return tube(np.stack(path, axis=1), thickness)


def terrain(heights: NDArray[np.float64], width: float, depth: float) -> Mesh:
    """Ground over x in -width/2 .. width/2 and y in 0 .. depth, `heights` (R, C) metres."""
    rows, columns = heights.shape
    x, y = np.meshgrid(np.linspace(-width / 2, width / 2, columns), np.linspace(0, depth, rows))
    return surface(np.stack([x, y, heights], axis=2))


def sheet(width: float, height: float, bend: float, waves: float) -> Mesh:
    """An upright sheet on z = 0 about the z axis, in waves of `bend` metres; its uv is 0..1."""
    s, t = np.meshgrid(np.linspace(0, 1, 60), np.linspace(0, 1, 12))
    y = bend * np.sin(2 * np.pi * waves * (s + 0.3 * t))
    mesh = surface(np.stack([(s - 0.5) * width, y, t * height], axis=2))
    return Mesh(mesh.vertices, mesh.faces, np.stack([s.ravel(), t.ravel()], axis=1), mesh.normals)


def letters(text: str, height: float, depth: float) -> Mesh:
    """Letters cut from a board of `depth`, standing on z = 0 about the z axis, facing -y."""
    font, pixels = cv2.FONT_HERSHEY_DUPLEX, 34
    scale = pixels / cv2.getTextSize(text, font, 1.0, 3)[0][1]
    (columns, rows), base = cv2.getTextSize(text, font, scale, 5)
    image = np.zeros((rows + base + 6, columns + 6), np.uint8)
    cv2.putText(image, text, (3, rows + 3), font, scale, 255, 5)
    unit = height / pixels
    slabs = []
    for row in range(image.shape[0]):
        lit = np.flatnonzero(np.diff(np.pad(image[row] > 127, 1).astype(np.int8)))
        z = (rows + 3 - row) * unit
        for start, end in lit.reshape(-1, 2):
            low = [(start - columns / 2) * unit, 0.0, z]
            slabs.append(slab(low, [(end - columns / 2) * unit, depth, z + unit]))
    return joined(slabs)

"""Meshes that scenes are put together from, beside those of `rendering.shapes`."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..rendering.shapes import Mesh, quad

_CORNERS = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float64)
_TWO_TRIANGLES = np.array([[0, 1, 2], [0, 2, 3]])


def boxes(spans: ArrayLike) -> Mesh:
    """Many boxes as one mesh; `spans` (N, 6): x0, y0, z0, x1, y1, z1 of each, metres."""
    span = np.asarray(spans, np.float64).reshape(-1, 6)
    low, high = span[:, :3], span[:, 3:]
    vertices, uv = [], []
    for axis in range(3):
        first, second = (axis + 1) % 3, (axis + 2) % 3
        for side, corners in ((high, _CORNERS), (low, _CORNERS[::-1])):
            face = np.repeat(low[:, None], 4, axis=1)
            face[..., axis] = side[:, None, axis]
            for column, along in enumerate((first, second)):
                size = (high - low)[:, along, None] * corners[None, :, column]
                face[..., along] += size
            vertices.append(face)
            # Upright faces carry their pictures upright.
            across, up = (second, first) if axis == 1 else (first, second)
            uv.append(face[..., [across, up]] - low[:, None, [across, up]])
    points = np.stack(vertices, axis=1).reshape(-1, 3)
    places = np.stack(uv, axis=1).reshape(-1, 2)
    faces = (4 * np.arange(len(points) // 4))[:, None, None] + _TWO_TRIANGLES
    return Mesh(points, faces.reshape(-1, 3), places)


def box_at(low: ArrayLike, high: ArrayLike) -> Mesh:
    """One box between two corners."""
    return boxes([*np.asarray(low), *np.asarray(high)])


def picture_quad(width: float, height: float) -> Mesh:
    """An upright rectangle on z = 0 in the plane y = 0, centred on the z axis, its front towards
    -y; its uv runs from (0, 0) to (1, 1), for a picture shown once.
    """
    mesh = quad([-width / 2, 0, 0], [width, 0, 0], [0, 0, height])
    return Mesh(mesh.vertices, mesh.faces, mesh.uv / [width, height])


def sheet(width: float, height: float, waves: int, depth: float, columns: int = 48) -> Mesh:
    """An upright sheet of cloth on z = 0, centred on the z axis, in `waves` folds of `depth`."""
    t = np.linspace(0, 1, columns + 1)
    x, y = (t - 0.5) * width, depth / 2 * np.sin(2 * np.pi * waves * t)
    bottom, top = (np.stack([x, y, np.full_like(x, z)], axis=1) for z in (0.0, height))
    slope = depth * np.pi * waves * np.cos(2 * np.pi * waves * t) / width
    normal = np.stack([slope, -np.ones_like(slope), np.zeros_like(slope)], axis=1)
    normal /= np.linalg.norm(normal, axis=1, keepdims=True)
    first = np.arange(columns)
    second = first + columns + 1
    faces = np.concatenate(
        [
            np.stack([first, first + 1, second + 1], axis=1),
            np.stack([first, second + 1, second], axis=1),
        ]
    )
    uv = np.concatenate([np.stack([t * width, z], 1) for z in (0 * t, 0 * t + height)])
    return Mesh(np.concatenate([bottom, top]), faces, uv, np.concatenate([normal, normal]))


def pillow(width: float, depth: float, thickness: float, cells: int = 12) -> Mesh:
    """A cushion lying on z = 0, centred on the z axis."""
    u, v = (g.ravel() for g in np.meshgrid(*[np.linspace(-1, 1, cells + 1)] * 2))
    rise = thickness / 2 * np.sqrt(np.maximum((1 - u**4) * (1 - v**4), 0))
    x, y = u * width / 2 * (1 - 0.08 * v**2), v * depth / 2 * (1 - 0.08 * u**2)
    top = np.stack([x, y, thickness / 2 + rise], axis=1)
    bottom = np.stack([x, y, thickness / 2 - rise], axis=1)
    corner = np.arange(cells * cells)
    a = corner + corner // cells
    b, c, d = a + 1, a + cells + 2, a + cells + 1
    up = np.concatenate([np.stack([a, b, c], axis=1), np.stack([a, c, d], axis=1)])
    uv = np.stack([x, y], axis=1)
    return _smooth(
        Mesh(
            np.concatenate([top, bottom]),
            np.concatenate([up, up[:, ::-1] + len(top)]),
            np.concatenate([uv, uv]),
        )
    )


def leaf(length: float, width: float, bend: float) -> Mesh:
    """A pointed leaf from the origin along +x, its middle raised by `bend` metres."""
    t = np.linspace(0, 1, 7)
    half = width / 2 * np.sin(np.pi * t) ** 0.8
    rise = bend * np.sin(np.pi * t * 0.7)
    sides = [np.stack([t * length, s * half, rise + abs(s) * width * 0.1], 1) for s in (-1, 0, 1)]
    vertices = np.concatenate(sides)
    first = np.arange(6)
    faces = []
    for row in (0, 7):
        a, b, c, d = first + row, first + row + 1, first + row + 8, first + row + 7
        faces += [np.stack([a, b, c], axis=1), np.stack([a, c, d], axis=1)]
    return Mesh(vertices, np.concatenate(faces), vertices[:, :2])


def rod(start: ArrayLike, end: ArrayLike, radius: float, sides: int = 8) -> Mesh:
    """A round bar between two points, without ends."""
    a, b = np.asarray(start, np.float64), np.asarray(end, np.float64)
    along = (b - a) / max(float(np.linalg.norm(b - a)), 1e-9)
    other = np.eye(3)[int(np.argmin(np.abs(along)))]
    first = np.cross(along, other)
    first /= np.linalg.norm(first)
    second = np.cross(along, first)
    angle = np.linspace(0, 2 * np.pi, sides + 1)
    ring = np.cos(angle)[:, None] * first + np.sin(angle)[:, None] * second
    vertices = np.concatenate([a + radius * ring, b + radius * ring])
    k = np.arange(sides)
    n = sides + 1
    faces = np.concatenate(
        [np.stack([k, k + 1, k + n + 1], axis=1), np.stack([k, k + n + 1, k + n], axis=1)]
    )
    length = float(np.linalg.norm(b - a))
    around = angle * radius
    uv = np.concatenate(
        [np.stack([around, 0 * angle], 1), np.stack([around, 0 * angle + length], 1)]
    )
    return Mesh(vertices, faces, uv, np.concatenate([ring, ring]))


def turn(axis: ArrayLike, angle: float) -> NDArray[np.float64]:
    """3 x 3 rotation by `angle` radians about `axis` (Rodrigues)."""
    x, y, z = np.asarray(axis, np.float64) / np.linalg.norm(axis)
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.asarray(np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross)


def any_rotation(rng: np.random.Generator) -> NDArray[np.float64]:
    """A rotation of any direction, all equally likely."""
    q = rng.standard_normal(4)
    w, x, y, z = q / np.linalg.norm(q)
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
            [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
            [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
        ]
    )


def box_uv(mesh: Mesh) -> Mesh:
    """The mesh with uv in metres, seen along the axis that each face looks to most, for models
    that come without.
    """
    corners = mesh.vertices[mesh.faces]
    normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    axis = np.argmax(np.abs(normal), axis=1)
    columns = np.array([[1, 2], [0, 2], [0, 1]])[axis]
    uv = np.take_along_axis(corners, columns[:, None, :].repeat(3, axis=1), axis=2)
    normals = None if mesh.normals is None else mesh.normals[mesh.faces].reshape(-1, 3)
    faces = np.arange(3 * len(corners)).reshape(-1, 3)
    return Mesh(corners.reshape(-1, 3), faces, uv.reshape(-1, 2), normals)


def _smooth(mesh: Mesh) -> Mesh:
    """With normals that are the means of the faces around."""
    corners = mesh.vertices[mesh.faces]
    normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    total = np.zeros_like(mesh.vertices)
    for column in range(3):
        np.add.at(total, mesh.faces[:, column], normal)
    total /= np.maximum(np.linalg.norm(total, axis=1, keepdims=True), 1e-12)
    return Mesh(mesh.vertices, mesh.faces, mesh.uv, total)

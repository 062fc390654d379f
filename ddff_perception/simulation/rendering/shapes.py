"""Triangle meshes of household things, with texture coordinates in metres."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True, slots=True)
class Mesh:
    """Triangles in metres.

    `vertices` (V, 3) float64; `faces` (F, 3) int64, counter-clockwise seen from outside;
    `uv` (V, 2) float64, metres along the surface; `normals` (V, 3) float64 for smooth shading, or
    None for flat faces.
    """

    vertices: NDArray[np.float64]
    faces: NDArray[np.int64]
    uv: NDArray[np.float64]
    normals: NDArray[np.float64] | None = None

    def moved(self, x: float = 0.0, y: float = 0.0, z: float = 0.0) -> Mesh:
        return replace(self, vertices=self.vertices + np.array([x, y, z]))

    def rotated(self, rotation: NDArray[np.float64]) -> Mesh:
        """`rotation` (3, 3) applied about the origin."""
        normals = None if self.normals is None else self.normals @ rotation.T
        return replace(self, vertices=self.vertices @ rotation.T, normals=normals)

    def turned(self, yaw: float) -> Mesh:
        """Turned about the z axis by `yaw` radians."""
        return self.rotated(rotation_z(yaw))


def corner_normals(mesh: Mesh) -> NDArray[np.float64]:
    """(F, 3, 3): the normal at each corner of each face; the face's own where the mesh is flat."""
    if mesh.normals is not None:
        return mesh.normals[mesh.faces]
    a, b, c = np.moveaxis(mesh.vertices[mesh.faces], 1, 0)
    normal = np.cross(b - a, c - a)
    normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-12)
    return np.repeat(normal[:, None], 3, axis=1)


def merged(parts: Sequence[tuple[Mesh, float]]) -> Mesh:
    """All triangles of meshes, each with corners and normals of its own, and uv in tiles of the
    size in metres that stands beside its mesh.
    """
    corners = np.concatenate([mesh.vertices[mesh.faces] for mesh, _ in parts]).reshape(-1, 3)
    uv = np.concatenate([mesh.uv[mesh.faces] / tile_m for mesh, tile_m in parts]).reshape(-1, 2)
    normals = np.concatenate([corner_normals(mesh) for mesh, _ in parts]).reshape(-1, 3)
    return Mesh(corners, np.arange(len(corners)).reshape(-1, 3), uv, normals)


def rotation_z(angle: float) -> NDArray[np.float64]:
    """3 x 3 rotation about z by `angle` in radians, from x towards y."""
    c, s = np.cos(angle), np.sin(angle)
    return np.array([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]])


def rotation_x(angle: float) -> NDArray[np.float64]:
    """3 x 3 rotation about x by `angle` in radians, from y towards z."""
    c, s = np.cos(angle), np.sin(angle)
    return np.array([[1.0, 0.0, 0.0], [0.0, c, -s], [0.0, s, c]])


def joined(meshes: Sequence[Mesh]) -> Mesh:
    """All of `meshes` as one; smooth only if every one is."""
    offsets = np.cumsum([0] + [len(m.vertices) for m in meshes[:-1]])
    normals = [m.normals for m in meshes if m.normals is not None]
    return Mesh(
        vertices=np.concatenate([m.vertices for m in meshes]),
        faces=np.concatenate([m.faces + o for m, o in zip(meshes, offsets, strict=True)]),
        uv=np.concatenate([m.uv for m in meshes]),
        normals=np.concatenate(normals) if len(normals) == len(meshes) else None,
    )


def quad(
    corner: Sequence[float], along: Sequence[float], up: Sequence[float], pieces: int = 1
) -> Mesh:
    """A parallelogram from `corner` along two edges; its front faces `along x up`."""
    a, b = np.asarray(along, dtype=np.float64), np.asarray(up, dtype=np.float64)
    steps = np.linspace(0.0, 1.0, pieces + 1)
    s, t = (g.ravel() for g in np.meshgrid(steps, steps))
    vertices = np.asarray(corner, dtype=np.float64) + s[:, None] * a + t[:, None] * b
    uv = np.stack([s * np.linalg.norm(a), t * np.linalg.norm(b)], axis=1)
    return Mesh(vertices, _grid_faces(pieces, pieces), uv)


def box(width: float, depth: float, height: float) -> Mesh:
    """A box standing on z = 0, centred on the z axis; `width` along x, `depth` along y."""
    w, d, h = width, depth, height
    x, y = w / 2, d / 2
    return joined(
        [
            quad([-x, -y, 0], [w, 0, 0], [0, 0, h]),
            quad([x, -y, 0], [0, d, 0], [0, 0, h]),
            quad([x, y, 0], [-w, 0, 0], [0, 0, h]),
            quad([-x, y, 0], [0, -d, 0], [0, 0, h]),
            quad([-x, -y, h], [w, 0, 0], [0, d, 0]),
            quad([-x, y, 0], [w, 0, 0], [0, -d, 0]),
        ]
    )


def turned_body(radii: ArrayLike, heights: ArrayLike, segments: int = 40) -> Mesh:
    """A body of revolution about z through the profile points (radius, height), bottom to top.

    Closed where the first and last radius are 0. Rings of one profile point are smooth around the
    axis and along the profile.
    """
    r, z = np.asarray(radii, dtype=np.float64), np.asarray(heights, dtype=np.float64)
    angle = np.linspace(0.0, 2.0 * np.pi, segments + 1)
    length = np.concatenate([[0.0], np.cumsum(np.hypot(np.diff(r), np.diff(z)))])
    around = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    vertices = np.empty((len(r), segments + 1, 3))
    vertices[..., :2] = r[:, None, None] * around[None]
    vertices[..., 2] = z[:, None]
    slope_r, slope_z = np.gradient(r), np.gradient(z)
    norm = np.maximum(np.hypot(slope_r, slope_z), 1e-12)
    normals = np.empty_like(vertices)
    normals[..., :2] = (slope_z / norm)[:, None, None] * around[None]
    normals[..., 2] = (-slope_r / norm)[:, None]
    uv = np.empty((len(r), segments + 1, 2))
    uv[..., 0] = angle[None] * max(float(r.max()), 1e-3)
    uv[..., 1] = length[:, None]
    faces = _grid_faces(segments, len(r) - 1)
    return Mesh(vertices.reshape(-1, 3), faces, uv.reshape(-1, 2), normals.reshape(-1, 3))


def sphere(radius: float, segments: int = 40) -> Mesh:
    """A ball resting on z = 0."""
    angle = np.linspace(-np.pi / 2, np.pi / 2, segments // 2 + 1)
    return turned_body(radius * np.cos(angle), radius * (1 + np.sin(angle)), segments)


def cylinder(radius: float, height: float, segments: int = 40) -> Mesh:
    """A closed cylinder standing on z = 0."""
    side = turned_body([radius, radius], [0.0, height], segments)
    top = turned_body([radius, 0.0], [height, height], segments)
    bottom = turned_body([0.0, radius], [0.0, 0.0], segments)
    return joined([side, top, bottom])


def vase(rng: np.random.Generator, radius: float, height: float) -> Mesh:
    """A turned bottle or vase with a random smooth profile, closed at the bottom and top."""
    knots = np.array([0.7, 1.0, rng.uniform(0.6, 1.0), rng.uniform(0.25, 0.7), 0.35])
    t = np.linspace(0, 1, 24)
    profile = radius * np.interp(t, np.linspace(0, 1, len(knots)), knots)
    kernel = np.array([1, 4, 6, 4, 1]) / 16
    profile = np.convolve(np.pad(profile, 2, mode="edge"), kernel, mode="valid")
    body = turned_body(profile, t * height)
    top = turned_body([profile[-1], 0.0], [height, height])
    return joined([body, top])


def table(width: float, depth: float, height: float, *, top: float = 0.035) -> Mesh:
    """A table top on four legs."""
    leg = 0.06
    x, y = width / 2 - leg, depth / 2 - leg
    legs = [
        box(leg, leg, height - top).moved(sx * x, sy * y)
        for sx, sy in ((-1, -1), (1, -1), (1, 1), (-1, 1))
    ]
    return joined([box(width, depth, top).moved(z=height - top), *legs])


def shelf(width: float, depth: float, height: float, boards: int) -> Mesh:
    """An open bookcase: two sides, a back and `boards` + 1 boards; its front faces -y."""
    t = 0.025
    parts = [
        box(t, depth, height).moved(x=-width / 2 + t / 2),
        box(t, depth, height).moved(x=width / 2 - t / 2),
        box(width - 2 * t, t, height).moved(y=depth / 2 - t / 2),
    ]
    gap = (height - t) / boards
    parts += [box(width - 2 * t, depth - t, t).moved(y=-t / 2, z=i * gap) for i in range(boards)]
    parts.append(box(width - 2 * t, depth - t, t).moved(y=-t / 2, z=height - t))
    return joined(parts)


def chair(width: float, seat_height: float) -> Mesh:
    """A plain chair; its back is at +y."""
    seat = table(width, width, seat_height, top=0.04)
    back = box(width, 0.03, 0.5).moved(y=width / 2 - 0.015, z=seat_height)
    return joined([seat, back])


def _grid_faces(columns: int, rows: int) -> NDArray[np.int64]:
    x, y = (g.ravel() for g in np.meshgrid(np.arange(columns), np.arange(rows)))
    a = y * (columns + 1) + x
    b, c, d = a + 1, a + columns + 2, a + columns + 1
    return np.concatenate([np.stack([a, b, c], 1), np.stack([a, c, d], 1)]).astype(np.int64)

"""The meshes of a world: merged by surface to be rendered, and as one solid for exact truth.

The time of a path tracer's look-ups grows with the number of meshes, not of triangles: a room of
five hundred pieces is rendered as some dozens of meshes, all plain colours of one finish in one.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..world.types import FINISHES, Piece, Surface, World
from .mitsuba_scene import mitsuba_mesh, picture_texture, surface_bsdf
from .shapes import Mesh, merged, quad

_MIRROR_REFLECTANCE = 0.88
_ROUGHNESS = {"satin": 0.3, "gloss": 0.1, "wet": 0.04, "metal": 0.15}
_WATER = 1.333
_FAR_AWAY = -1000.0
_PANE = "pane"
NO_PANE = quad([0.0, 0.0, _FAR_AWAY], [1e-3, 0.0, 0.0], [0.0, 1e-3, 0.0])
"""The pane of a scene that has none: a square millimetre far below everything."""


@dataclass(frozen=True, slots=True)
class Solid:
    """All triangles of some pieces as one mesh, and for each face the number of its thing (from 1
    on) and of its surface in `surfaces`.
    """

    mesh: Mesh
    things: NDArray[np.int32]
    surface_numbers: NDArray[np.int32]
    surfaces: tuple[Surface, ...]


def solid(world: World, glass: bool) -> Solid:
    """Everything in `world`, or with `glass` False all but what is of glass."""
    pieces, things, numbers = [], [], []
    surfaces: dict[int, int] = {}
    listed: list[Surface] = []
    for number, thing in enumerate(world.things, 1):
        for piece in thing.pieces:
            if not glass and piece.surface.finish == "glass":
                continue
            if id(piece.surface) not in surfaces:
                surfaces[id(piece.surface)] = len(listed)
                listed.append(piece.surface)
            count = len(piece.mesh.faces)
            pieces.append(piece)
            things.append(np.full(count, number, np.int32))
            numbers.append(np.full(count, surfaces[id(piece.surface)], np.int32))
    return Solid(_merged(pieces), np.concatenate(things), np.concatenate(numbers), tuple(listed))


def rendered_shapes(mi: Any, world: World) -> dict[str, Any]:
    """Mitsuba's shapes of `world` by name."""
    groups: dict[tuple[Any, ...], _Group] = {}
    for thing in world.things:
        for piece in thing.pieces:
            groups.setdefault(_key(piece.surface), _Group(piece.surface)).pieces.append(piece)
    for surface in _every_kind():
        groups.setdefault(("kind", id(surface)), _Group(surface)).pieces.append(_hidden(surface))
    shapes = {f"mesh{number}": group.shape(mi) for number, group in enumerate(groups.values())}
    glass = {"mesh_bsdf": mi.load_dict(_bsdf(mi, "glass", np.ones((1, 1, 3), np.float32)))}
    return {**shapes, _PANE: mitsuba_mesh(mi, _PANE, NO_PANE, glass)}


def move_pane(mi: Any, scene: Any, pane: Mesh | None) -> None:
    """Gives the pane that `rendered_shapes` puts into every scene another place, None none.

    `pane` has two triangles like NO_PANE. Nothing is compiled anew.
    """
    values = mi.traverse(scene)
    mesh = NO_PANE if pane is None else pane
    values[f"{_PANE}.vertex_positions"] = np.ravel(mesh.vertices).astype(np.float32)
    values.update()


@dataclass(slots=True)
class _Group:
    """Pieces that one Mitsuba mesh shows."""

    surface: Surface
    pieces: list[Piece] = field(default_factory=list)

    def shape(self, mi: Any) -> Any:
        mesh, picture = _merged(self.pieces), self.surface.picture
        if picture is None:
            mesh, picture = _with_palette(mesh, self.pieces)
        parts = {"mesh_bsdf": mi.load_dict(_bsdf(mi, self.surface.finish, picture))}
        if self.surface.emission is not None:
            parts["mesh_emitter"] = mi.load_dict(_emitter(mi, self.surface, self.pieces))
        return mitsuba_mesh(mi, "mesh", mesh, parts)


def _with_palette(mesh: Mesh, pieces: Sequence[Piece]) -> tuple[Mesh, NDArray[np.float32]]:
    """The mesh with uv into a picture of a pixel per colour, so that plain pieces of any colours
    are one mesh.
    """
    colours, numbers = np.unique(
        [piece.surface.colour for piece in pieces], axis=0, return_inverse=True
    )
    side = math.ceil(math.sqrt(len(colours)))
    picture = np.resize(colours, (side * side, 3)).reshape(side, side, 3).astype(np.float32)
    rows, columns = np.divmod(np.ravel(numbers), side)
    place = np.stack([columns + 0.5, side - rows - 0.5], axis=1) / side
    corners = [3 * len(piece.mesh.faces) for piece in pieces]
    return replace(mesh, uv=np.repeat(place, corners, axis=0)), picture


def _key(surface: Surface) -> tuple[Any, ...]:
    picture = None if surface.picture is None else id(surface.picture)
    return surface.finish, picture, surface.emission


def _bsdf(mi: Any, finish: str, picture: NDArray[np.float32]) -> dict[str, Any]:
    """The same surface in every variant; in the polarized one it polarizes, which not all of
    Mitsuba's plugins do.
    """
    polarized = mi.variant().endswith("polarized")
    sides = "polarizing_sides" if polarized else "twosided"
    if finish == "glass":
        return {"type": "polarizing_pane" if polarized else "thindielectric"}
    if finish == "mirror":
        value = {"type": "rgb", "value": _MIRROR_REFLECTANCE}
        return {
            "type": sides,
            "bsdf": {"type": "conductor", "material": "none", "specular_reflectance": value},
        }
    result = surface_bsdf(picture_texture(mi, picture), _ROUGHNESS.get(finish))
    inner = result["bsdf"]
    if finish == "wet":
        inner["int_ior"] = _WATER
    elif finish == "metal":
        # Chromium, tinted.
        result["bsdf"] = {"type": "roughconductor", "material": "Cr", "alpha": inner["alpha"]}
        result["bsdf"]["specular_reflectance"] = inner["diffuse_reflectance"]
    if polarized and finish != "matt":
        result["type"] = sides
        inner["type"] = "pplastic"
    return result


def _emitter(mi: Any, surface: Surface, pieces: list[Piece]) -> dict[str, Any]:
    hidden = pieces[0].mesh.vertices[0, 2] == _FAR_AWAY
    emission = np.asarray(surface.emission, np.float32)
    radiance: dict[str, Any] = {"type": "rgb", "value": [float(v) for v in emission]}
    if surface.picture is not None:
        radiance = picture_texture(mi, np.asarray(surface.picture * emission, np.float32))
    return {"type": "area", "radiance": radiance, "sampling_weight": 0.0 if hidden else 1.0}


def _every_kind() -> list[Surface]:
    """One surface of every kind. With all of them in every scene, each runs the same compiled
    code, which takes longer to make than several views to render.
    """
    shining = (0.01, 0.01, 0.01)
    picture = np.full((4, 4, 3), 0.5, np.float32)
    kinds = [Surface(finish=finish) for finish in FINISHES if finish != "glass"]
    return [*kinds, Surface(emission=shining), Surface(picture=picture, emission=shining)]


def _hidden(surface: Surface) -> Piece:
    """A square millimetre far below everything."""
    vertices = np.array([[0.0, 0, _FAR_AWAY], [1e-3, 0, _FAR_AWAY], [0, 1e-3, _FAR_AWAY]])
    return Piece(Mesh(vertices, np.array([[0, 1, 2]]), vertices[:, :2]), surface)


def _merged(pieces: Sequence[Piece]) -> Mesh:
    return merged([(piece.mesh, piece.surface.tile_m) for piece in pieces])

"""What a scene of the world is made of: things with surfaces, and the light around them.

World frame: x right, y into the room, z up, metres, the floor at z = 0.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ..classes import NYU40
from ..rendering.shapes import Mesh

FINISHES = ("matt", "satin", "gloss", "wet", "metal", "mirror", "glass")
Colour = tuple[float, float, float]


@dataclass(frozen=True, slots=True, eq=False)
class Surface:
    """What a mesh is covered with: `colour`, linear RGB reflectance, or in its place `picture`
    (H, W, 3) float32, mirrored every `tile_m` units of the mesh's `uv`; `finish` of FINISHES.

    `emission`: linear RGB radiance of a lamp; with `picture`, the factor that the picture shines
    with, as on a screen. None for what does not shine.
    """

    colour: Colour = (0.5, 0.5, 0.5)
    picture: NDArray[np.float32] | None = None
    tile_m: float = 1.0
    finish: str = "matt"
    emission: Colour | None = None


@dataclass(frozen=True, slots=True)
class Piece:
    """A mesh in world coordinates and its surface."""

    mesh: Mesh
    surface: Surface


@dataclass(frozen=True, slots=True)
class Motion:
    """How a thing moves: `velocity` (3,) metres a second, turning at `spin` radians a second
    about the vertical axis through `centre`.
    """

    velocity: tuple[float, float, float]
    spin: float
    centre: tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Thing:
    """One instance: `label` of NYU40, None for what has no class; `asset` is the key of the model
    that it came from, None where it is made here.
    """

    label: str | None
    pieces: tuple[Piece, ...]
    asset: str | None = None
    motion: Motion | None = None

    @property
    def label_index(self) -> int | None:
        """Index into NYU40, None for what has no class."""
        return None if self.label is None else NYU40.index(self.label)

    def at(self, seconds: float) -> Thing:
        """The thing where it is after `seconds`."""
        if self.motion is None or seconds == 0:
            return self
        centre = np.asarray(self.motion.centre)
        shift = centre + np.asarray(self.motion.velocity) * seconds
        pieces = tuple(
            replace(p, mesh=p.mesh.moved(*-centre).turned(self.motion.spin * seconds).moved(*shift))
            for p in self.pieces
        )
        return replace(self, pieces=pieces)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Light from all around: an environment map (`file`, `key` in the catalogue), turned by `turn`
    radians about the vertical axis and scaled, or where `file` is None one `colour` of radiance.
    """

    colour: Colour = (0.0, 0.0, 0.0)
    file: str | None = None
    key: str | None = None
    turn: float = 0.0
    scale: float = 1.0


@dataclass(frozen=True, slots=True)
class World:
    """A scene: its things, the light around, the keys of all `assets` in it, and its `kind`."""

    kind: str
    things: tuple[Thing, ...]
    surroundings: Surroundings
    assets: tuple[str, ...] = ()

    def at(self, seconds: float) -> World:
        """The scene after `seconds`: moving things have moved."""
        if all(thing.motion is None for thing in self.things):
            return self
        return replace(self, things=tuple(thing.at(seconds) for thing in self.things))

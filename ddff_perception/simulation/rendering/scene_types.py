"""What a scene is made of: objects with meshes and surfaces, and where the camera stands.

World frame: x right, y into the room, z up, metres, the floor at z = 0.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...optics.textures import Texture
from ...types import InputError, require_choice
from .shapes import Mesh

KINDS = (
    "nothing",
    "floor",
    "wall",
    "ceiling",
    "table",
    "shelf",
    "cabinet",
    "chair",
    "box",
    "book",
    "ball",
    "cylinder",
    "vase",
    "picture",
    "rug",
    "window",
    "lamp",
)
"""Classes of objects; the index is the class number, 0 where a ray leaves the scene."""

LAYOUTS = ("room", "table_top")
NEAREST_M, FARTHEST_M = 0.05, 20.0


@dataclass(frozen=True, slots=True)
class Material:
    """A surface: `texture` (H, W, 3) float32 linear RGB reflectance, repeated (mirrored) every
    `tile_m` metres; `roughness` of a glossy coat, None for a matt surface.
    """

    texture: Texture
    tile_m: float = 1.0
    roughness: float | None = None


@dataclass(frozen=True, slots=True)
class SceneObject:
    """One thing: `kind` is of KINDS; `emission` is the linear RGB radiance of a lamp or None."""

    name: str
    kind: str
    mesh: Mesh
    material: Material
    emission: tuple[float, float, float] | None = None


@dataclass(frozen=True, slots=True)
class Scene:
    """Objects and where the camera stands: `pose` (4, 4) maps points of the camera's optical
    frame (x right, y down, z forward) to the world.
    """

    objects: tuple[SceneObject, ...]
    pose: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class SceneSettings:
    """What a random scene is drawn from.

    `near_m` and `far_m` bound the depth of what the camera sees. With `plain_walls`, the walls,
    the ceiling and the large furniture are of one colour without any texture; the layout is that
    of the same seed without it. `clutter` scales the number of things, `texture_px` is the width
    of the textures in pixels.
    """

    seed: int = 0
    layout: str = "room"
    near_m: float = 0.5
    far_m: float = 7.0
    plain_walls: bool = False
    clutter: float = 1.0
    texture_px: int = 512

    def __post_init__(self) -> None:
        if self.seed < 0:
            raise InputError(f"the seed of a scene must not be negative, as {self.seed} is")
        require_choice("layout", self.layout, LAYOUTS)
        if not (self.near_m >= NEAREST_M and self.near_m * 2 <= self.far_m <= FARTHEST_M):
            raise InputError(
                f"a scene needs near >= {NEAREST_M} m and far between 2 x near and {FARTHEST_M:g} m"
            )
        if not 16 <= self.texture_px <= 4096:
            raise InputError(f"texture_px must lie in 16 .. 4096, not {self.texture_px}")
        if not 0.0 <= self.clutter <= 3.0:
            raise InputError(f"clutter must lie in 0 .. 3, not {self.clutter:g}")

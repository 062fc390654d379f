"""Collects the objects of a random scene: surfaces, the camera's place, and small clutter."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ...optics.textures import Colour, make_texture, plain, random_colour
from . import shapes
from .scene_types import Material, SceneObject, SceneSettings
from .shapes import Mesh

PATTERNS = ("dead_leaves", "cloth", "wood", "tiles", "checker", "stripes", "text")


@dataclass
class SceneBuilder:
    """Collects objects. Layout and surfaces draw from separate generators, so that plain walls
    do not move the furniture.
    """

    settings: SceneSettings
    objects: list[SceneObject] = field(default_factory=list)
    pose: NDArray[np.float64] = field(default_factory=lambda: np.eye(4))

    def __post_init__(self) -> None:
        streams = np.random.SeedSequence(self.settings.seed).spawn(2)
        self.rng = np.random.default_rng(streams[0])
        self.surface_rng = np.random.default_rng(streams[1])

    def add(
        self,
        kind: str,
        mesh: Mesh,
        material: Material,
        emission: tuple[float, float, float] | None = None,
    ) -> None:
        number = sum(item.kind == kind for item in self.objects)
        self.objects.append(SceneObject(f"{kind}_{number}", kind, mesh, material, emission))

    def plain(self, light: bool = True) -> Material:
        colour = random_colour(self.surface_rng, 0.85)
        level = self.surface_rng.uniform(0.5, 0.8) if light else self.surface_rng.uniform(0.1, 0.5)
        return Material(plain(self.surface_rng, colour=_scaled(colour, level)))

    def wall(self) -> Material:
        """Truly plain where the settings say so, else wallpaper, tiles or visible plaster."""
        rng = self.surface_rng
        if self.settings.plain_walls:
            return self.plain()
        kind = str(rng.choice(["dead_leaves", "cloth", "stripes", "tiles", "plaster"]))
        return self.patterned(kind, rng.uniform(1.0, 2.5), rng.uniform(0.35, 0.9), light=0.6)

    def large(self) -> Material:
        """The surface of large furniture."""
        rng = self.surface_rng
        if self.settings.plain_walls:
            return self.plain(light=bool(rng.random() < 0.6))
        kind = str(rng.choice(["wood", "wood", "cloth", "dead_leaves"]))
        return self.patterned(kind, rng.uniform(0.6, 1.2), 1.0)

    def small(self, tile_m: float) -> Material:
        """The surface of clutter: mostly patterned, sometimes plain or glossy."""
        rng = self.surface_rng
        if rng.random() < 0.15:
            return self.plain(light=bool(rng.random() < 0.5))
        kind = str(rng.choice(PATTERNS, p=[0.36, 0.14, 0.12, 0.06, 0.08, 0.08, 0.16]))
        roughness = float(rng.uniform(0.15, 0.35)) if rng.random() < 0.2 else None
        material = self.patterned(kind, tile_m, 1.0)
        return Material(material.texture, material.tile_m, roughness)

    def patterned(
        self, kind: str, tile_m: float, contrast: float, light: float | None = None
    ) -> Material:
        """Texture `kind` with its contrast scaled, and its mean brought to `light` if given."""
        texture = make_texture(kind, self.surface_rng, self.settings.texture_px)
        mean = texture.mean(axis=(0, 1))
        texture = mean + (texture - mean) * contrast
        if light is not None:
            texture = texture * (light / max(float(mean.mean()), 1e-3))
        return Material(np.clip(texture, 0.02, 0.88).astype(np.float32), tile_m)

    def look(self, eye: tuple[float, float, float], pitch: float, yaw: float, roll: float) -> None:
        """Stand at `eye`, look along +y, turned up by `pitch`, left by `yaw` (radians)."""
        level = np.array([[1.0, 0, 0], [0, 0, 1.0], [0, -1.0, 0]])
        camera_roll = shapes.rotation_z(roll)
        rotation = shapes.rotation_z(yaw) @ shapes.rotation_x(pitch) @ level @ camera_roll
        self.pose = np.eye(4)
        self.pose[:3, :3] = rotation
        self.pose[:3, 3] = eye

    def clutter(
        self, area: tuple[float, float, float, float], z: float, count: int, scale: float
    ) -> None:
        """About `count` things standing at height `z` on the rectangle x0, x1, y0, y1."""
        x0, x1, y0, y1 = area
        placed: list[tuple[float, float, float]] = []
        for _ in range(count * 6):
            if len(placed) >= count:
                break
            radius = scale * self.rng.uniform(0.035, 0.085)
            if x1 - x0 <= 2 * radius or y1 - y0 <= 2 * radius:
                continue
            x = self.rng.uniform(x0 + radius, x1 - radius)
            y = self.rng.uniform(y0 + radius, y1 - radius)
            if all(np.hypot(x - a, y - b) > radius + r for a, b, r in placed):
                placed.append((x, y, radius))
                self._thing(x, y, z, radius)

    def _thing(self, x: float, y: float, z: float, radius: float) -> None:
        rng = self.rng
        yaw = rng.uniform(-np.pi, np.pi)
        kind = str(rng.choice(["box", "book", "ball", "cylinder", "vase", "picture"]))
        side = radius * 1.3
        tile = max(radius * float(rng.uniform(1.5, 4.0)), 0.05)
        if kind == "book":
            self._books(x, y, z, side, yaw)
            return
        if kind == "box":
            mesh = shapes.box(side, side * rng.uniform(0.5, 1.0), radius * rng.uniform(0.8, 4.0))
        elif kind == "ball":
            mesh = shapes.sphere(radius * rng.uniform(0.5, 1.0))
        elif kind == "cylinder":
            mesh = shapes.cylinder(radius * rng.uniform(0.4, 0.8), radius * rng.uniform(1.5, 4.0))
        elif kind == "vase":
            mesh = shapes.vase(rng, radius * 0.8, radius * rng.uniform(2.5, 5.0))
        else:
            lean = shapes.rotation_x(-0.2)
            mesh = shapes.box(side * 1.2, 0.012, side * rng.uniform(1.2, 1.8)).rotated(lean)
            yaw = rng.uniform(-0.5, 0.5)
        self.add(kind, mesh.turned(yaw).moved(x, y, z), self.small(tile))

    def _books(self, x: float, y: float, z: float, side: float, yaw: float) -> None:
        for _ in range(int(self.rng.integers(1, 4))):
            height = side * self.rng.uniform(0.15, 0.4)
            turn = yaw + self.rng.uniform(-0.3, 0.3)
            mesh = shapes.box(side * 0.8, side * 1.1, height).turned(turn).moved(x, y, z)
            self.add("book", mesh, self.small(max(side, 0.1)))
            z += height


def _scaled(colour: Colour, level: float) -> Colour:
    """`colour` with its mean brought to `level`, within 0.85."""
    result = colour * (level / max(float(colour.mean()), 1e-3))
    return np.asarray(np.clip(result, 0.03, 0.85), dtype=np.float32)

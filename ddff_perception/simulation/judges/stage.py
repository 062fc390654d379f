"""A stage that a judge's scene is put on: held-out models, photographs, light; own surfaces."""

from __future__ import annotations

from dataclasses import replace
from pathlib import PurePosixPath

import numpy as np
from numpy.typing import ArrayLike

from ...optics.srgb import srgb_decode
from ...types import InputError
from ..assets.catalogue import catalogue
from ..assets.library import Library, Offer
from ..assets.models import ModelPart
from ..rendering.shapes import Mesh, rotation_z
from ..world.types import Piece, Surface, Surroundings, Thing, World
from .patterns import PATTERNS

_GLASSY = 0.6
_PHOTOGRAPHS = sum(
    (item.kind, item.use) == ("photograph", "judge")
    for asset in catalogue()
    for item in asset.items
)
# Two directions that no face of furniture is at right angles to both of.
_OBLIQUE = np.array([[1.0, 0.45, 0.1], [0.15, 0.4, 1.0]])


class Stage:
    """Collects the things of one scene; `rng` is that of the scene alone.

    Raises InputError where `library` is for training or lacks what a scene asks for.
    """

    def __init__(self, library: Library, name: str) -> None:
        if library.use != "judge":
            raise InputError("judges are made of held-out assets alone: open the library to judge")
        self.rng = np.random.default_rng(list(f"judge {name}".encode()))
        self._library = library
        self._models = {
            PurePosixPath(offer.kind.model).stem: offer
            for offers in library.offers.values()
            for offer in offers
        }
        self._name = name
        self._things: list[Thing] = []
        self._used: set[str] = set()
        self._around = Surroundings((1.0, 1.0, 1.0))

    def add(self, mesh: Mesh, cover: Surface) -> None:
        """One thing that is made here."""
        self._things.append(Thing(None, (Piece(mesh, cover),)))

    def pattern(self, kind: str, tile_m: float, contrast: float = 1.0) -> Surface:
        """A surface of `patterns`, repeated every `tile_m` metres."""
        picture = PATTERNS[kind](self.rng)
        mean = picture.mean(axis=(0, 1))
        picture = np.clip(mean + contrast * (picture - mean), 0.02, 0.9).astype(np.float32)
        return Surface(picture=picture, tile_m=tile_m)

    def photograph(self, number: int, tile_m: float = 1.0) -> Surface:
        """The held-out photograph `number`, modulo how many there are."""
        photographs = self._library.photographs
        if len(photographs) < _PHOTOGRAPHS:  # Others in their place would be another scene.
            raise self._missing()
        chosen = photographs[number % len(photographs)]
        self._used.add(chosen.key)
        picture = np.clip(self._library.photograph(chosen), 0.01, 0.92).astype(np.float32)
        return Surface(picture=picture, tile_m=tile_m)

    def light(self, name: str, turn_deg: float, scale: float = 1.0) -> None:
        """Light from the held-out environment map whose file is called `name`."""
        maps = {PurePosixPath(p.key).name.split(".")[0]: p for p in self._library.environments}
        if name not in maps:
            raise self._missing()
        file = str(self._library.environment(maps[name]))
        turn = float(np.radians(turn_deg))
        self._around = Surroundings(file=file, key=maps[name].key, turn=turn, scale=scale)

    def model(
        self,
        stem: str,
        place: ArrayLike,
        yaw_deg: float = 0.0,
        size: float = 1.0,
        cover: Surface | None = None,
    ) -> float:
        """The held-out model whose file is called `stem`, standing at `place` (x, y, z), its front
        turned from -y by `yaw_deg`, in its own colours or all of it with `cover`. Returns the
        height of what things can stand on, in the scene.
        """
        offer = self._offer(stem)
        model = self._library.model(offer)
        turn, at = rotation_z(float(np.radians(yaw_deg))), np.asarray(place, np.float64)
        pieces = []
        for part in model.parts:
            mesh = _mesh(part, size, oblique=cover is not None).rotated(turn).moved(*at)
            pieces.append(Piece(mesh, _own(part) if cover is None else cover))
        self._things.append(Thing(offer.kind.label, tuple(pieces), offer.kind.key))
        return float(at[2] + size * (model.support or model.size[2]))

    def world(self) -> World:
        """All that was collected, with the keys of its assets."""
        keys = {thing.asset for thing in self._things if thing.asset} | self._used
        keys |= {self._around.key} if self._around.key else set()
        return World(self._name, tuple(self._things), self._around, tuple(sorted(keys)))

    def _offer(self, stem: str) -> Offer:
        if not self._models:
            raise self._missing()
        return self._models[stem]

    def _missing(self) -> InputError:
        return InputError(f"the scene {self._name} needs all assets: run `ddff assets fetch` first")


def _own(part: ModelPart) -> Surface:
    if part.opacity < _GLASSY:
        return Surface(finish="glass")
    finish = "satin" if part.shininess > 80 else "matt"
    if part.picture is not None and part.uv is not None:
        picture = srgb_decode(part.picture / 255.0)
        return Surface(picture=np.clip(picture, 0.02, 0.9).astype(np.float32), finish=finish)
    red, green, blue = np.clip(srgb_decode(np.clip(part.colour, 0, 1)), 0.03, 0.85)
    return Surface(colour=(float(red), float(green), float(blue)), finish=finish)


def _mesh(part: ModelPart, size: float, *, oblique: bool) -> Mesh:
    vertices = part.vertices.astype(np.float64) * size
    normals = None if part.normals is None else part.normals.astype(np.float64)
    uv = np.zeros((len(vertices), 2)) if part.uv is None else part.uv.astype(np.float64)
    mesh = Mesh(vertices, part.faces.astype(np.int64), uv, normals)
    return replace(mesh, uv=vertices @ _OBLIQUE.T) if oblique else mesh

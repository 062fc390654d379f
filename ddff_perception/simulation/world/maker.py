"""Collects the things of one scene: models and what is made here, their assets, the light."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ...optics.srgb import srgb_decode
from ..assets.library import Library, Offer
from ..assets.models import Model, ModelPart
from ..assets.wavefront import UnshowableError
from ..rendering.shapes import Mesh, rotation_z
from .painter import Painter
from .solids import box_uv
from .types import Motion, Piece, Surface, Surroundings, Thing, World

_GLASSY = 0.6  # MTL opacity below which a part is a pane
_WOODEN = ("cabinet", "table", "desk", "bookshelf", "dresser", "shelves", "night stand", "chair")


class Maker:
    """What every scene is put together with. The same `seed` and assets make the same scene."""

    def __init__(self, library: Library, seed: int) -> None:
        self.rng = np.random.default_rng([seed, 2026])
        self.library = library
        self.paint = Painter(self.rng, library)
        self.things: list[Thing] = []
        self.surroundings = Surroundings()

    def chance(self, share: float) -> bool:
        """True in `share` of all cases."""
        return bool(self.rng.random() < share)

    def uniform(self, low: float, high: float) -> float:
        """A number between `low` and `high`."""
        return float(self.rng.uniform(low, high))

    def pick(self, options: Sequence[str]) -> str:
        """One of `options`; what stands there twice is twice as likely."""
        return options[int(self.rng.integers(len(options)))]

    def count(self, low: int, high: int) -> int:
        """A whole number from `low` to `high`, both included."""
        return int(self.rng.integers(low, high + 1))

    def add(self, label: str | None, *pieces: tuple[Mesh, Surface]) -> Thing:
        """A thing made here, of meshes in world coordinates with their surfaces."""
        thing = Thing(label, tuple(Piece(mesh, surface) for mesh, surface in pieces))
        self.things.append(thing)
        return thing

    def offer(self, *groups: str, largest: float = 4.0) -> Offer | None:
        """A model of one of `groups`, no longer than `largest` metres; None where there is none."""
        offers = [o for g in groups for o in self.library.offers.get(g, ())]
        offers = [o for o in offers if max(o.size.size) <= largest and o.kind.place != "none"]
        return offers[int(self.rng.integers(len(offers)))] if offers else None

    def read(self, offer: Offer | None) -> Model | None:
        """The model of the offer; None without an offer, or where it cannot be shown."""
        if offer is None:
            return None
        try:
            return self.library.model(offer)
        except UnshowableError:
            return None

    def stretch(self) -> tuple[float, float, float]:
        """Factors by which one model is larger than the next of its kind."""
        overall = self.uniform(0.9, 1.12)
        x, y, z = (overall * self.uniform(0.95, 1.05) for _ in range(3))
        return x, y, z

    def add_model(
        self,
        offer: Offer,
        model: Model,
        place: tuple[float, float, float],
        yaw: float,
        scale: tuple[float, float, float] = (1.0, 1.0, 1.0),
    ) -> Thing:
        """The model standing at `place`, turned by `yaw` radians, in its own colours or others."""
        turn = rotation_z(yaw)
        pieces = self.model_pieces(model, offer.kind.label, scale)
        placed = tuple(
            Piece(piece.mesh.rotated(turn).moved(*place), piece.surface) for piece in pieces
        )
        thing = Thing(offer.kind.label, placed, offer.kind.key)
        self.things.append(thing)
        return thing

    def model_pieces(
        self, model: Model, label: str, scale: tuple[float, float, float]
    ) -> list[Piece]:
        """The parts of a model where it stands by itself, with surfaces."""
        own = self.chance(0.45)
        wooden = label in _WOODEN and self.chance(0.5)
        covers = [self.paint.wood() if wooden else self.paint.any(0.4), self.paint.plain()]
        pieces = []
        for number, part in enumerate(model.parts):
            mesh = _mesh(part, np.asarray(scale))
            if part.opacity < _GLASSY:
                surface = Surface(finish="glass")
            elif own or (part.picture is not None and self.chance(0.4)):
                surface = self._own_surface(part)
            else:
                surface = covers[0 if number % 3 < 2 else 1]
            if surface.picture is not None and (
                part.uv is None or any(surface is cover for cover in covers)
            ):
                mesh = box_uv(mesh)
            pieces.append(Piece(mesh, surface))
        return pieces

    def world(self, kind: str) -> World:
        """All that was collected."""
        keys = {thing.asset for thing in self.things if thing.asset} | self.paint.used
        if self.surroundings.key:
            keys.add(self.surroundings.key)
        return World(kind, tuple(self.things), self.surroundings, tuple(sorted(keys)))

    def light_from(self, outdoors: bool, scale: float) -> None:
        """Surrounds the scene with an environment map, or a plain sky where there is none."""
        maps = [m for m in self.library.environments if m.outdoors == outdoors]
        turn = self.uniform(-np.pi, np.pi)
        if not maps:
            tint = 1 + 0.2 * self.rng.uniform(-1, 1)
            self.surroundings = Surroundings((0.9 * scale, scale, tint * scale))
            return
        chosen = maps[int(self.rng.integers(len(maps)))]
        file = str(self.library.environment(chosen))
        self.surroundings = Surroundings(file=file, key=chosen.key, turn=turn, scale=scale)

    def set_moving(self, share: float) -> None:
        """Lets `share` of the things that could be moved move."""
        fixed = (None, "wall", "floor", "ceiling", "window", "door", "picture", "curtain", "blinds")
        for number, thing in enumerate(self.things):
            if thing.label in fixed or not self.chance(share):
                continue
            points = np.concatenate([piece.mesh.vertices for piece in thing.pieces])
            centre = (points.min(axis=0) + points.max(axis=0)) / 2
            speed, way = self.uniform(0.1, 1.5), self.uniform(-np.pi, np.pi)
            velocity = (speed * np.cos(way), speed * np.sin(way), 0.0)
            spin = self.uniform(-2, 2) * self.count(0, 1)
            motion = Motion(velocity, spin, (centre[0], centre[1], 0.0))
            self.things[number] = Thing(thing.label, thing.pieces, thing.asset, motion)

    def wet_floors(self) -> None:
        """Water on every floor."""
        for number, thing in enumerate(self.things):
            if thing.label == "floor":
                pieces = tuple(
                    replace(p, surface=replace(p.surface, finish="wet")) for p in thing.pieces
                )
                self.things[number] = replace(thing, pieces=pieces)

    def _own_surface(self, part: ModelPart) -> Surface:
        finish = "satin" if part.shininess > 80 else "matt"
        if part.picture is not None and part.uv is not None:
            picture = srgb_decode(part.picture / 255.0) * self.uniform(0.7, 1.1)
            return Surface(picture=np.clip(picture, 0.01, 0.92).astype(np.float32), finish=finish)
        colour = srgb_decode(np.clip(np.asarray(part.colour), 0, 1)) * self.uniform(0.8, 1.15)
        r, g, b = (float(v) for v in np.clip(colour, 0.015, 0.9))
        return Surface(colour=(r, g, b), finish=finish)


def _mesh(part: ModelPart, scale: np.ndarray) -> Mesh:
    uv = np.zeros((len(part.vertices), 2)) if part.uv is None else part.uv.astype(np.float64)
    normals = None
    if part.normals is not None:
        normals = part.normals / scale
        normals = normals / np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)
    return Mesh(part.vertices * scale, part.faces.astype(np.int64), uv, normals)

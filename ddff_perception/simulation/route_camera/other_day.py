"""The same room another day: other light, things moved or gone, people and clutter in the way."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ..assets.library import Library
from ..world.maker import Maker
from ..world.types import Surroundings, Thing, World

_FIXED = (
    None, "wall", "floor", "ceiling", "window", "door", "picture", "curtain", "blinds", "lamp",
)  # fmt: skip
_IN_THE_WAY = ("person", "box", "chair", "bag", "plant")
_CLEARANCE_M = 0.45
_LOW_M, _HIGH_M = 0.9, 2.0
_GONE, _MOVED, _SHIFT_M = 0.12, 0.3, 0.25
_MARGIN_M = 0.4


def with_way_free(world: World, way: NDArray[np.float64]) -> World:
    """The scene without the things that stand on the way (n, 2) and reach the camera."""

    def blocks(thing: Thing) -> bool:
        if thing.label in ("wall", "floor", "ceiling"):
            return False
        for piece in thing.pieces:
            low, high = piece.mesh.vertices.min(axis=0), piece.mesh.vertices.max(axis=0)
            if high[2] < _LOW_M or low[2] > _HIGH_M:
                continue
            inside = (way > low[:2] - _CLEARANCE_M) & (way < high[:2] + _CLEARANCE_M)
            if inside.all(axis=1).any():
                return True
        return False

    return replace(world, things=tuple(t for t in world.things if not blocks(t)))


def another_day(
    world: World, library: Library, way: NDArray[np.float64], size: tuple[float, float], seed: int
) -> World:
    """The scene of a room of that `size` (width, depth) on the day `seed`."""
    maker = Maker(library, seed)
    things = [_changed(thing, maker) for thing in world.things]
    kept = [thing for thing in things if thing is not None]
    for _ in range(maker.count(1, 3)):
        _put_beside(maker, way, size)
    maker.light_from(True, float(np.exp(maker.uniform(np.log(0.3), np.log(6.0)))))
    added, light = tuple(maker.things), _like(world.surroundings, maker.surroundings)
    assets = {*world.assets, *(t.asset for t in added if t.asset), *maker.paint.used}
    assets |= {light.key} if light.key else set()
    gain = float(np.exp(maker.uniform(np.log(0.4), np.log(2.0))))
    shining = tuple(_dimmed(thing, gain) for thing in kept)
    return replace(
        world, things=(*shining, *added), surroundings=light, assets=tuple(sorted(assets))
    )


def _changed(thing: Thing, maker: Maker) -> Thing | None:
    """The thing where it stands on another day; None where it is gone."""
    if thing.label in _FIXED:
        return thing
    if maker.chance(_GONE):
        return None
    if not maker.chance(_MOVED):
        return thing
    x, y = maker.rng.normal(0, _SHIFT_M, 2)
    pieces = tuple(replace(p, mesh=p.mesh.moved(float(x), float(y), 0.0)) for p in thing.pieces)
    return replace(thing, pieces=pieces)


def _put_beside(maker: Maker, way: NDArray[np.float64], size: tuple[float, float]) -> None:
    """Something beside the way."""
    offer = maker.offer(*_IN_THE_WAY, largest=2.0)
    model = maker.read(offer)
    if offer is None or model is None:
        return
    at = way[int(maker.rng.integers(len(way)))]
    side = maker.uniform(-np.pi, np.pi)
    place = at + maker.uniform(0.8, 1.3) * np.array([np.cos(side), np.sin(side)])
    inside = (place > _MARGIN_M) & (place < np.array(size) - _MARGIN_M)
    if inside.all() and np.linalg.norm(way - place, axis=1).min() > 0.7:
        spot = (float(place[0]), float(place[1]), 0.0)
        maker.add_model(offer, model, spot, maker.uniform(-np.pi, np.pi))


def _like(before: Surroundings, drawn: Surroundings) -> Surroundings:
    """What was drawn; nights without an outside stay so."""
    return before if before.file is None and max(before.colour) < 0.01 else drawn


def _dimmed(thing: Thing, gain: float) -> Thing:
    if all(piece.surface.emission is None for piece in thing.pieces):
        return thing
    pieces = []
    for piece in thing.pieces:
        light = piece.surface.emission
        if light is not None:
            r, g, b = (gain * value for value in light)
            piece = replace(piece, surface=replace(piece.surface, emission=(r, g, b)))
        pieces.append(piece)
    return replace(thing, pieces=tuple(pieces))

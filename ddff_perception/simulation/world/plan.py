"""Where things can stand: the floor of a room and its walls, and what is taken of them."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ..rendering.shapes import Mesh, rotation_z

_GAP = 0.03
_TRIES = 16
_YAWS = (np.pi, np.pi / 2, 0.0, -np.pi / 2)
"""Of walls 0 (y = 0), 1 (x = 0), 2 (the far y) and 3 (the far x): turns things that look to -y
so that their backs are at the wall."""


@dataclass(slots=True)
class Wall:
    """One wall, seen from inside: `along` runs from -length / 2 to length / 2, left to right.

    A thing made with its back on the plane y = 0 and its front towards -y is hung on the wall by
    `hung`. `spans` are the rectangles that are taken: along from, to, height from, to.
    """

    middle: tuple[float, float]
    yaw: float
    length: float
    height: float
    open: bool = False
    spans: list[tuple[float, float, float, float]] = field(default_factory=list)

    def hung(self, mesh: Mesh, along: float, z: float, off: float = 0.0) -> Mesh:
        """`mesh` at the wall, `along` it, raised by `z`, `off` metres away from it."""
        x, y, _ = self.point(along, off)
        return mesh.turned(self.yaw).moved(x, y, z)

    def point(self, along: float, off: float, z: float = 0.0) -> tuple[float, float, float]:
        """World coordinates of a place `off` metres before the wall."""
        x, y = rotation_z(self.yaw)[:2, :2] @ [along, -off]
        return self.middle[0] + x, self.middle[1] + y, z

    def free(self, start: float, end: float, low: float, high: float) -> bool:
        """Whether nothing is on that rectangle of the wall."""
        return all(
            end + _GAP < a or start - _GAP > b or high < c or low > d for a, b, c, d in self.spans
        )

    def take(self, along: float, width: float, low: float, high: float) -> None:
        """Takes the rectangle around `along`."""
        self.spans.append((along - width / 2, along + width / 2, low, high))


@dataclass(frozen=True, slots=True)
class Spot:
    """A place on the floor: `x`, `y`, the `yaw` of what stands there, and the wall behind it."""

    x: float
    y: float
    yaw: float
    wall: Wall | None = None
    along: float = 0.0


@dataclass(frozen=True, slots=True)
class Taken:
    """A rectangle of the floor with something of that `height` on it."""

    x0: float
    y0: float
    x1: float
    y1: float
    height: float


class FloorPlan:
    """A rectangular room from (0, 0) to (`width`, `depth`), `height` high; `outlooks` are places
    beyond it that can be seen from it.
    """

    def __init__(self, rng: np.random.Generator, width: float, depth: float, height: float) -> None:
        self.rng = rng
        self.width, self.depth, self.height = width, depth, height
        middles = ((width / 2, 0.0), (0.0, depth / 2), (width / 2, depth), (width, depth / 2))
        lengths = (width, depth, width, depth)
        self.walls = [
            Wall(middle, yaw, length, height)
            for middle, yaw, length in zip(middles, _YAWS, lengths, strict=True)
        ]
        self.taken: list[Taken] = []
        self.outlooks: list[tuple[float, float, float]] = []

    def free(self, x0: float, y0: float, x1: float, y1: float, gap: float = _GAP) -> bool:
        """Whether the rectangle is inside the room and nothing stands on it."""
        if min(x0, y0) < 0 or x1 > self.width or y1 > self.depth:
            return False
        return all(
            x1 + gap < t.x0 or x0 - gap > t.x1 or y1 + gap < t.y0 or y0 - gap > t.y1
            for t in self.taken
        )

    def take(self, spot: Spot, width: float, depth: float, height: float) -> None:
        """Takes the floor under a thing of that size, and the wall behind it."""
        half_x, half_y = footprint(width, depth, spot.yaw)
        rectangle = (spot.x - half_x, spot.y - half_y, spot.x + half_x, spot.y + half_y)
        self.taken.append(Taken(*rectangle, height))
        if spot.wall is not None:
            spot.wall.take(spot.along, width, 0.0, height)

    def at_wall(self, width: float, depth: float, height: float, gap: float = 0.01) -> Spot | None:
        """A free place at a wall for a thing of that size, taken at once; None if none is found."""
        if height > self.height - 0.02:
            return None
        for _ in range(_TRIES):
            wall = self.any_wall()
            room = wall.length / 2 - width / 2 - 0.01
            if room <= 0:
                continue
            along = float(self.rng.uniform(-room, room))
            if self.rng.random() < 0.25:  # in a corner
                along = float(self.rng.choice([-room, room]))
            spot = self.spot_at(wall, along, depth, gap)
            if self._clear(spot, width, depth) and wall.free(
                along - width / 2, along + width / 2, 0, height
            ):
                self.take(spot, width, depth, height)
                return spot
        return None

    def anywhere(
        self, width: float, depth: float, height: float, yaw: float | None = None, gap: float = 0.05
    ) -> Spot | None:
        """A free place on the floor, taken at once; None if none was found."""
        if height > self.height - 0.02:
            return None
        for _ in range(_TRIES):
            turned = float(self.rng.uniform(-np.pi, np.pi)) if yaw is None else yaw
            half_x, half_y = footprint(width, depth, turned)
            if 2 * half_x > self.width or 2 * half_y > self.depth:
                continue
            x = float(self.rng.uniform(half_x, self.width - half_x))
            y = float(self.rng.uniform(half_y, self.depth - half_y))
            if self.free(x - half_x, y - half_y, x + half_x, y + half_y, gap):
                spot = Spot(x, y, turned)
                self.take(spot, width, depth, height)
                return spot
        return None

    def on_wall(
        self, width: float, height: float, low: float, high: float
    ) -> tuple[Wall, float, float] | None:
        """A free rectangle on a wall whose foot is between `low` and `high`: the wall, the place
        along it and the foot's height, taken at once; None if none was found.
        """
        for _ in range(_TRIES):
            wall = self.any_wall()
            room = wall.length / 2 - width / 2 - 0.05
            foot = float(self.rng.uniform(low, high))
            if room <= 0 or foot + height > self.height - 0.02:
                continue
            along = float(self.rng.uniform(-room, room))
            if wall.free(along - width / 2, along + width / 2, foot, foot + height):
                wall.take(along, width, foot, foot + height)
                return wall, along, foot
        return None

    def any_wall(self) -> Wall:
        """A wall that is not open, at random by length."""
        walls = [wall for wall in self.walls if not wall.open]
        shares = np.array([wall.length for wall in walls])
        return walls[int(self.rng.choice(len(walls), p=shares / shares.sum()))]

    def spot_at(self, wall: Wall, along: float, depth: float, gap: float = 0.01) -> Spot:
        """The place of a thing `depth` deep with its back at the wall."""
        x, y, _ = wall.point(along, gap + depth / 2)
        return Spot(x, y, wall.yaw, wall, along)

    def _clear(self, spot: Spot, width: float, depth: float) -> bool:
        half_x, half_y = footprint(width, depth, spot.yaw)
        return self.free(
            spot.x - half_x + 1e-6, spot.y - half_y + 1e-6, spot.x + half_x, spot.y + half_y
        )


def footprint(width: float, depth: float, yaw: float) -> tuple[float, float]:
    """Half the sides of the rectangle along x and y that a turned thing takes."""
    c, s = abs(np.cos(yaw)), abs(np.sin(yaw))
    return float(c * width + s * depth) / 2, float(s * width + c * depth) / 2

"""Furniture as people put it: at walls, chairs at tables, things on tables and shelves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..assets.library import Offer
from ..rendering.shapes import box, chair, cylinder, rotation_z, sphere, vase
from . import composed
from .composed import standing
from .maker import Maker
from .plan import FloorPlan, Spot, footprint
from .solids import leaf
from .thin import cushion, monitor, papers, pile_of_books


@dataclass(frozen=True, slots=True)
class Top:
    """A level place that things can stand on: `width` x `depth` around `spot`, at height `z`;
    nothing on it is higher than `room`.
    """

    spot: Spot
    width: float
    depth: float
    z: float
    room: float = 2.0


class Furnisher:
    """Places furniture in a room; the tops that it makes are filled by `fill_tops`."""

    def __init__(self, maker: Maker, plan: FloorPlan) -> None:
        self.maker = maker
        self.plan = plan
        self.tops: list[Top] = []

    def put(self, *groups: str, at_wall: bool = True) -> Spot | None:
        """A model of one of `groups`, with its back to a wall or free on the floor."""
        maker = self.maker
        offer = maker.offer(*groups)
        model = maker.read(offer)
        if offer is None or model is None:
            return None
        scale = maker.stretch()
        width, depth, height = (side * s for side, s in zip(model.size, scale, strict=True))
        if at_wall:
            spot = self.plan.at_wall(width, depth, height)
        else:
            spot = self.plan.anywhere(width, depth, height)
        if spot is None:
            return None
        # What hangs stands on nothing, but most libraries tell the height of it.
        lift = offer.size.elevation if offer.kind.place == "wall" else 0.0
        turned = spot.yaw + (maker.uniform(-0.04, 0.04) if at_wall else 0.0)
        maker.add_model(offer, model, (spot.x, spot.y, lift), turned, scale)
        top = model.support * scale[2]
        flat = ("table", "desk", "night stand", "counter", "dresser", "cabinet", "tv stand")
        if offer.kind.group in flat and 0.25 < top < 1.4 and abs(top - height) < 0.08:
            self.tops.append(Top(spot, width * 0.8, depth * 0.75, top))
        return spot

    def hang(self, *groups: str) -> None:
        """A model of one of `groups` on a wall, at the height that its library tells."""
        maker = self.maker
        offers = [
            o for g in groups for o in maker.library.offers.get(g, ()) if o.kind.place == "wall"
        ]
        if not offers:
            return
        offer = offers[int(maker.rng.integers(len(offers)))]
        model = maker.read(offer)
        if model is None:
            return
        width, depth, height = model.size
        foot = offer.size.elevation or maker.uniform(0.9, 1.5)
        found = self.plan.on_wall(width, height, foot, foot + 0.05)
        if found is not None:
            wall, along, z = found
            x, y, _ = wall.point(along, depth / 2 + 0.005)
            maker.add_model(offer, model, (x, y, z), wall.yaw)

    def bookcase(self) -> None:
        """A bookcase with books and other things in it."""
        made = composed.bookcase(self.maker, self.plan)
        if made is not None:
            spot, width, empty, depth = made
            for z in empty:
                self.tops.append(Top(spot, width * 0.85, depth * 0.3, z, 0.28))

    def wardrobe(self) -> None:
        """A cupboard; a low one carries things."""
        made = composed.wardrobe(self.maker, self.plan)
        if made is not None:
            spot, width, depth, height = made
            self.tops.append(Top(spot, width * 0.85, depth * 0.7, height))

    def kitchen(self) -> None:
        """A run of kitchen cabinets."""
        for spot, width, depth, height in composed.kitchen_run(self.maker, self.plan):
            self.tops.append(Top(spot, width * 0.9, depth, height, 0.4))

    def bed(self) -> None:
        """A bed with its head at a wall, cushions on it, often something beside it."""
        maker = self.maker
        offer = maker.offer("bed", largest=2.6)
        model = maker.read(offer) if maker.chance(0.6) else None
        if offer is not None and model is not None:
            width, length, height = model.size
            spot = self.plan.at_wall(width, length, height)
            if spot is None:
                return
            maker.add_model(offer, model, (spot.x, spot.y, 0.0), spot.yaw)
            top = model.support if 0.25 < model.support < 0.75 else 0.0
        else:
            width, length = maker.uniform(0.85, 2.0), maker.uniform(1.9, 2.2)
            spot = self.plan.at_wall(width, length, 0.9)
            if spot is None:
                return
            top = composed.bed(maker, spot, width, length)
        if top:
            for _ in range(maker.count(0, 4)):
                x = maker.uniform(-width / 2 + 0.25, width / 2 - 0.25)
                x, y = self._at(spot, x, length / 2 - maker.uniform(0.25, 0.5))
                cushion(maker, x, y, top, spot.yaw, maker.uniform(0.0, 0.8))
            if maker.chance(0.5):
                self.tops.append(Top(spot, width * 0.6, length * 0.4, top + 0.03))
        if maker.chance(0.7) and self.put("night stand") is None:
            self.wardrobe()

    def sofa(self, at_wall: bool = True) -> None:
        """A sofa or armchair with cushions."""
        maker = self.maker
        before = len(maker.things)
        spot = self.put("sofa", at_wall=at_wall) if maker.chance(0.75) else None
        seat = 0.43
        if spot is None:
            width, depth = maker.uniform(0.8, 2.4), maker.uniform(0.75, 0.95)
            spot = (self.plan.at_wall if at_wall else self.plan.anywhere)(width, depth, 0.9)
            if spot is None:
                return
            seat = composed.sofa(maker, spot, width, depth)
        points = np.concatenate([p.mesh.vertices for p in maker.things[before].pieces])
        length = float(np.ptp(points[:, :2], axis=0).max())
        for _ in range(maker.count(0, 3)):
            x, y = self._at(spot, maker.uniform(-0.3, 0.3) * length, -0.02)
            cushion(maker, x, y, seat + 0.02, spot.yaw, maker.uniform(0.7, 1.3))

    def table(self, seats: bool = True, low: bool = False) -> None:
        """A table in the free middle with chairs around it, or a low one without."""
        maker = self.maker
        offer = maker.offer("table", largest=2.6)
        model = maker.read(offer) if maker.chance(0.5) else None
        if model is not None and (model.support < 0.3 or (model.size[2] < 0.6) != low):
            model = None
        width, depth, height = composed.table_size(maker)
        if low:
            width, depth, height = width * 0.6, depth * 0.7, maker.uniform(0.32, 0.5)
        if offer is not None and model is not None:
            width, depth, height = model.size
        yaw = float(np.radians(maker.rng.choice([0, 90, maker.uniform(0, 180)])))
        around = 0.9 if seats else 0.2
        spot = self.plan.anywhere(width + around, depth + around, height, yaw)
        if spot is None:
            return
        self.plan.taken.pop()
        self.plan.take(spot, width, depth, height)
        top = height
        if offer is not None and model is not None:
            maker.add_model(offer, model, (spot.x, spot.y, 0.0), yaw)
            top = model.support
        else:
            mesh = composed.table_mesh(maker, width, depth, height)
            wood = maker.paint.wood() if maker.chance(0.6) else maker.paint.any()
            maker.add("table", (standing(mesh, spot), wood))
        self.tops.append(Top(spot, width * 0.85, depth * 0.8, top))
        if seats and height > 0.55:
            self._chairs(spot, width, depth)

    def desk(self) -> None:
        """A desk at a wall with a screen and a chair."""
        maker = self.maker
        spot = self.put("desk") if maker.chance(0.5) else None
        if spot is None:
            width, depth, height = maker.uniform(1.0, 1.8), maker.uniform(0.55, 0.8), 0.74
            spot = self.plan.at_wall(width, depth, height)
            if spot is None:
                return
            mesh = composed.table_mesh(maker, width, depth, height)
            maker.add("desk", (standing(mesh, spot), composed.body_surface(maker)))
            self.tops.append(Top(spot, width * 0.9, depth * 0.7, height, 0.35))
            if maker.chance(0.75):
                x, y = self._at(spot, maker.uniform(-0.2, 0.2) * width, depth * 0.2)
                monitor(maker, x, y, height, spot.yaw + maker.uniform(-0.2, 0.2))
        self._chair_at(spot, maker.uniform(-0.1, 0.1), -maker.uniform(0.45, 0.75), spot.yaw + np.pi)

    def shelf_board(self) -> None:
        """A board on a wall with things on it."""
        maker = self.maker
        width, depth = maker.uniform(0.5, 1.6), maker.uniform(0.15, 0.3)
        found = self.plan.on_wall(width, 0.45, 1.1, 1.7)
        if found is None:
            return
        wall, along, foot = found
        x, y, _ = wall.point(along, depth / 2)
        board = box(width, depth, 0.025).turned(wall.yaw).moved(x, y, foot)
        maker.add("shelves", (board, composed.body_surface(maker)))
        self.tops.append(Top(Spot(x, y, wall.yaw), width * 0.85, depth * 0.3, foot + 0.025, 0.4))

    def fill_tops(self, most: int) -> None:
        """Up to `most` things on every top."""
        for top in self.tops:
            taken: list[tuple[float, float, float]] = []
            for _ in range(self.maker.count(0, most)):
                self._on_top(top, taken)

    def messy_floor(self, number: int) -> None:
        """Small things lying about on the floor."""
        for _ in range(number):
            spot = self.plan.anywhere(0.3, 0.3, 0.3)
            if spot is not None:
                self.small(spot.x, spot.y, 0.0, 0.6, 0.6)

    def small(self, x: float, y: float, z: float, widest: float, highest: float) -> None:
        """Something small at a place: a model, or one made here."""
        maker = self.maker
        groups = [
            "prop",
            "prop",
            "prop",
            "prop",
            "plant",
            "computer",
            "box",
            "bag",
            "lamp",
            "towel",
        ]
        groups += ["clothes"] if z else ["clothes", "shoes", "shoes", "box"]
        for _ in range(4):
            offer = maker.offer(maker.pick(groups), largest=0.7)
            if offer is None or offer.kind.place not in ("top", "floor"):
                continue
            if max(offer.size.size[:2]) < widest and offer.size.size[2] < highest:
                model = maker.read(offer)
                if model is not None:
                    maker.add_model(offer, model, (x, y, z), maker.uniform(-np.pi, np.pi))
                    return
        self._made_thing(x, y, z, min(widest, 0.25), min(highest, 0.3))

    def plant(self, x: float, y: float, z: float, height: float) -> None:
        """A pot with leaves."""
        maker = self.maker
        pot = cylinder(height * 0.2, height * 0.3, 16).moved(x, y, z)
        green = maker.paint.plain((0.05, maker.uniform(0.1, 0.35), 0.04))
        parts = [(pot, maker.paint.any(0.2))]
        for _ in range(maker.count(8, 24)):
            blade = leaf(height * maker.uniform(0.4, 0.8), height * 0.12, height * 0.2)
            tilt = -maker.uniform(0.3, 1.3)
            c, s = np.cos(tilt), np.sin(tilt)
            raised = blade.rotated(np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]]))
            yaw = maker.uniform(-np.pi, np.pi)
            parts.append((raised.turned(yaw).moved(x, y, z + height * 0.28), green))
        maker.add("otherprop", *parts)

    def _on_top(self, top: Top, taken: list[tuple[float, float, float]]) -> None:
        maker = self.maker
        x = maker.uniform(-top.width / 2, top.width / 2)
        y = maker.uniform(-top.depth / 2, top.depth / 2)
        size = min(0.4, top.width, top.room, 0.15 + top.depth)
        if any(np.hypot(x - a, y - b) < 0.5 * (size + r) * 0.8 for a, b, r in taken):
            return
        taken.append((x, y, size))
        place = self._at(top.spot, x, y)
        kind = maker.pick(["books", "papers", "plant", "small", "small", "small", "small"])
        if kind == "books":
            pile_of_books(maker, *place, top.z)
        elif kind == "papers" and top.depth > 0.3:
            papers(maker, *place, top.z)
        elif kind == "plant":
            self.plant(*place, top.z, maker.uniform(0.15, min(0.45, top.room)))
        else:
            self.small(*place, top.z, size, top.room)

    def _made_thing(self, x: float, y: float, z: float, wide: float, high: float) -> None:
        maker = self.maker
        kind = maker.pick(["box", "cylinder", "vase", "ball"])
        radius = wide * maker.uniform(0.15, 0.45)
        if kind == "box":
            mesh = box(2 * radius, radius * maker.uniform(0.5, 2), high * maker.uniform(0.2, 0.9))
        elif kind == "cylinder":
            mesh = cylinder(radius * 0.6, high * maker.uniform(0.3, 0.9), 24)
        elif kind == "vase":
            mesh = vase(maker.rng, radius, high * maker.uniform(0.5, 1.0))
        else:
            mesh = sphere(min(radius, high / 2), 24)
        label = "box" if kind == "box" else "otherprop"
        turned = mesh.turned(maker.uniform(-np.pi, np.pi)).moved(x, y, z)
        maker.add(label, (turned, maker.paint.any(0.2)))

    def _chairs(self, spot: Spot, width: float, depth: float) -> None:
        maker = self.maker
        chosen = maker.offer("chair", largest=1.2)
        each = max(1, int(width / 0.65))
        for side, turned in ((-1, np.pi), (1, 0.0)):
            for number in range(each):
                if maker.chance(0.25):
                    continue
                x = -width / 2 + (number + 0.5) * width / each
                y = side * (depth / 2 + maker.uniform(0.0, 0.35))
                yaw = spot.yaw + turned + maker.uniform(-0.2, 0.2)
                self._chair_at(spot, x, y, yaw, chosen)

    def _chair_at(
        self, spot: Spot, x: float, y: float, yaw: float, offer: Offer | None = None
    ) -> None:
        """A chair at a place in the frame of `spot`, its back away from where it looks to."""
        maker, plan = self.maker, self.plan
        chosen = maker.offer("chair", largest=1.2) if offer is None else offer
        model = maker.read(chosen)
        px, py = self._at(spot, x, y)
        width, depth, height = (0.45, 0.45, 0.9) if model is None else model.size
        half_x, half_y = footprint(width, depth, yaw)
        inside = half_x < px < plan.width - half_x and half_y < py < plan.depth - half_y
        low, high = (px - 0.18, py - 0.18), (px + 0.18, py + 0.18)
        if not inside or not plan.free(*low, *high, gap=0.0):
            return
        plan.take(Spot(px, py, yaw), width, depth, height)
        if chosen is None or model is None:
            mesh = chair(0.45, 0.45).turned(yaw).moved(px, py)
            maker.add("chair", (mesh, composed.body_surface(maker)))
        else:
            maker.add_model(chosen, model, (px, py, 0.0), yaw)

    @staticmethod
    def _at(spot: Spot, x: float, y: float) -> tuple[float, float]:
        """World coordinates of a place in the frame of `spot`."""
        dx, dy = rotation_z(spot.yaw)[:2, :2] @ [x, y]
        return spot.x + float(dx), spot.y + float(dy)

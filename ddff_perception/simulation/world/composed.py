"""Furniture made here: bookcases, wardrobes, kitchens, tables, beds and sofas of any size."""

from __future__ import annotations

import itertools

import numpy as np

from ..rendering.shapes import Mesh, box, joined, shelf, table
from .maker import Maker
from .plan import FloorPlan, Spot
from .solids import box_at, boxes, pillow
from .thin import row_of_things, standing_books
from .types import Surface


def standing(mesh: Mesh, spot: Spot, z: float = 0.0) -> Mesh:
    """A mesh made around the z axis, at a place."""
    return mesh.turned(spot.yaw).moved(spot.x, spot.y, z)


def body_surface(maker: Maker) -> Surface:
    """Of large furniture: wood or paint."""
    return maker.paint.wood() if maker.chance(0.6) else maker.paint.plain(maker.paint.wall_colour())


def bookcase(maker: Maker, plan: FloorPlan) -> tuple[Spot, float, list[float], float] | None:
    """An open case full of books, of other things or of both; the spot, inner width, boards'
    heights and depth, so that other things can be put in it too.
    """
    width, depth = maker.uniform(0.5, 1.9), maker.uniform(0.24, 0.42)
    height = maker.uniform(0.7, min(2.3, plan.height - 0.1))
    spot = plan.at_wall(width, depth, height)
    if spot is None:
        return None
    boards = maker.count(2, 6)
    case = shelf(width, depth, height, boards)
    label = maker.pick(["bookshelf", "bookshelf", "shelves"])
    maker.add(label, (standing(case, spot), body_surface(maker)))
    step = (height - 0.025) / boards
    things = {"bookshelf": maker.uniform(0.0, 0.4), "shelves": maker.uniform(0.3, 1.0)}[label]
    empty = []
    for number in range(boards):
        z = number * step + 0.026
        if not maker.chance(0.78):
            empty.append(z)
            continue
        length = (width - 0.06) * maker.uniform(0.3, 1.0)
        row, label = (
            (row_of_things, "otherprop") if maker.chance(things) else (standing_books, "books")
        )
        made = row(maker, length, min(0.34, step - 0.03), depth - 0.02)
        left = -width / 2 + 0.03
        shifted = [(standing(m.moved(left, depth / 2 - 0.03, 0), spot, z), s) for m, s in made]
        if shifted:
            maker.add(label, *shifted)
    return spot, width - 0.1, empty, depth


def wardrobe(maker: Maker, plan: FloorPlan) -> tuple[Spot, float, float, float] | None:
    """A cupboard with doors or drawers; the spot and its width, depth, height where it is low."""
    width, depth = maker.uniform(0.4, 2.4), maker.uniform(0.35, 0.65)
    height = maker.uniform(0.6, plan.height - 0.05)
    spot = plan.at_wall(width, depth, height)
    if spot is None:
        return None
    low = height < 1.3
    columns = max(1, round(width / maker.uniform(0.35, 0.65)))
    rows = maker.count(1, 5) if low else maker.count(1, 2)
    gap = maker.uniform(0.003, 0.01)
    fronts, knobs = [], []
    for column in range(columns):
        for row in range(rows):
            x0 = -width / 2 + width * column / columns + gap
            x1 = -width / 2 + width * (column + 1) / columns - gap
            z0 = 0.05 + (height - 0.07) * row / rows + gap
            z1 = 0.05 + (height - 0.07) * (row + 1) / rows - gap
            fronts.append([x0, -depth / 2, z0, x1, -depth / 2 + 0.02, z1])
            x, z, y = (x0 + x1) / 2, (z0 + z1) / 2, -depth / 2
            knobs.append([x - 0.04, y - 0.02, z, x + 0.04, y, z + 0.015])
    case = box_at([-width / 2, -depth / 2 + 0.02, 0], [width / 2, depth / 2, height])
    cover = body_surface(maker)
    doors = maker.paint.plain() if maker.chance(0.3) else cover
    if maker.chance(0.06):
        doors = Surface(finish="mirror")
    maker.add(
        "dresser" if low and rows > 1 else "cabinet",
        (standing(case, spot), cover),
        (standing(boxes(fronts), spot), doors),
        (standing(boxes(knobs), spot), maker.paint.metal()),
    )
    return (spot, width, depth, height) if low else None


def kitchen_run(maker: Maker, plan: FloorPlan) -> list[tuple[Spot, float, float, float]]:
    """Lower cabinets with a counter along a wall, upper ones above; the counters that it makes as
    spot, width, depth, height.
    """
    depth, height = 0.6, maker.uniform(0.84, 0.95)
    longest = max(plan.width, plan.depth)
    for share in (0.95, 0.8, 0.65, 0.5, 0.35):
        width = longest * share * maker.uniform(0.9, 1.0)
        spot = plan.at_wall(width, depth, height)
        if spot is not None:
            break
    else:
        return []
    cover = body_surface(maker)
    fronts, knobs, machines = _kitchen_fronts(maker, width, depth, height)
    case = box_at([-width / 2, -depth / 2 + 0.02, 0.08], [width / 2, depth / 2, height - 0.04])
    parts = [(case, cover), (boxes(fronts), cover), (boxes(knobs), maker.paint.metal())]
    maker.add("cabinet", *((standing(m, spot), s) for m, s in parts))
    if machines:
        steel = maker.paint.plain(maker.paint.grey(0.03, 0.8), "gloss")
        maker.add("otherprop", (standing(boxes(machines), spot), steel))
    slab = box_at([-width / 2, -depth / 2 - 0.02, height - 0.04], [width / 2, depth / 2, height])
    stone = maker.paint.patterned(maker.pick(["plaster", "dead_leaves", "wood"]), 0.5)
    plate = stone if maker.chance(0.6) else maker.paint.plain()
    maker.add("counter", (standing(slab, spot), plate))
    if maker.chance(0.8):
        _upper_cabinets(maker, plan, spot, width, cover)
    return [(spot, width * 0.95, depth * 0.7, height)] * 2


def _kitchen_fronts(
    maker: Maker, width: float, depth: float, height: float
) -> tuple[list[list[float]], list[list[float]], list[list[float]]]:
    fronts, knobs, machines = [], [], []
    x, y = -width / 2, -depth / 2
    while x < width / 2 - 0.25:
        wide = min(maker.uniform(0.35, 0.7), width / 2 - x)
        if maker.chance(0.15):
            machines.append([x + 0.01, y - 0.005, 0.1, x + wide - 0.01, y + 0.02, height - 0.06])
        else:
            edges = (
                [0.1, height - 0.22, height - 0.05] if maker.chance(0.5) else [0.1, height - 0.05]
            )
            for low, high in itertools.pairwise(edges):
                fronts.append([x + 0.006, y, low + 0.006, x + wide - 0.006, y + 0.02, high])
            knobs.append([x + wide - 0.1, y - 0.02, height - 0.3, x + wide - 0.08, y, height - 0.2])
        x += wide
    fronts = fronts or [[-width / 2, y, 0.1, width / 2, y + 0.02, height - 0.05]]
    knobs = knobs or [[-0.05, y - 0.02, height - 0.3, 0.05, y, height - 0.28]]
    return fronts, knobs, machines


def _upper_cabinets(
    maker: Maker, plan: FloorPlan, spot: Spot, width: float, cover: Surface
) -> None:
    low = maker.uniform(1.35, 1.5)
    high = min(plan.height - 0.02, low + maker.uniform(0.6, 0.9))
    cabinets, x = [], -width / 2
    while x < width / 2 - 0.25:
        wide = min(maker.uniform(0.35, 0.7), width / 2 - x)
        if not maker.chance(0.15):
            cabinets.append([x + 0.004, -0.03, low, x + wide - 0.004, 0.3, high])
            cabinets.append([x + 0.01, -0.05, low + 0.01, x + wide - 0.01, -0.03, high - 0.01])
        x += wide
    if cabinets:
        maker.add("cabinet", (standing(boxes(cabinets), spot), cover))
        assert spot.wall is not None
        spot.wall.take(spot.along, width, low, high)


def table_mesh(maker: Maker, width: float, depth: float, height: float) -> Mesh:
    """A table on four legs, on two boards, or on one foot."""
    kind = maker.pick(["legs", "legs", "boards", "foot"])
    if kind == "legs":
        return table(width, depth, height, top=maker.uniform(0.02, 0.06))
    top = box(width, depth, 0.04).moved(z=height - 0.04)
    if kind == "boards":
        side = box(0.04, depth * 0.9, height - 0.04)
        return joined([top, *(side.moved(x=s * (width / 2 - 0.08)) for s in (-1, 1))])
    foot = box(min(width, depth) * 0.6, min(width, depth) * 0.6, 0.04)
    return joined([top, foot, box(0.1, 0.1, height - 0.04)])


def bed(maker: Maker, spot: Spot, width: float, length: float) -> float:
    """A bed with its head at +y; the height of its mattress."""
    base = maker.uniform(0.2, 0.4)
    thick, head = maker.uniform(0.14, 0.25), maker.uniform(0.4, 1.1)
    frame = box_at([-width / 2, -length / 2, 0.05], [width / 2, length / 2, base])
    board = box_at([-width / 2, length / 2 - 0.05, 0], [width / 2, length / 2, base + head])
    wood = body_surface(maker)
    w, d = width - 0.04, length - 0.1
    soft = pillow(w * 1.04, d * 1.02, thick * 1.3, cells=16).moved(0, -0.02, base - 0.15 * thick)
    cover = maker.paint.cloth()
    maker.add(
        "bed",
        (standing(frame, spot), wood),
        (standing(board, spot), wood),
        (standing(box(w, d, thick).moved(0, -0.02, base), spot), maker.paint.cloth()),
        (standing(soft, spot), cover),
    )
    return base + thick


def sofa(maker: Maker, spot: Spot, width: float, depth: float) -> float:
    """A sofa or an armchair; the height of its seat."""
    seat, arm, back = 0.42, maker.uniform(0.12, 0.22), maker.uniform(0.7, 0.95)
    x, y = width / 2, depth / 2
    body = boxes(
        [
            [-x, -y, 0.05, x, y, 0.3],
            [-x, -y, 0.3, -x + arm, y, maker.uniform(0.5, 0.65)],
            [x - arm, -y, 0.3, x, y, maker.uniform(0.5, 0.65)],
            [-x, y - 0.2, 0.3, x, y, back],
        ]
    )
    cover = maker.paint.cloth()
    places = max(1, round((width - 2 * arm) / 0.65))
    each = (width - 2 * arm) / places
    seats = joined(
        [
            pillow(each * 1.05, depth - 0.2, 0.2).moved(-x + arm + (n + 0.5) * each, -0.1, 0.26)
            for n in range(places)
        ]
    )
    maker.add("sofa", (standing(body, spot), cover), (standing(seats, spot), cover))
    return seat


def table_size(maker: Maker) -> tuple[float, float, float]:
    """The size of a table that people sit at: width, depth, height."""
    return (
        maker.uniform(0.7, 2.2),
        maker.uniform(0.6, 1.1),
        float(np.clip(maker.rng.normal(0.73, 0.05), 0.6, 0.95)),
    )

"""The shell of a room: floor, ceiling, walls with windows and doors, what lies beyond, lamps."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field

import numpy as np

from ..rendering.shapes import Mesh, box, quad
from .maker import Maker
from .plan import FloorPlan, Wall
from .solids import box_at, boxes, picture_quad
from .thin import curtains, frame_bars, window_blinds
from .types import Surface

Hole = tuple[float, float, float, float]


@dataclass(slots=True)
class Shell:
    """Holes in the walls (along from, to, height from, to) by wall, and the walls' surface."""

    plan: FloorPlan
    holes: dict[int, list[Hole]] = field(default_factory=dict)

    def cut(self, wall: Wall, hole: Hole) -> None:
        """Leaves a hole in the wall."""
        self.holes.setdefault(self.plan.walls.index(wall), []).append(hole)


def build_shell(maker: Maker, shell: Shell) -> None:
    """Adds floor, ceiling and walls with the holes that were cut."""
    plan = shell.plan
    w, d, h = plan.width, plan.depth, plan.height
    maker.add("floor", (quad([0, 0, 0], [w, 0, 0], [0, d, 0]), floor_surface(maker)))
    above = ceiling_surface(maker)
    maker.add("ceiling", (quad([0, d, h], [w, 0, 0], [0, -d, 0]), above))
    if maker.chance(0.12):
        beams = [[0, y, h - 0.15, w, y + 0.12, h] for y in np.arange(0.3, d, 0.9)]
        maker.add("ceiling", (boxes(beams), maker.paint.wood()))
    cover = wall_surface(maker)
    skirting = maker.chance(0.7)
    panelled = 0.7 if maker.chance(0.3) else 0.0
    lath = maker.paint.plain(maker.paint.grey(0.5, 0.85), "satin")
    for number, wall in enumerate(plan.walls):
        if wall.open:
            continue
        own = wall_surface(maker) if maker.chance(0.2) else cover
        mesh = wall_mesh(wall.length, h, shell.holes.get(number, []))
        maker.add("wall", (wall.hung(mesh, 0.0, 0.0), own))
        if maker.chance(panelled):
            _panels(maker, wall)
        if skirting:
            _skirting(maker, wall, shell.holes.get(number, []), lath)


def wall_mesh(length: float, height: float, holes: list[Hole]) -> Mesh:
    """An upright wall on the plane y = 0 with rectangular holes, its front towards -y."""
    xs = sorted({-length / 2, length / 2, *(x for hole in holes for x in hole[:2])})
    zs = sorted({0.0, height, *(z for hole in holes for z in hole[2:])})
    parts = []
    for x0, x1 in itertools.pairwise(xs):
        for z0, z1 in itertools.pairwise(zs):
            x, z = (x0 + x1) / 2, (z0 + z1) / 2
            if not any(a < x < b and c < z < e for a, b, c, e in holes):
                parts.append((x0, x1, z0, z1))
    x0, x1, z0, z1 = np.array(parts).T
    corners = [(x0, z0), (x1, z0), (x1, z1), (x0, z1)]
    vertices = np.stack([np.stack([x, 0 * x, z], axis=1) for x, z in corners], axis=1)
    faces = 4 * np.arange(len(parts))[:, None, None] + np.array([[0, 1, 2], [0, 2, 3]])
    flat = vertices.reshape(-1, 3)
    return Mesh(flat, faces.reshape(-1, 3), flat[:, [0, 2]] + [length / 2, 0])


def floor_surface(maker: Maker) -> Surface:
    """Boards, tiles, carpet, plain or patterned; sometimes glossy."""
    kind = maker.pick(["wood", "wood", "tiles", "carpet", "carpet", "plain", "stone", "checker"])
    if kind == "wood":
        return maker.paint.wood()
    if kind == "carpet":
        return maker.paint.cloth()
    if kind == "plain":
        return maker.paint.plain(maker.paint.wall_colour())
    pattern = {"tiles": "tiles", "stone": "plaster", "checker": "checker"}[kind]
    return maker.paint.patterned(pattern, maker.uniform(0.6, 2.0), maker.paint.wall_colour())


def wall_surface(maker: Maker) -> Surface:
    """Mostly plain paint, else plaster, wallpaper, tiles, boards or concrete."""
    colour = maker.paint.wall_colour()
    kinds = ["plain"] * 6 + [
        "plaster",
        "plaster",
        "stripes",
        "tiles",
        "wood",
        "dead_leaves",
        "cloth",
    ]
    kind = maker.pick(kinds)
    if kind == "plain":
        return maker.paint.plain(colour, "satin" if maker.chance(0.15) else "matt")
    return maker.paint.patterned(kind, maker.uniform(0.5, 2.5), colour, "matt")


def ceiling_surface(maker: Maker) -> Surface:
    """White or nearly, sometimes boards or plates."""
    light = maker.paint.grey(0.5, 0.88)
    kind = maker.pick(["plain", "plain", "plain", "tiles", "plaster", "wood"])
    if kind == "plain":
        return maker.paint.plain(light, "matt")
    return maker.paint.patterned(kind, maker.uniform(0.6, 1.2), light, "matt")


def window(maker: Maker, shell: Shell) -> None:
    """A hole in a wall with frame, bars and a pane; often curtains or blinds."""
    plan = shell.plan
    width = maker.uniform(0.6, 2.4)
    tall = maker.chance(0.25)
    low = maker.uniform(0.02, 0.3) if tall else maker.uniform(0.65, 1.1)
    height = min(
        plan.height - 0.15 - low, maker.uniform(1.6, 2.2) if tall else maker.uniform(0.7, 1.5)
    )
    found = plan.on_wall(width + 0.3, height + 0.2, max(low - 0.1, 0.0), max(low - 0.1, 0.0))
    if found is None or height < 0.4:
        return
    wall, along, foot = found
    z0, z1 = foot + 0.1, foot + 0.1 + height
    shell.cut(wall, (along - width / 2, along + width / 2, z0, z1))
    paint = maker.paint.plain(maker.paint.grey(0.4, 0.85) if maker.chance(0.7) else None)
    bars = frame_bars(width, height, maker.uniform(0.03, 0.09), 0.03)
    columns, rows = maker.count(1, 3), maker.count(1, 3)
    spans = [
        [x - 0.02, 0.0, 0, x + 0.02, 0.05, height]
        for x in np.linspace(-width / 2, width / 2, columns + 1)
    ]
    spans += [
        [-width / 2, 0.0, z - 0.02, width / 2, 0.05, z + 0.02]
        for z in np.linspace(0, height, rows + 1)
    ]
    parts = [(wall.hung(bars, along, z0), paint), (wall.hung(boxes(spans), along, z0), paint)]
    sill = box_at([-width / 2 - 0.1, -0.12, -0.04], [width / 2 + 0.1, 0.0, 0.0])
    if not tall:
        parts.append((wall.hung(sill, along, z0), paint))
    pane = picture_quad(width, height).moved(y=0.04)
    parts.append((wall.hung(pane, along, z0), Surface(finish="glass")))
    maker.add("window", *parts)
    if maker.chance(0.35):
        curtains(maker, wall, along, width, max(z0 - 0.15, 0.03), min(z1 + 0.1, plan.height - 0.03))
    elif maker.chance(0.25):
        window_blinds(maker, wall, along, width, z0, z1)


def door(maker: Maker, shell: Shell) -> None:
    """A closed door with its frame and handle."""
    width, height = maker.uniform(0.75, 1.0), maker.uniform(1.95, 2.1)
    found = shell.plan.on_wall(width + 0.25, height + 0.12, 0.0, 0.0)
    if found is None:
        return
    wall, along, _ = found
    leaf = [[-width / 2, -0.02, 0.005, width / 2, 0.0, height]]
    if maker.chance(0.6):
        for low, high in ((0.15, 0.9), (1.05, height - 0.15)):
            for side in (-1, 1):
                a, b = sorted((side * 0.05, side * (width / 2 - 0.1)))
                leaf.append([a, -0.03, low, b, -0.02, high])
    x = (width / 2 - 0.08) * (1 if maker.chance(0.5) else -1)
    handle = box_at([x - 0.06, -0.09, 1.0], [x + 0.06, -0.02, 1.03])
    cover = (
        maker.paint.wood() if maker.chance(0.5) else maker.paint.plain(maker.paint.wall_colour())
    )
    around = _door_frame(width, height, maker.uniform(0.05, 0.1))
    maker.add(
        "door",
        (wall.hung(boxes(leaf), along, 0.0), cover),
        (wall.hung(around, along, 0.0), cover if maker.chance(0.5) else maker.paint.plain()),
        (wall.hung(handle, along, 0.0), maker.paint.metal()),
    )


def passage(maker: Maker, shell: Shell) -> None:
    """An open doorway or a wide opening, and the room that is seen through it."""
    plan = shell.plan
    wide = maker.chance(0.4)
    width = maker.uniform(1.4, 3.0) if wide else maker.uniform(0.8, 1.0)
    height = min(plan.height - 0.05, maker.uniform(2.0, 2.4))
    found = plan.on_wall(width + 0.2, height, 0.0, 0.0)
    if found is None:
        return
    wall, along, _ = found
    shell.cut(wall, (along - width / 2, along + width / 2, 0.0, height))
    frame = wall.hung(_door_frame(width, height, 0.07), along, 0.0)
    maker.add("door", (frame, maker.paint.plain(maker.paint.wall_colour())))
    plan.outlooks.append(wall.point(along, -maker.uniform(0.5, 3.0), maker.uniform(0.4, 1.4)))
    _next_room(maker, wall, along, max(width + 0.6, maker.uniform(2.0, 5.0)), plan.height)


def _next_room(maker: Maker, wall: Wall, along: float, width: float, height: float) -> None:
    """A plain room behind a wall, with a lamp, a door or a picture, and some furniture."""
    depth = maker.uniform(1.5, 6.0)
    x = width / 2
    thick = 0.12
    inside = {
        "floor": box_at([-x, 0.0, -0.05], [x, depth, 0.0]),
        "ceiling": box_at([-x, thick, height], [x, depth, height + 0.05]),
    }
    maker.add("floor", (wall.hung(inside["floor"], along, 0.0), floor_surface(maker)))
    maker.add("ceiling", (wall.hung(inside["ceiling"], along, 0.0), ceiling_surface(maker)))
    sides = boxes(
        [
            [-x - 0.05, thick, 0, -x, depth, height],
            [x, thick, 0, x + 0.05, depth, height],
            [-x, depth, 0, x, depth + 0.05, height],
        ]
    )
    maker.add("wall", (wall.hung(sides, along, 0.0), wall_surface(maker)))
    level = maker.uniform(3, 14)
    lamp = quad([-0.3, depth / 2 + 0.3, height - 0.01], [0.6, 0, 0], [0, -0.6, 0])
    maker.add("lamp", (wall.hung(lamp, along, 0.0), Surface(emission=(level, level, level * 0.9))))
    shown = picture_quad(0.8, 0.6).moved(0, depth - 0.01, 1.3)
    maker.add("picture", (wall.hung(shown, along, 0.0), Surface(picture=maker.paint.picture())))
    for group in ("cabinet", "chair", "plant", "sofa", "table"):
        offer = maker.offer(group, largest=min(2.0, width - 0.3))
        model = maker.read(offer)
        if offer is None or model is None or not maker.chance(0.5):
            continue
        half = max(model.size[:2]) / 2
        if 2 * half > min(width, depth - 0.4):
            continue
        place = wall.point(
            along + maker.uniform(half - x, x - half), -maker.uniform(half + 0.3, depth - half)
        )
        maker.add_model(offer, model, place, wall.yaw)


def ceiling_lamps(maker: Maker, plan: FloorPlan, brightness: float) -> None:
    """Plates, tubes, globes or hanging lamps; together of that `brightness`, mean radiance."""
    kind = maker.pick(["plate", "plate", "tube", "globe", "hanging"])
    area = plan.width * plan.depth
    number = max(1, min(12, round(area / maker.uniform(5, 14))))
    columns = max(1, round(np.sqrt(number * plan.width / plan.depth)))
    rows = max(1, round(number / columns))
    warm = maker.uniform(0, 1)
    tint = np.array([1.0, 1 - 0.22 * warm, 1 - 0.5 * warm])
    sizes = {"plate": (0.6, 0.6), "tube": (1.2, 0.12), "globe": (0.3, 0.3), "hanging": (0.35, 0.35)}
    a, b = sizes[kind]
    level = tint * brightness * area / (columns * rows * a * b) * 0.18
    emission = (float(level[0]), float(level[1]), float(level[2]))
    for i in range(columns):
        for j in range(rows):
            x, y = (i + 0.5) * plan.width / columns, (j + 0.5) * plan.depth / rows
            _lamp(maker, kind, (x, y, plan.height), (a, b), emission)


def _lamp(
    maker: Maker,
    kind: str,
    place: tuple[float, float, float],
    size: tuple[float, float],
    emission: tuple[float, float, float],
) -> None:
    x, y, top = place
    a, b = size
    shine = Surface(emission=emission, colour=(0.7, 0.7, 0.7))
    drop = maker.uniform(0.3, 0.9) if kind == "hanging" else 0.06
    z = top - drop
    face = quad([x - a / 2, y + b / 2, z], [a, 0, 0], [0, -b, 0])
    shade = box(a + 0.02, b + 0.02, 0.04 if kind != "hanging" else 0.12).moved(x, y, z + 0.002)
    parts = [(face, shine), (shade, maker.paint.plain())]
    if kind == "hanging":
        parts.append((box(0.012, 0.012, drop - 0.1).moved(x, y, z + 0.1), maker.paint.metal()))
    maker.add("lamp", *parts)


def _door_frame(width: float, height: float, bar: float) -> Mesh:
    x = width / 2
    return boxes(
        [
            [-x - bar, -0.03, 0, -x, 0.02, height + bar],
            [x, -0.03, 0, x + bar, 0.02, height + bar],
            [-x, -0.03, height, x, 0.02, height + bar],
        ]
    )


def _skirting(maker: Maker, wall: Wall, holes: list[Hole], surface: Surface) -> None:
    edges = sorted((a, b) for a, b, low, _ in holes if low < 0.1)
    start, spans = -wall.length / 2, []
    for a, b in [*edges, (wall.length / 2, wall.length / 2)]:
        if a > start:
            spans.append([start, -0.015, 0, a, 0, 0.09])
        start = max(start, b)
    if spans:
        maker.add("wall", (wall.hung(boxes(spans), 0.0, 0.0), surface))


def _panels(maker: Maker, wall: Wall) -> None:
    """Panels, boards or large tiles up to the breast or the ceiling, wherever nothing hangs or
    stands: they are a wall and no furniture.
    """
    kind = maker.pick(["panels", "boards", "tiles"])
    low, step = {"panels": (0.4, 0.9), "boards": (0.08, 0.2), "tiles": (0.3, 0.7)}[kind]
    step = maker.uniform(low, step)
    gap = {"panels": 0.03, "boards": 0.004, "tiles": 0.003}[kind]
    foot, top = 0.12, 0.95 if maker.chance(0.4) else wall.height - 0.05
    rows = max(1, round((top - foot) / (step if kind == "tiles" else maker.uniform(0.7, 3.0))))
    heights = np.linspace(foot, top, rows + 1)
    thick, spans = maker.uniform(0.008, 0.025), []
    for x in np.arange(-wall.length / 2, wall.length / 2 - 0.1, step):
        end = min(x + step, wall.length / 2)
        for z0, z1 in itertools.pairwise(heights):
            if wall.free(x, end, z0, z1):
                spans.append([x + gap, -thick, z0 + gap, end - gap, 0, z1 - gap])
    if not spans:
        return
    painted = maker.paint.plain(maker.paint.wall_colour())
    cover = maker.paint.wood() if kind != "tiles" and maker.chance(0.7) else painted
    maker.add("wall", (wall.hung(boxes(spans), 0.0, 0.0), cover))

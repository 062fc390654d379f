"""Random indoor scenes: a room or a table top with furniture, clutter, pictures and lamps.

A scene is plain data (`scene_types.py`); `render.py` turns it into a Mitsuba scene.
"""

from __future__ import annotations

import numpy as np

from ...optics.textures import plain
from . import shapes
from .scene_builder import SceneBuilder
from .scene_types import KINDS, LAYOUTS, Material, Scene, SceneObject, SceneSettings

__all__ = ["KINDS", "LAYOUTS", "Material", "Scene", "SceneObject", "SceneSettings", "random_scene"]


def random_scene(settings: SceneSettings) -> Scene:
    """The scene of `settings`; the same settings give the same scene."""
    builder = SceneBuilder(settings)
    if settings.layout == "table_top":
        _build_table_top(builder)
    else:
        _build_room(builder)
    return Scene(tuple(builder.objects), builder.pose)


def _build_room(b: SceneBuilder) -> None:
    """Camera on a desk's side of a room: a table near, furniture in the middle, walls behind."""
    rng, far, near = b.rng, b.settings.far_m, b.settings.near_m
    length = far * rng.uniform(0.5, 0.93)
    width = float(np.clip(far * rng.uniform(0.5, 0.8), 2.5, 8.0))
    height = float(np.clip(0.42 * far, 2.4, 3.2))
    left = -width * rng.uniform(0.4, 0.6)
    right = left + width
    eye_z = rng.uniform(1.12, 1.3)
    b.look(
        (0.0, 0.0, eye_z),
        pitch=-np.radians(rng.uniform(7, 13)),
        yaw=np.radians(rng.uniform(-8, 8)),
        roll=np.radians(rng.normal(0, 1.0)),
    )
    _shell(b, (left, right, -1.2, length), height)
    _foreground_table(b, near)
    _wall_furniture(b, left, right, length)
    _middle(b, (left + 0.5, right - 0.5, max(1.5, 3.0 * near), length - 0.8))
    _lights(b, (left, right, -1.2, length), height)


def _build_table_top(b: SceneBuilder) -> None:
    """A table full of small things with a wall behind it."""
    rng, far, near = b.rng, b.settings.far_m, b.settings.near_m
    length = far * rng.uniform(0.75, 0.93)
    half = 0.75 * far + 0.4
    top = 0.75
    b.look(
        (0.0, 0.0, top + 0.45 * near + 0.1 * far),
        pitch=-np.radians(rng.uniform(13, 18)),
        yaw=np.radians(rng.uniform(-6, 6)),
        roll=np.radians(rng.normal(0, 1.0)),
    )
    _shell(b, (-half, half, -1.2, length), 2.4)
    start = 0.75 * near
    mesh = shapes.table(2 * half - 0.2, length - start - 0.02, top)
    patterned = b.patterned("wood", b.surface_rng.uniform(0.5, 1.0), 1.0)
    surface = patterned if b.surface_rng.random() < 0.5 else b.large()
    b.add("table", mesh.moved(y=(length + start) / 2), surface)
    count = int(34 * b.settings.clutter)
    for low, high, share in ((1.1, 2.0, 0.3), (2.0, 3.5, 0.35), (3.5, 9.0, 0.35)):
        y0, y1 = low * near, min(high * near, length - 0.05)
        if y1 > y0:
            area = (-0.5 * y1, 0.5 * y1, y0, y1)
            b.clutter(area, top, max(2, int(count * share)), 0.6 + 0.35 * y1)
    _pictures(b, -half, half, length, 1.0, 3)
    _lights(b, (-half, half, -1.2, length), 2.4)


def _shell(b: SceneBuilder, area: tuple[float, float, float, float], height: float) -> None:
    x0, x1, y0, y1 = area
    w, d, h = x1 - x0, y1 - y0, height
    rng = b.surface_rng
    floor_kind = str(rng.choice(["wood", "wood", "tiles", "checker", "cloth"]))
    b.add(
        "floor",
        shapes.quad([x0, y0, 0], [w, 0, 0], [0, d, 0]),
        b.patterned(floor_kind, rng.uniform(0.8, 1.6), 0.9),
    )
    paint = b.wall()
    other = b.wall() if rng.random() < 0.4 else paint
    b.add("wall", shapes.quad([x0, y1, 0], [w, 0, 0], [0, 0, h]), paint)
    b.add("wall", shapes.quad([x0, y0, 0], [0, d, 0], [0, 0, h]), other)
    b.add("wall", shapes.quad([x1, y1, 0], [0, -d, 0], [0, 0, h]), other)
    b.add("wall", shapes.quad([x1, y0, 0], [-w, 0, 0], [0, 0, h]), paint)
    if b.settings.plain_walls:
        ceiling = Material(plain(rng, colour=np.full(3, 0.8, dtype=np.float32)))
    else:
        ceiling = b.patterned("cloth", 1.5, 0.25, light=0.7)
    b.add("ceiling", shapes.quad([x0, y1, h], [w, 0, 0], [0, -d, 0]), ceiling)


def _foreground_table(b: SceneBuilder, near: float) -> None:
    rng = b.rng
    depth, width = rng.uniform(0.55, 0.75), rng.uniform(0.7, 1.3)
    start = max(0.8 * near, 0.3)
    centre = rng.uniform(-0.45, 0.45)
    top = 0.74
    b.add("table", shapes.table(width, depth, top).moved(centre, start + depth / 2), b.large())
    area = (centre - width / 2, centre + width / 2, max(1.15 * near, start), start + depth)
    b.clutter(area, top, int(rng.integers(5, 9) * b.settings.clutter), 0.9)


def _wall_furniture(b: SceneBuilder, left: float, right: float, length: float) -> None:
    rng = b.rng
    x = left + rng.uniform(0.1, 0.5)
    while x < right - 1.0:
        w = rng.uniform(0.8, 1.5)
        choice = rng.random()
        if choice < 0.45:
            _bookcase(b, x + w / 2, length, w)
        elif choice < 0.75:
            tall = rng.uniform(0.7, 1.1)
            b.add("cabinet", shapes.box(w, 0.45, tall).moved(x + w / 2, length - 0.24), b.large())
            b.clutter((x, x + w, length - 0.45, length - 0.05), tall, int(rng.integers(2, 5)), 1.6)
        x += w + rng.uniform(0.15, 1.0)
    _pictures(b, left, right, length, 1.45, int(rng.integers(2, 5)))
    for side, x_wall in ((1.0, left), (-1.0, right)):
        w, h = rng.uniform(0.5, 1.0), rng.uniform(0.5, 0.9)
        y = rng.uniform(0.35, 0.55) * length
        mesh = shapes.box(w, 0.03, h).turned(side * np.pi / 2)
        b.add("picture", mesh.moved(x_wall + side * 0.02, y, 1.15), b.small(w))


def _bookcase(b: SceneBuilder, x: float, length: float, width: float) -> None:
    rng = b.rng
    height, boards, depth = rng.uniform(1.3, 2.1), int(rng.integers(3, 6)), 0.32
    y = length - depth / 2 - 0.01
    b.add("shelf", shapes.shelf(width, depth, height, boards).moved(x, y), b.large())
    gap = (height - 0.025) / boards
    for board in range(boards):
        z, place = board * gap + 0.025, x - width / 2 + 0.04
        while place < x + width / 2 - 0.1:
            thick = rng.uniform(0.04, 0.12)
            if rng.random() < 0.7:
                mesh = shapes.box(thick, rng.uniform(0.15, 0.24), gap * rng.uniform(0.5, 0.85))
                mesh = mesh.moved(place + thick / 2, y - 0.03, z)
                b.add("book", mesh, b.small(0.3))
            place += thick + (0.003 if rng.random() < 0.8 else rng.uniform(0.02, 0.2))


def _pictures(
    b: SceneBuilder, left: float, right: float, length: float, z: float, count: int
) -> None:
    rng = b.rng
    slot = (right - left) / count
    for i in range(count):
        w, h = min(rng.uniform(0.35, 0.9), 0.9 * slot), rng.uniform(0.35, 0.8)
        middle = left + slot * (i + 0.5)
        x = middle + (slot - w) * rng.uniform(-0.4, 0.4)
        low = z + rng.uniform(-0.05, 0.25)
        b.add("picture", shapes.box(w, 0.03, h).moved(x, length - 0.017, low), b.small(w))


def _middle(b: SceneBuilder, area: tuple[float, float, float, float]) -> None:
    """Furniture on the floor, apart from each other and from the line of sight's start."""
    rng = b.rng
    x0, x1, y0, y1 = area
    if y1 <= y0 or x1 <= x0:
        return
    taken: list[tuple[float, float, float]] = []
    rug_x, rug_y = rng.uniform(-0.6, 0.6), (y0 + y1) / 2
    rug = shapes.box(rng.uniform(1.2, 2.2), rng.uniform(1.0, 1.8), 0.012)
    b.add("rug", rug.moved(rug_x, rug_y), b.small(0.9))
    for _ in range(int(16 * b.settings.clutter)):
        y = rng.uniform(y0, y1)
        limit = min(0.55 * y + 0.3, x1)
        x = rng.uniform(max(x0, -limit), limit)
        radius = rng.uniform(0.3, 0.55)
        if all(np.hypot(x - a, y - c) > radius + r for a, c, r in taken):
            taken.append((x, y, radius))
            _floor_thing(b, x, y, radius)


def _floor_thing(b: SceneBuilder, x: float, y: float, radius: float) -> None:
    rng = b.rng
    kind = str(rng.choice(["table", "chair", "box", "ball", "cylinder", "vase"]))
    yaw = rng.uniform(-0.7, 0.7)
    if kind == "table":
        side, tall = radius * 1.5, rng.uniform(0.4, 0.75)
        b.add("table", shapes.table(side, side, tall).turned(yaw).moved(x, y), b.large())
        half = side * 0.35
        b.clutter((x - half, x + half, y - half, y + half), tall, int(rng.integers(2, 5)), 1.3)
    elif kind == "chair":
        mesh = shapes.chair(0.42, 0.45).turned(rng.uniform(-np.pi, np.pi))
        b.add("chair", mesh.moved(x, y), b.large())
    elif kind == "box":
        z = 0.0
        for _ in range(int(rng.integers(1, 4))):
            w, h = radius * rng.uniform(0.7, 1.2), rng.uniform(0.18, 0.4)
            mesh = shapes.box(w, w * rng.uniform(0.7, 1.0), h)
            mesh = mesh.turned(yaw + rng.uniform(-0.4, 0.4)).moved(x, y, z)
            b.add("box", mesh, b.small(0.45))
            z += h
    elif kind == "ball":
        b.add("ball", shapes.sphere(radius * rng.uniform(0.4, 0.8)).moved(x, y), b.small(0.4))
    elif kind == "cylinder":
        mesh = shapes.cylinder(radius * 0.5, rng.uniform(0.4, 0.9)).moved(x, y)
        b.add("cylinder", mesh, b.small(0.5))
    else:
        mesh = shapes.vase(rng, radius * 0.45, rng.uniform(0.6, 1.2)).moved(x, y)
        b.add("vase", mesh, b.small(0.4))


def _lights(b: SceneBuilder, area: tuple[float, float, float, float], height: float) -> None:
    """Ceiling panels, a window in a side wall and a large one behind the camera."""
    rng = b.rng
    x0, x1, y0, y1 = area
    dark = Material(plain(rng, colour=np.full(3, 0.5, dtype=np.float32)))
    warm, day = (1.0, 0.86, 0.7), (0.85, 0.93, 1.0)
    panels = []
    for share in (0.35, 0.75):
        w, d = rng.uniform(0.9, 1.5), rng.uniform(0.7, 1.1)
        x = rng.uniform(-0.2, 0.2) * (x1 - x0) + (x0 + x1) / 2
        y = y0 + share * (y1 - y0)
        panels.append(shapes.quad([x - w / 2, y + d / 2, height - 0.02], [w, 0, 0], [0, -d, 0]))
    # One emitter: the fewer there are to choose from, the less noise a sample has.
    b.add("lamp", shapes.joined(panels), dark, _scaled_light(warm, rng.uniform(9, 14)))
    w = min(1.8, 0.8 * (x1 - x0))
    back = shapes.quad([(x0 + x1) / 2 + w / 2, y0 + 0.02, 0.9], [-w, 0, 0], [0, 0, 1.3])
    b.add("window", back, dark, _scaled_light(day, rng.uniform(3, 7)))
    if rng.random() < 0.5:
        return
    tall, wide = min(1.3, height - 1.2), rng.uniform(0.9, 1.4)
    y = y1 - wide - 0.4
    if rng.random() < 0.5:
        pane = shapes.quad([x0 + 0.02, y, 0.95], [0, wide, 0], [0, 0, tall])
    else:
        pane = shapes.quad([x1 - 0.02, y + wide, 0.95], [0, -wide, 0], [0, 0, tall])
    b.add("window", pane, dark, _scaled_light(day, rng.uniform(3, 6)))


def _scaled_light(colour: tuple[float, float, float], level: float) -> tuple[float, float, float]:
    r, g, b = colour
    return (r * level, g * level, b * level)

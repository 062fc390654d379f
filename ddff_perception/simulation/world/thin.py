"""Thin things of a room: pictures, boards, mirrors, books, cushions, curtains, blinds, paper."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..rendering.shapes import Mesh, box, cylinder, joined, quad, rotation_x, vase
from .maker import Maker
from .plan import FloorPlan, Wall
from .solids import box_at, boxes, picture_quad, pillow, sheet
from .types import Colour, Surface

_WHITE: Colour = (0.82, 0.82, 0.8)
_BLACK: Colour = (0.02, 0.02, 0.02)


def frame_bars(width: float, height: float, bar: float, thick: float) -> Mesh:
    """A frame around an upright opening of that size, its back on y = 0, from z = 0 on."""
    x, z = width / 2, height
    return boxes(
        [
            [-x - bar, -thick, -bar, x + bar, 0, 0],
            [-x - bar, -thick, z, x + bar, 0, z + bar],
            [-x - bar, -thick, 0, -x, 0, z],
            [x, -thick, 0, x + bar, 0, z],
        ]
    )


def picture(maker: Maker, plan: FloorPlan) -> None:
    """A framed photograph or a poster on a wall."""
    width, height = maker.uniform(0.2, 1.2), maker.uniform(0.2, 0.9)
    found = plan.on_wall(width + 0.1, height + 0.1, 1.0, 1.6)
    if found is None:
        return
    wall, along, foot = found
    shown = Surface(picture=maker.paint.picture(), finish=maker.pick(["matt", "satin", "gloss"]))
    if maker.chance(0.25):  # a poster
        maker.add("picture", (wall.hung(picture_quad(width, height), along, foot, 0.004), shown))
        return
    bar, thick = maker.uniform(0.012, 0.05), maker.uniform(0.015, 0.04)
    frame = wall.hung(frame_bars(width, height, bar, thick), along, foot)
    parts = [(frame, maker.paint.any() if maker.chance(0.3) else maker.paint.plain())]
    inner = maker.uniform(0.7, 0.9) if maker.chance(0.4) else 1.0
    if inner < 1:
        back = wall.hung(picture_quad(width, height), along, foot, 0.006)
        parts.append((back, maker.paint.plain(_WHITE, "matt")))
    low = foot + height * (1 - inner) / 2
    photo = wall.hung(picture_quad(width * inner, height * inner), along, low, 0.008)
    parts.append((photo, shown))
    if maker.chance(0.2):
        glass = wall.hung(picture_quad(width, height), along, foot, thick * 0.8)
        parts.append((glass, Surface(finish="glass")))
    maker.add("picture", *parts)


def whiteboard(maker: Maker, plan: FloorPlan) -> None:
    """A white or black board, with writing on it or without."""
    width, height = maker.uniform(0.9, 2.6), maker.uniform(0.7, 1.25)
    found = plan.on_wall(width + 0.1, height + 0.1, 0.7, 1.1)
    if found is None:
        return
    wall, along, foot = found
    board = wall.hung(picture_quad(width, height), along, foot, 0.012)
    colour = _WHITE if maker.chance(0.75) else (0.03, 0.06, 0.04)
    surface = maker.paint.plain(colour, maker.pick(["satin", "gloss"]))
    if maker.chance(0.4) and colour == _WHITE:
        text = maker.paint.patterned("text", 1.0, finish="gloss").picture
        assert text is not None
        faint = np.clip(0.85 - 0.9 * (text.max() - text), 0.05, 0.85).astype(np.float32)
        surface = Surface(picture=faint, finish="gloss")
    frame = wall.hung(frame_bars(width, height, 0.02, 0.02), along, foot)
    tray = wall.hung(box_at([-0.3, -0.08, -0.03], [0.3, 0, 0]), along, foot)
    maker.add(
        "whiteboard", (board, surface), (frame, maker.paint.metal()), (tray, maker.paint.metal())
    )


def mirror(maker: Maker, plan: FloorPlan, low: float = 0.2, high: float = 1.2) -> None:
    """A framed mirror on a wall."""
    width, height = maker.uniform(0.3, 0.9), maker.uniform(0.4, 1.5)
    found = plan.on_wall(width + 0.1, height + 0.1, low, high)
    if found is None:
        return
    wall, along, foot = found
    glass = wall.hung(picture_quad(width, height), along, foot, 0.01)
    frame = wall.hung(frame_bars(width, height, maker.uniform(0.01, 0.06), 0.03), along, foot)
    maker.add("mirror", (glass, Surface(finish="mirror")), (frame, maker.paint.any()))


def television_on_wall(maker: Maker, plan: FloorPlan) -> None:
    """A flat television on a wall, dark or on."""
    width = maker.uniform(0.6, 1.6)
    height = width * 0.58
    found = plan.on_wall(width, height, 0.8, 1.3)
    if found is None:
        return
    wall, along, foot = found
    screen(maker, wall.hung(box(width, 0.05, height), along, foot, 0.06), "television")
    lit = wall.hung(picture_quad(width - 0.04, height - 0.04), along, foot + 0.02, 0.0865)
    _shine(maker, lit)


def screen(maker: Maker, body: Mesh, label: str) -> None:
    """The glossy dark box of a screen."""
    maker.add(label, (body, Surface(colour=_BLACK, finish=maker.pick(["gloss", "satin"]))))


def _shine(maker: Maker, face: Mesh) -> None:
    """The last thing, a screen, shows a picture in a third of all cases."""
    if not maker.chance(0.35):
        return
    level = maker.uniform(0.5, 2.5)
    lit = Surface(picture=maker.paint.picture(), emission=(level, level, level), colour=_BLACK)
    last = maker.things.pop()
    maker.add(last.label, *((p.mesh, p.surface) for p in last.pieces), (face, lit))


def monitor(maker: Maker, x: float, y: float, z: float, yaw: float) -> None:
    """A computer's screen with its stand on a desk."""
    width = maker.uniform(0.4, 0.75)
    height = width * 0.6
    body = joined(
        [
            box(width, 0.03, height).moved(z=0.1),
            box(0.05, 0.03, 0.12).moved(y=0.02),
            box(0.24, 0.18, 0.012),
        ]
    )
    screen(maker, body.turned(yaw).moved(x, y, z), "otherprop")
    face = picture_quad(width - 0.02, height - 0.02).moved(0, -0.0165, 0.11)
    _shine(maker, face.turned(yaw).moved(x, y, z))


def standing_books(
    maker: Maker, width: float, height: float, depth: float
) -> list[tuple[Mesh, Surface]]:
    """A row of books `width` long, backs at y = -depth, from x = 0 and z = 0 on, as pieces."""
    rng, x = maker.rng, 0.0
    groups: list[list[list[float]]] = [[] for _ in range(6)]
    while x < width - 0.01:
        thick = min(float(rng.uniform(0.012, 0.05)), width - x)
        tall, back = float(rng.uniform(0.6, 0.95)) * height, float(rng.uniform(0, 0.04))
        book = [x, -depth + back, 0.0, x + 0.94 * thick, -depth + back + min(0.2, depth), tall]
        groups[int(rng.integers(6))].append(book)
        x += thick
    covers = [maker.paint.plain(), maker.paint.patterned("text", 0.2), maker.paint.any(0.2)]
    covers += [maker.paint.plain() for _ in range(3)]
    return [(boxes(g), cover) for g, cover in zip(groups, covers, strict=True) if g]


def row_of_things(
    maker: Maker, width: float, height: float, depth: float
) -> list[tuple[Mesh, Surface]]:
    """Boxes, tins, jars and bottles side by side as `standing_books` are, but no books."""
    covers = [maker.paint.any(0.15), maker.paint.patterned("text", 0.15), maker.paint.plain()]
    covers += [maker.paint.photograph(0.2), maker.paint.plain()]
    parts, x = [], 0.0
    while x < width - 0.05:
        wide = min(maker.uniform(0.04, 0.22), width - x)
        across = min(wide * maker.uniform(0.7, 1.0), depth)
        tall = height * maker.uniform(0.2, 0.95)
        kind = maker.pick(["box", "box", "tin", "jar"])
        if kind == "box":
            mesh = box(wide * 0.92, across, tall).turned(maker.uniform(-0.15, 0.15))
        elif kind == "tin":
            mesh = cylinder(across * 0.45, tall, 20)
        else:
            mesh = vase(maker.rng, across * 0.4, tall)
        y = -maker.uniform(across / 2, depth - across / 2)
        parts.append((mesh.moved(x + wide / 2, y), covers[int(maker.rng.integers(5))]))
        x += wide + maker.uniform(0.0, 0.06)
    return parts


def collage(maker: Maker, plan: FloorPlan) -> None:
    """A wall full of small pictures, or of sheets of paper, in rows or at random."""
    width, height = maker.uniform(0.7, 2.6), maker.uniform(0.6, 1.5)
    found = plan.on_wall(width, height, 0.7, 1.2)
    if found is None:
        return
    wall, along, foot = found
    sheets = maker.chance(0.45)
    if sheets and maker.chance(0.5):  # a board that they are pinned to
        cork = maker.paint.patterned(maker.pick(["dead_leaves", "cloth"]), 0.4, finish="matt")
        maker.add("otherprop", (wall.hung(box(width, 0.008, height), along, foot, 0.004), cork))
    columns = max(2, round(width / maker.uniform(0.16, 0.4)))
    rows = max(2, round(height / maker.uniform(0.2, 0.4)))
    loose = maker.uniform(0.0, 0.3) * maker.count(0, 1)
    pool = _sheets(maker, sheets)
    parts: list[tuple[Mesh, Surface]] = []
    for column in range(columns):
        for row in range(rows):
            if maker.chance(0.12):
                continue
            w = width / columns * maker.uniform(0.6, 0.95)
            h = height / rows * maker.uniform(0.6, 0.95)
            x = width * ((column + 0.5 + maker.uniform(-loose, loose)) / columns - 0.5)
            z = height * (row + 0.5 + maker.uniform(-loose, loose)) / rows - h / 2
            # One before the other, so that none cuts through its neighbour.
            off = 0.014 + 0.0005 * len(parts)
            x = float(np.clip(x, (w - width) / 2, (width - w) / 2))
            z = float(np.clip(z, 0, height - h))
            mesh, part = picture_quad(w, h), maker.rng.uniform(0.2, 0.5)
            shown = replace(mesh, uv=part * mesh.uv + maker.rng.uniform(0, 1 - part, 2))
            surface = pool[int(maker.rng.integers(len(pool)))]
            parts.append((wall.hung(shown, along + x, foot + z, off), surface))
    if parts:
        maker.add("paper" if sheets else "picture", *parts)


def _sheets(maker: Maker, printed: bool) -> list[Surface]:
    """A few surfaces, of which each sheet of a collage shows a part: every one more would slow the
    renderer down.
    """
    if printed:
        white = maker.paint.plain(_WHITE, "matt")
        return [white, *(maker.paint.patterned("text", 1.0, finish="matt") for _ in range(4))]
    finish = maker.pick(["matt", "gloss"])
    return [Surface(picture=maker.paint.picture(), finish=finish) for _ in range(6)]


def pile_of_books(maker: Maker, x: float, y: float, z: float) -> None:
    """A few books lying on each other."""
    parts = []
    for _ in range(maker.count(1, 5)):
        w, d, h = maker.uniform(0.12, 0.24), maker.uniform(0.16, 0.3), maker.uniform(0.01, 0.05)
        mesh = box(w, d, h).turned(maker.uniform(-0.5, 0.5)).moved(x, y, z)
        cover = maker.paint.photograph(0.3) if maker.chance(0.3) else maker.paint.plain()
        parts.append((mesh, cover))
        z += h
    maker.add("books", *parts)


def papers(maker: Maker, x: float, y: float, z: float) -> None:
    """Sheets of paper lying about, printed or not."""
    for number in range(maker.count(1, 4)):
        mesh = quad([-0.105, -0.149, 0], [0.21, 0, 0], [0, 0.297, 0])
        shift = maker.rng.uniform(-0.1, 0.1, 2)
        place = mesh.turned(maker.uniform(-3, 3)).moved(x + shift[0], y + shift[1])
        printed = maker.paint.patterned("text", 0.25, finish="matt")
        surface = printed if maker.chance(0.6) else maker.paint.plain(_WHITE, "matt")
        maker.add("paper", (place.moved(z=z + 0.001 + 0.0005 * number), surface))


def cushion(maker: Maker, x: float, y: float, z: float, yaw: float, tilt: float) -> None:
    """A pillow at a place, leaning back by `tilt` radians."""
    w, d, h = maker.uniform(0.35, 0.7), maker.uniform(0.3, 0.45), maker.uniform(0.1, 0.18)
    mesh = pillow(w, d, h).rotated(rotation_x(tilt)).turned(yaw)
    low = float(mesh.vertices[:, 2].min())
    maker.add("pillow", (mesh.moved(x, y, z - low), maker.paint.cloth()))


def curtains(maker: Maker, wall: Wall, along: float, width: float, low: float, high: float) -> None:
    """A curtain on either side of a window, and the rod."""
    cover = maker.paint.cloth()
    each = width * maker.uniform(0.15, 0.5)
    for side in (-1, 1):
        mesh = sheet(each, high - low, max(2, int(each / maker.uniform(0.07, 0.14))), 0.06)
        centre = along + side * (width / 2 + 0.08 - each / 2)
        maker.add("curtain", (wall.hung(mesh, centre, low, 0.09), cover))
    rod = box_at([-width / 2 - 0.2, -0.1, high], [width / 2 + 0.2, -0.08, high + 0.02])
    maker.add("curtain", (wall.hung(rod, along, 0.0), maker.paint.metal()))


def window_blinds(
    maker: Maker, wall: Wall, along: float, width: float, low: float, high: float
) -> None:
    """Slats before a window, drawn down to some height."""
    step = maker.uniform(0.025, 0.06)
    down = low + (high - low) * maker.uniform(0, 0.7)
    heights = np.arange(down, high, step)
    slats = [[-width / 2, -0.05, z, width / 2, -0.03, z + 0.6 * step] for z in heights]
    if slats:
        maker.add("blinds", (wall.hung(boxes(slats), along, 0.0), maker.paint.plain()))


def rug(maker: Maker, plan: FloorPlan) -> None:
    """A rug, anywhere on the floor; furniture may stand on it."""
    width = maker.uniform(0.6, min(3.0, plan.width - 0.2))
    depth = maker.uniform(0.5, min(2.2, plan.depth - 0.2))
    x = maker.uniform(width / 2, plan.width - width / 2)
    y = maker.uniform(depth / 2, plan.depth - depth / 2)
    cover = maker.paint.cloth() if maker.chance(0.7) else maker.paint.photograph(width, "matt")
    yaw = maker.uniform(-0.1, 0.1) if maker.chance(0.3) else 0.0
    maker.add("floor mat", (box(width, depth, 0.008).turned(yaw).moved(x, y, 0.001), cover))

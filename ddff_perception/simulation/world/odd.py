"""Odd scenes on purpose, so that nothing that learns here takes every scene for a room."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..rendering.shapes import Mesh, box, cylinder, quad, rotation_x, sphere, vase
from .cameras import Viewpoint, look_at
from .maker import Maker
from .solids import any_rotation, boxes, leaf, picture_quad, rod, turn
from .types import Piece, Surface, Surroundings, Thing


@dataclass(frozen=True, slots=True)
class Stage:
    """Where cameras stand around an odd scene: they look at about `target` from `nearest` to
    `farthest` metres, turned up to `swing` radians from the front (-y) and raised by `lift` from
    and to, radians.
    """

    target: tuple[float, float, float]
    nearest: float
    farthest: float
    swing: float = 0.6
    lift: tuple[float, float] = (-0.1, 0.6)


def shapes(maker: Maker) -> Stage:
    """Things of all sizes that float and stand on each other, far and near."""
    for _ in range(maker.count(8, 40)):
        distance = float(np.exp(maker.uniform(np.log(0.4), np.log(7.0))))
        spread = 0.7 * distance
        place = (maker.uniform(-spread, spread), distance - 1.5, maker.uniform(-spread, spread))
        _floating(maker, place, distance * maker.uniform(0.06, 0.3))
    if maker.chance(0.6):
        _backdrop(maker, maker.uniform(3.0, 9.0))
    _sky(maker)
    return Stage((0.0, maker.uniform(-0.5, 1.5), 0.0), 1.0, 2.5, 0.4, (-0.4, 0.4))


def stacks(maker: Maker) -> Stage:
    """Towers of boxes, books, jars and models on a floor."""
    _ground(maker, 30.0)
    for _ in range(maker.count(3, 9)):
        x, y, z = maker.uniform(-1.5, 1.5), maker.uniform(-1.0, 2.5), 0.0
        for _ in range(maker.count(1, 7)):
            size = maker.uniform(0.08, 0.4)
            mesh = _solid(maker, size).turned(maker.uniform(-3, 3))
            maker.add(None, (mesh.moved(x, y, z), maker.paint.any(size)))
            z += float(np.ptp(mesh.vertices[:, 2]))
    if maker.chance(0.5):
        _backdrop(maker, maker.uniform(3.0, 6.0))
    _sky(maker)
    return Stage((0.0, 0.5, 0.5), 1.2, 3.5)


def macro(maker: Maker) -> Stage:
    """Centimetres: small things close up, on a cloth or a board."""
    scale = maker.uniform(0.03, 0.12)
    base = maker.paint.cloth() if maker.chance(0.5) else maker.paint.photograph(scale * 8)
    maker.add(None, (box(scale * 40, scale * 40, 0.01).moved(0, 0, -0.01), _finer(base, scale)))
    for _ in range(maker.count(4, 16)):
        x, y = maker.rng.normal(0, scale * 2.5, 2)
        size = scale * maker.uniform(0.3, 1.5)
        offer = maker.offer("prop", "computer", "box", largest=0.5) if maker.chance(0.6) else None
        model = maker.read(offer)
        if offer is None or model is None:
            mesh = _solid(maker, size).turned(maker.uniform(-3, 3))
            cover = _finer(maker.paint.any(size), 0.3)
            maker.add(None, (mesh.moved(x, y, 0), cover))
            continue
        factor = size / max(model.size)
        yaw = maker.uniform(-np.pi, np.pi)
        maker.add_model(offer, model, (x, y, 0.0), yaw, (factor, factor, factor))
    _sky(maker)
    return Stage((0.0, 0.0, scale * 0.3), scale * 2.5, scale * 7, np.pi, (0.15, 1.3))


def outdoors(maker: Maker) -> Stage:
    """A yard, a street, a garden: up to hundred metres, under the sky."""
    _ground(maker, 150.0)
    for _ in range(maker.count(4, 16)):
        distance = float(np.exp(maker.uniform(np.log(1.5), np.log(40.0))))
        x = maker.uniform(-0.8, 0.8) * distance
        kinds = ["outdoor", "outdoor", "tree", "tree", "furniture", "chair", "person"]
        offer = maker.offer(maker.pick(kinds), largest=15.0)
        model = maker.read(offer)
        if offer is not None and model is not None:
            place = (x, distance, 0.0)
            maker.add_model(offer, model, place, maker.uniform(-np.pi, np.pi), maker.stretch())
        elif maker.chance(0.5):
            _tree(maker, (x, distance, 0.0), maker.uniform(1.0, 5.0))
        else:
            _house(maker, x, distance + 5)
    for _ in range(maker.count(0, 3)):
        _house(maker, maker.uniform(-25, 25), maker.uniform(15, 60))
    maker.light_from(True, maker.uniform(0.6, 2.0))
    return Stage((0.0, maker.uniform(2, 8), 0.7), 2.0, 8.0, 0.5, (-0.03, 0.25))


def plane(maker: Maker) -> Stage:
    """Nothing but one plane, at any slant: plain, patterned, printed or a photograph."""
    size = float(np.exp(maker.uniform(np.log(0.3), np.log(8.0))))
    slant = turn([maker.uniform(-1, 1), 0.01, maker.uniform(-1, 1)], maker.uniform(-1.2, 1.2))
    mesh = quad([-4 * size, 0, -4 * size], [8 * size, 0, 0], [0, 0, 8 * size]).rotated(slant)
    surface = _shown(maker, size)
    maker.add(None, (mesh, surface))
    _sky(maker)
    return Stage((0.0, 0.0, 0.0), size * 0.5, size * 1.5, 0.3, (-0.3, 0.3))


def print_and_text(maker: Maker) -> Stage:
    """Pages, cards and boxes with print, lying and standing on a table."""
    maker.add(None, (box(3, 3, 0.02).moved(z=-0.02), maker.paint.any(1.0)))
    for number in range(maker.count(4, 18)):
        x, y = maker.rng.normal(0, 0.25, 2)
        print_ = maker.paint.patterned("text", maker.uniform(0.1, 0.4))
        yaw = maker.uniform(-0.7, 0.7)
        if maker.chance(0.5):
            page = quad([-0.1, -0.14, 0], [0.2, 0, 0], [0, 0.28, 0])
            maker.add("paper", (page.turned(yaw).moved(x, y, 0.001 * (number + 1)), print_))
        elif maker.chance(0.5):
            card = box(maker.uniform(0.1, 0.3), 0.004, maker.uniform(0.1, 0.3))
            leaned = card.rotated(rotation_x(-maker.uniform(0, 0.4))).turned(yaw)
            maker.add(None, (leaned.moved(x, y, 0.0), print_))
        else:
            carton = box(*(maker.uniform(0.06, 0.25) for _ in range(3)))
            maker.add("box", (carton.turned(yaw).moved(x, y, 0), print_))
    if maker.chance(0.6):
        _backdrop(maker, maker.uniform(0.7, 2.5))
    _sky(maker)
    return Stage((0.0, 0.0, 0.08), 0.4, 1.2, 0.9, (0.1, 1.2))


def foliage(maker: Maker) -> Stage:
    """Leaves, stalks and grass before each other, and something seen between them."""
    for _ in range(maker.count(2, 5)):
        green = _leaf_surface(maker)
        parts = []
        depth = maker.uniform(-0.3, 3.0)
        for _ in range(maker.count(30, 110)):
            length = maker.uniform(0.04, 0.25) * (1 + 0.4 * depth)
            blade = leaf(length, length * maker.uniform(0.15, 0.5), length * maker.uniform(0, 0.4))
            place = maker.rng.uniform(-1.2, 1.2, 3) * (1 + 0.4 * depth)
            turned = blade.rotated(any_rotation(maker.rng))
            parts.append((turned.moved(place[0], depth + 0.3 * place[1], place[2]), green))
        maker.add(None, *parts)
    for _ in range(maker.count(0, 8)):
        x = maker.uniform(-1.2, 1.2)
        stalk = rod([x, maker.uniform(0, 2), -2], [x + maker.uniform(-0.4, 0.4), 1, 2], 0.008)
        maker.add(None, (stalk, maker.paint.wood()))
    _backdrop(maker, maker.uniform(3.0, 8.0))
    maker.light_from(True, maker.uniform(0.6, 2.0))
    return Stage((0.0, 0.8, 0.0), 1.0, 2.0, 0.3, (-0.2, 0.3))


def lattice(maker: Maker) -> Stage:
    """Wires, grids, railings and nets with things behind."""
    for _ in range(maker.count(1, 3)):
        _grid(maker, maker.uniform(-0.2, 2.0))
    for _ in range(maker.count(0, 12)):
        start, end = maker.rng.uniform([-2, -0.3, -1.5], [2, 3, 1.5], (2, 3))
        wire = rod(start, end, maker.uniform(0.001, 0.012))
        maker.add(None, (wire, maker.paint.plain()))
    for _ in range(maker.count(2, 10)):
        place = (maker.uniform(-2, 2), maker.uniform(1.5, 4), maker.uniform(-1, 1))
        _floating(maker, place, maker.uniform(0.2, 0.7))
    _backdrop(maker, maker.uniform(3.0, 7.0))
    _sky(maker)
    return Stage((0.0, 0.8, 0.0), 1.0, 2.2, 0.4, (-0.3, 0.4))


def plain_things(maker: Maker) -> Stage:
    """Plain things before plain things: nothing to hold on to but edges and shading."""
    colours = [maker.paint.wall_colour() for _ in range(3)]
    backdrop = Surface(colour=colours[0])
    maker.add(None, (quad([-30, 5, -20], [60, 0, 0], [0, 0, 40]), backdrop))
    for _ in range(maker.count(2, 8)):
        size = maker.uniform(0.3, 1.4)
        place = maker.rng.uniform([-1.5, -0.2, -1.0], [1.5, 4.0, 1.0])
        mesh = _solid(maker, size).rotated(any_rotation(maker.rng)).moved(*place)
        colour = colours[int(maker.rng.integers(3))]
        maker.add(None, (mesh, Surface(colour=colour, finish=maker.paint.finish())))
    _sky(maker)
    return Stage((0.0, 1.0, 0.0), 1.5, 3.0, 0.4, (-0.3, 0.4))


def photographs(maker: Maker) -> Stage:
    """Photographs as surfaces at random depths and slants before each other."""
    for _ in range(maker.count(4, 16)):
        distance = float(np.exp(maker.uniform(np.log(0.5), np.log(8.0))))
        size = distance * maker.uniform(0.2, 0.8)
        mesh = picture_quad(size, size * maker.uniform(0.5, 1.2)).moved(z=-size / 2)
        slant = turn([maker.uniform(-1, 1), 0.01, maker.uniform(-1, 1)], maker.uniform(-0.8, 0.8))
        place = (maker.uniform(-0.6, 0.6) * distance, distance - 1.0, maker.rng.normal(0, 0.3))
        shown = Surface(picture=maker.paint.picture(), finish=maker.paint.finish())
        maker.add(None, (mesh.rotated(slant).moved(*place), shown))
    far = Surface(picture=maker.paint.picture(), tile_m=24.0)
    maker.add(None, (quad([-24, 10, -12], [48, 0, 0], [0, 0, 24]), far))
    _sky(maker)
    return Stage((0.0, 0.5, 0.0), 1.0, 2.0, 0.3, (-0.2, 0.2))


ODD: dict[str, Callable[[Maker], Stage]] = {
    "shapes": shapes,
    "stacks": stacks,
    "macro": macro,
    "outdoors": outdoors,
    "plane": plane,
    "text": print_and_text,
    "foliage": foliage,
    "lattice": lattice,
    "plain": plain_things,
    "photographs": photographs,
}


def odd_viewpoint(maker: Maker, stage: Stage) -> Viewpoint:
    """A random viewpoint on an odd scene."""
    distance = maker.uniform(stage.nearest, stage.farthest)
    aside, lift = maker.uniform(-stage.swing, stage.swing), maker.uniform(*stage.lift)
    away = np.array([np.sin(aside) * np.cos(lift), -np.cos(aside) * np.cos(lift), np.sin(lift)])
    jitter = maker.rng.normal(0, 0.12 * distance, 3)
    target = np.asarray(stage.target)
    eye = target + distance * away
    aimed = target + jitter
    carrier = maker.pick(["hand", "bench", "robot"])
    roll = float(maker.rng.normal(0, 0.15 if carrier == "hand" else 0.02))
    pose = look_at((eye[0], eye[1], eye[2]), (aimed[0], aimed[1], aimed[2]), roll)
    return Viewpoint(pose, maker.uniform(35, 80), carrier)


def _solid(maker: Maker, size: float) -> Mesh:
    kind = maker.pick(["box", "box", "ball", "cylinder", "vase"])
    if kind == "box":
        return box(size * maker.uniform(0.3, 1), size * maker.uniform(0.3, 1), size)
    if kind == "ball":
        return sphere(size / 2, 32)
    if kind == "cylinder":
        return cylinder(size * maker.uniform(0.1, 0.5), size, 32)
    return vase(maker.rng, size * 0.35, size)


def _floating(maker: Maker, place: tuple[float, float, float], size: float) -> None:
    """A shape or a model of any kind, turned any way."""
    rotation = any_rotation(maker.rng)
    groups = ("prop", "chair", "table", "lamp", "plant", "sofa", "box", "computer", "cabinet")
    offer = maker.offer(*groups) if maker.chance(0.5) else None
    model = maker.read(offer)
    if offer is None or model is None:
        mesh = _solid(maker, size).rotated(rotation).moved(*place)
        maker.add(None, (mesh, maker.paint.any(size)))
        return
    factor = size / max(model.size)
    pieces = maker.model_pieces(model, offer.kind.label, (factor, factor, factor))
    placed = tuple(Piece(p.mesh.rotated(rotation).moved(*place), p.surface) for p in pieces)
    maker.things.append(Thing(offer.kind.label, placed, offer.kind.key))


def _ground(maker: Maker, size: float) -> None:
    kind = maker.pick(["plaster", "tiles", "cloth", "dead_leaves", "wood"])
    surface = maker.paint.patterned(kind, maker.uniform(0.5, 3.0), finish="matt")
    maker.add(None, (quad([-size, -size, 0], [2 * size, 0, 0], [0, 2 * size, 0]), surface))


def _backdrop(maker: Maker, distance: float) -> None:
    """A large upright plane behind everything."""
    size = 6 * distance
    mesh = quad([-size, distance, -size], [2 * size, 0, 0], [0, 0, 2 * size])
    maker.add(None, (mesh, _shown(maker, distance)))


def _shown(maker: Maker, size: float) -> Surface:
    kind = maker.pick(["plain", "any", "photograph", "photograph"])
    if kind == "plain":
        return maker.paint.plain(maker.paint.wall_colour())
    if kind == "any":
        return maker.paint.any(size * 0.5)
    return maker.paint.photograph(size * maker.uniform(0.5, 2.5))


def _finer(surface: Surface, factor: float) -> Surface:
    return Surface(
        surface.colour, surface.picture, surface.tile_m * factor, surface.finish, surface.emission
    )


def _sky(maker: Maker) -> None:
    """Light from all around, of a room or of the open, and sometimes a lamp near by."""
    if maker.chance(0.15):
        level = maker.uniform(0.3, 1.5)
        maker.surroundings = Surroundings((level, level * 0.97, level * 0.92))
    else:
        maker.light_from(maker.chance(0.5), maker.uniform(0.5, 2.0))
    if maker.chance(0.3):
        level = maker.uniform(5, 40)
        mesh = quad([-0.4, -2.0, 4.0], [0.8, 0, 0], [0, -0.8, 0])
        lamp = Surface(emission=(level, level * 0.95, level * 0.8))
        maker.add("lamp", (mesh.moved(maker.uniform(-2, 2)), lamp))


def _leaf_surface(maker: Maker) -> Surface:
    if maker.chance(0.3):
        return maker.paint.any(0.2)
    g = maker.uniform(0.08, 0.4)
    finish = maker.pick(["matt", "satin"])
    return maker.paint.plain((g * maker.uniform(0.2, 0.9), g, g * maker.uniform(0.1, 0.4)), finish)


def _tree(maker: Maker, place: tuple[float, float, float], height: float) -> None:
    trunk = cylinder(height * 0.04, height * 0.6, 10).moved(*place)
    green = _leaf_surface(maker)
    parts = [(trunk, maker.paint.wood())]
    for _ in range(maker.count(60, 160)):
        blade = leaf(height * 0.12, height * 0.06, height * 0.02).rotated(any_rotation(maker.rng))
        x, y, z = maker.rng.normal(0, height * 0.18, 3)
        spot = (place[0] + x, place[1] + y, place[2] + height * 0.7 + z)
        parts.append((blade.moved(*spot), green))
    maker.add("otherprop", *parts)


def _house(maker: Maker, x: float, y: float) -> None:
    width, depth, height = (maker.uniform(4, 14) for _ in range(3))
    walls = box(width, depth, height).moved(x, y)
    rows = boxes(
        [
            [x + a, y - depth / 2 - 0.03, z, x + a + 1.0, y - depth / 2, z + 1.2]
            for a in np.arange(-width / 2 + 0.8, width / 2 - 1.4, 2.2)
            for z in np.arange(1.0, height - 1.4, 2.8)
        ]
        or [[x, y - depth / 2 - 0.03, 0.5, x + 1, y - depth / 2, 1.7]]
    )
    dark = maker.paint.plain(maker.paint.grey(0.02, 0.2), "gloss")
    maker.add("otherstructure", (walls, maker.paint.any(3.0)), (rows, dark))


def _grid(maker: Maker, y: float) -> None:
    """A fence, a net or a railing across the view."""
    step, radius = maker.uniform(0.04, 0.25), maker.uniform(0.001, 0.01)
    reach = 1.6 + 0.6 * y
    numbers = np.arange(-reach, reach, step)
    spans = [[x - radius, y - radius, -reach, x + radius, y + radius, reach] for x in numbers]
    if maker.chance(0.6):
        spans += [[-reach, y - radius, z - radius, reach, y + radius, z + radius] for z in numbers]
    mesh = boxes(spans).rotated(turn([0, 1, 0], maker.uniform(-0.8, 0.8)))
    maker.add(None, (mesh, maker.paint.metal() if maker.chance(0.6) else maker.paint.plain()))

"""Rooms and table tops of held-out furniture, each written by hand.

Stage sets as in a theatre: a floor and some walls, open towards the camera and above, in the light
of a held-out environment map. The camera looks along +y.
"""

from __future__ import annotations

from ..world.types import Surface
from .forms import panel, sheet, slab
from .stage import Stage

# What stands on something: model, x and y aside of its middle in metres, and its turn in degrees.
_On = tuple[str, float, float, float]


def cafe(stage: Stage) -> None:
    """A bistro corner: small tables with crockery, chairs, a counter behind."""
    _floor(stage, stage.pattern("cells", 1.4))
    _back(stage, 3.6, stage.pattern("arcs", 0.7, 0.6))
    stage.light("venice", 30)
    _set(stage, "cafe-table", (-0.35, 1.0), 10, [
        ("coffee-mug", -0.12, -0.1, 40), ("red-wine-bottle-01", 0.14, 0.08, 0),
        ("bread-plate", 0.08, -0.17, 0), ("newspaper", -0.16, 0.14, 60),
    ])  # fmt: skip
    _set(stage, "round-table", (0.75, 2.1), 0, [
        ("teapot", 0, 0, 200), ("cup", 0.2, -0.2, 0), ("birthday_cake", -0.25, 0.1, 0),
    ])  # fmt: skip
    for stem, x, y, yaw in (
        ("cafe-chair", 0.35, 0.95, -70), ("cafe-chair", -0.9, 1.6, 100),
        ("plastic_chair", 1.35, 1.6, 200), ("bar-stool", -1.4, 2.9, 30),
        ("chair4", 0.1, 2.5, 150),
    ):  # fmt: skip
        stage.model(stem, (x, y, 0), yaw)
    stage.model("fridge", (-0.6, 3.2, 0), 0)
    stage.model("office_box", (1.3, 3.3, 0), 0)


def study(stage: Stage) -> None:
    """A desk before a plain wall, with office things, a bookcase at the side."""
    _floor(stage, Surface(colour=(0.35, 0.3, 0.26)))
    _back(stage, 2.6, Surface(colour=(0.72, 0.7, 0.62)))
    _side(stage, 1.7, Surface(colour=(0.5, 0.58, 0.6)))
    stage.light("lab", 200, 1.2)
    _set(stage, "wooden_office_alder_table", (0, 1.55), 0, [
        ("apple-ibook-2001", -0.1, 0.0, 15), ("phone", 0.45, 0.05, -20), ("stapler", 0.2, -0.3, 70),
        ("little_lamp1", -0.6, 0.2, 0), ("tape-measure", -0.45, -0.3, 30),
        ("reflex_camera", 0.6, -0.25, 40), ("bonsai-tree", 0.62, 0.28, 0),
    ])  # fmt: skip
    stage.model("office-chair", (0.25, 0.75, 0), 190)
    stage.model("full-bookcase", (1.45, 2.0, 0), -90)
    stage.model("filing-cabinet", (-1.25, 2.2, 0), 20)
    stage.model("recycling-bin", (-0.9, 1.2, 0), 0)


def lounge(stage: Stage) -> None:
    """Sofas around a low table, a rug, a picture on the wall."""
    _floor(stage, stage.pattern("strokes", 1.8, 0.5))
    _back(stage, 4.6, stage.pattern("clouds", 2.5, 0.5))
    _side(stage, -2.4, Surface(colour=(0.62, 0.5, 0.42)))
    stage.light("hall", 120, 1.3)
    stage.model("oriental-rug", (0, 2.6, 0), 90)
    _set(stage, "saloon_table", (0.1, 2.2), 5, [
        ("bowlWithSalad", -0.3, 0, 0), ("tv-remote-control", 0.2, -0.1, 70), ("cup", 0.4, 0.1, 0),
    ])  # fmt: skip
    stage.model("mid-century-sofa", (0.2, 3.7, 0), 0, cover=stage.pattern("labyrinth", 0.5))
    stage.model("mid-century-chair", (-1.5, 2.4, 0), 70)
    stage.model("modern_armchair", (1.35, 1.3, 0), 200)
    stage.model("pedestal-vase-lamp", (1.7, 3.9, 0), 0)
    stage.model("japanese_style_screen", (-1.6, 4.1, 0), 15)
    stage.add(sheet(1.4, 0.9, 0.0, 0).moved(0.3, 4.55, 1.4), stage.photograph(2))


def bedroom(stage: Stage) -> None:
    """A bed from its foot, plain walls, clothes and a lamp."""
    _floor(stage, stage.pattern("cells", 3.0, 0.4))
    _back(stage, 4.2, Surface(colour=(0.68, 0.72, 0.75)))
    _side(stage, 2.0, Surface(colour=(0.68, 0.72, 0.75)))
    stage.light("dawn", 250, 1.4)
    stage.model("captains-bed", (-0.2, 2.9, 0), 180, cover=stage.pattern("ripples", 0.8, 0.7))
    stage.model("trunk-large", (-0.2, 1.3, 0), 0)
    stage.model("chair3", (1.2, 1.8, 0), -120)
    top = stage.model("cardboard-box", (-1.3, 1.7, 0), 30)
    stage.model("doll", (-1.3, 1.7, top), 20, 1.5)
    stage.model("kids_wooden_desk", (1.3, 3.7, 0), 0)
    stage.model("table_lamp", (1.3, 3.7, 0.75), 0)
    stage.model("sleepingBag", (0.9, 0.9, 0), 80)


def kitchen_table(stage: Stage) -> None:
    """A laid table from close by."""
    stage.add(panel([-1.2, 0, 0], [2.4, 0, 0], [0, 1.7, 0]), stage.pattern("ripples", 0.5))
    _back(stage, 2.4, stage.photograph(1, 3.0), -1.0)
    stage.light("workshop", 60, 1.5)
    for stem, x, y, yaw in (
        ("dinner-plate", -0.25, 0.35, 0), ("plate-and-ustensils", 0.2, 0.45, 0),
        ("coffee-maker", 0.5, 1.0, -30), ("toaster", -0.5, 1.05, 25), ("bowl", 0.0, 0.85, 0),
        ("oil-servers", 0.28, 0.8, 0), ("red-wine-bottle-01", -0.2, 0.7, 0),
        ("sugar", 0.38, 0.3, 20), ("squeezer", -0.45, 0.55, 0), ("teapot", 0.05, 1.3, 150),
        ("electronicScale", 0.75, 1.4, 10),
    ):  # fmt: skip
        stage.model(stem, (x, y, 0), yaw)


def workbench(stage: Stage) -> None:
    """Tools on a plain bench before a plain wall: little to hold on to."""
    stage.add(panel([-1.0, 0, 0], [2.0, 0, 0], [0, 1.1, 0]), Surface(colour=(0.45, 0.47, 0.5)))
    _back(stage, 1.1, Surface(colour=(0.6, 0.62, 0.6)))
    stage.light("workshop", 310, 1.5)
    for stem, x, y, yaw in (
        ("perceuse-electrique", -0.2, 0.5, 50), ("tournevis", 0.1, 0.3, 20),
        ("tape-measure", 0.25, 0.5, -30), ("scie-egoine", 0.2, 0.75, 12),
        ("flashlight", -0.35, 0.25, 70), ("video-projector", -0.45, 0.85, 10),
        ("basic_camera", 0.05, 0.55, 0), ("montre", -0.05, 0.25, 60),
        ("small-oven", 0.65, 0.85, -20),
    ):  # fmt: skip
        stage.model(stem, (x, y, 0), yaw)


def hall_bench(stage: Stage) -> None:
    """Benches in a row into the depth, a photograph as large as the wall."""
    _floor(stage, stage.pattern("arcs", 1.2))
    _back(stage, 5.0, stage.photograph(5, 4.5))
    stage.light("hall", 10, 1.5)
    for number, stem in enumerate(("painted-bench", "bench", "concrete-bench")):
        top = stage.model(stem, (0.5 - 0.6 * number, 1.3 + 1.2 * number, 0), 25)
        stage.model("bonsai-tree", (0.5 - 0.6 * number, 1.3 + 1.2 * number, top), 60 * number, 0.8)
    stage.model("water_cooler", (1.5, 3.2, 0), 0)
    stage.model("male-01-suit", (-1.2, 2.2, 0), 40)


def low_desk(stage: Stage) -> None:
    """Things on a child's desk, seen along it."""
    top = stage.model("kids_wooden_desk", (0, 1.2, 0), 20, cover=stage.pattern("strokes", 0.4))
    for stem, x, y, yaw in (
        ("creamer", -0.35, 0.95, 0), ("teapot", -0.15, 1.1, 60), ("little_lamp2", 0.3, 1.45, 0),
        ("montre-with-pose", -0.05, 0.98, 0), ("doll", 0.2, 1.2, -20), ("cup", 0.35, 1.15, 0),
    ):  # fmt: skip
        stage.model(stem, (x, y, top), yaw, 1.3)
    _back(stage, 2.6, stage.pattern("clouds", 1.2))
    _floor(stage, Surface(colour=(0.4, 0.4, 0.38)))
    stage.light("venice", 100, 1.2)


def _set(
    stage: Stage, stem: str, place: tuple[float, float], yaw: float, things: list[_On]
) -> None:
    """A table and what stands on it."""
    top = stage.model(stem, (*place, 0.0), yaw)
    for name, x, y, turn in things:
        stage.model(name, (place[0] + x, place[1] + y, top), turn)


def _floor(stage: Stage, cover: Surface) -> None:
    stage.add(panel([-6, -3, 0], [12, 0, 0], [0, 12, 0]), cover)


def _back(stage: Stage, y: float, cover: Surface, bottom: float = 0.0) -> None:
    stage.add(slab([-6, y, bottom], [6, y + 0.1, 2.7]), cover)


def _side(stage: Stage, x: float, cover: Surface) -> None:
    stage.add(slab([x, 0.4, 0], [x + 0.1, 6, 2.7]), cover)

"""Rooms of all kinds: what stands in them, how large they are, how they are lit."""

from __future__ import annotations

from collections.abc import Callable

from .furnishing import Furnisher
from .maker import Maker
from .plan import FloorPlan
from .shell import Shell, build_shell, ceiling_lamps, door, passage, window
from .thin import collage, mirror, picture, rug, television_on_wall, whiteboard
from .types import Surroundings


def living(f: Furnisher) -> None:
    """Sofas, a low table, a television, bookcases."""
    m = f.maker
    for _ in range(m.count(1, 3)):
        f.sofa(at_wall=m.chance(0.7))
    f.table(seats=False, low=True)
    if m.chance(0.6):
        television_on_wall(m, f.plan)
    elif m.chance(0.7):
        f.put("tv stand")
    if m.chance(0.6):
        f.bookcase()
    if m.chance(0.5):
        f.table()
    f.put("installation", "plant", "lamp")


def bedroom(f: Furnisher) -> None:
    """One or two beds, wardrobes, a desk; clothes lying about."""
    m = f.maker
    for _ in range(m.count(1, 2)):
        f.bed()
    for _ in range(m.count(0, 2)):
        f.wardrobe()
    if m.chance(0.4):
        f.desk()
    if m.chance(0.4):
        f.put("dresser")
    if m.chance(0.5):
        mirror(m, f.plan)
    f.messy_floor(m.count(0, 5))


def office(f: Furnisher) -> None:
    """Desks with screens and chairs, shelves, a whiteboard, a table for talks."""
    m = f.maker
    for _ in range(m.count(1, 4)):
        f.desk()
    for _ in range(m.count(0, 2)):
        f.bookcase()
    if m.chance(0.7):
        whiteboard(m, f.plan)
    if m.chance(0.5):
        f.table()
    f.put("cabinet", "shelves")
    for _ in range(m.count(0, 3)):
        f.put("chair", at_wall=False)


def kitchen(f: Furnisher) -> None:
    """Runs of cabinets with counters, machines, a table."""
    m = f.maker
    for _ in range(m.count(1, 2)):
        f.kitchen()
    for group in ("refrigerator", "appliance", "sink", "counter"):
        if m.chance(0.5):
            f.put(group)
    if m.chance(0.7):
        f.table()
    if m.chance(0.5):
        f.shelf_board()


def bath(f: Furnisher) -> None:
    """Toilet, sink, tub or shower, a mirror, towels."""
    m = f.maker
    for group in ("toilet", "sink", "bathtub", "shower"):
        if m.chance(0.85):
            f.put(group)
    mirror(m, f.plan, 0.9, 1.2)
    for _ in range(m.count(0, 2)):
        f.hang("towel", "prop", "installation")
    if m.chance(0.5):
        f.wardrobe()
    f.messy_floor(m.count(0, 3))


def corridor(f: Furnisher) -> None:
    """Long and nearly empty: doors, pictures, a bench."""
    m = f.maker
    for _ in range(m.count(0, 3)):
        f.put("cabinet", "plant", "chair", "furniture", "lamp", "installation")
    for _ in range(m.count(0, 3)):
        picture(m, f.plan)
    if m.chance(0.4):
        mirror(m, f.plan)


def workshop(f: Furnisher) -> None:
    """Work tables, shelves, tools, boxes on the floor."""
    m = f.maker
    for _ in range(m.count(1, 3)):
        f.table(seats=m.chance(0.3))
    if m.chance(0.7):
        f.put("workbench")
    for _ in range(m.count(1, 3)):
        f.bookcase()
    for _ in range(m.count(0, 4)):
        f.put("box", "cabinet", at_wall=m.chance(0.6))
    f.shelf_board()
    f.messy_floor(m.count(2, 12))


def hall(f: Furnisher) -> None:
    """A large room: rows of tables and chairs, as where people learn, eat or wait."""
    m = f.maker
    for _ in range(m.count(3, 10)):
        f.table()
    for _ in range(m.count(0, 4)):
        f.sofa(at_wall=m.chance(0.5))
    whiteboard(m, f.plan)
    for _ in range(m.count(0, 4)):
        f.put("plant", "person", "furniture", "cabinet", at_wall=m.chance(0.5))


ROOMS: dict[str, Callable[[Furnisher], None]] = {
    "living": living,
    "bedroom": bedroom,
    "office": office,
    "kitchen": kitchen,
    "bath": bath,
    "corridor": corridor,
    "workshop": workshop,
    "hall": hall,
}

_SIZES = {
    "living": (2.8, 5.6),
    "bedroom": (2.4, 4.4),
    "office": (2.6, 6.0),
    "kitchen": (2.1, 4.4),
    "bath": (1.6, 2.8),
    "corridor": (1.2, 2.4),
    "workshop": (2.8, 7.0),
    "hall": (6.0, 14.0),
}
_LENGTHS = {"corridor": (4.0, 14.0)}


def make_room(maker: Maker, kind: str) -> FloorPlan:
    """Adds a room of that kind with all that is in it; its floor plan."""
    low, high = _SIZES[kind]
    width = maker.uniform(low, high)
    depth = maker.uniform(*_LENGTHS.get(kind, (low, high)))
    height = maker.uniform(2.3, 3.0) if max(width, depth) < 8 else maker.uniform(2.6, 4.2)
    plan = FloorPlan(maker.rng, width, depth, height)
    shell = Shell(plan)
    if maker.chance(0.45):
        passage(maker, shell)
    if maker.chance(0.75):
        door(maker, shell)
    for _ in range(maker.count(0, 2) + (kind in ("hall", "living"))):
        window(maker, shell)
    furnisher = Furnisher(maker, plan)
    ROOMS[kind](furnisher)
    _more(furnisher, kind)
    furnisher.fill_tops(maker.count(2, 7))
    build_shell(maker, shell)
    _light(maker, shell)
    return plan


def _more(f: Furnisher, kind: str) -> None:
    """What any room may have."""
    m = f.maker
    if kind not in ("bath", "corridor"):
        _more_furniture(f)
    if m.chance(0.2):
        collage(m, f.plan)
    for _ in range(m.count(0, 5)):
        picture(m, f.plan)
    for _ in range(m.count(0, 4)):
        f.hang("prop", "installation", "television", "lamp")
    if m.chance(0.15):
        mirror(m, f.plan)
    if m.chance(0.12):
        whiteboard(m, f.plan)


def _more_furniture(f: Furnisher) -> None:
    """What stands about in rooms with space for it."""
    m = f.maker
    for _ in range(m.count(1, 3)):
        (f.wardrobe if m.chance(0.6) else f.bookcase)()
    for _ in range(m.count(0, 3)):
        f.put("chair", at_wall=m.chance(0.5))
    for _ in range(m.count(1, 6)):
        groups = ("plant", "lamp", "box", "bag", "furniture", "prop", "cabinet", "shelves")
        f.put(*groups, at_wall=m.chance(0.6))
    for chance, add in ((0.3, f.sofa), (0.3, f.shelf_board), (0.2, f.desk), (0.25, f.table)):
        if m.chance(chance):
            add()
    if m.chance(0.4):
        rug(m, f.plan)
    if m.chance(0.1):
        f.put("person", at_wall=False)
    f.messy_floor(m.count(0, 3))


def _light(maker: Maker, shell: Shell) -> None:
    """Day with or without lamps, or night; a room without windows has lamps."""
    windows = any(shell.holes.values())
    time = maker.pick(["day", "day", "lamps and day", "lamps and day", "night", "dusk"])
    lamps = not windows or time != "day"
    if time == "night":
        maker.light_from(True, maker.uniform(0.005, 0.05))
        maker.surroundings = _dark(maker.surroundings, maker)
    else:
        bright = {"day": (2.5, 8.0), "lamps and day": (1.0, 5.0), "dusk": (0.1, 0.6)}[time]
        maker.light_from(True, maker.uniform(*bright))
    if lamps:
        ceiling_lamps(maker, shell.plan, maker.uniform(0.6, 2.2))


def _dark(surroundings: Surroundings, maker: Maker) -> Surroundings:
    """Half of all nights without anything to be seen outside."""
    return Surroundings((0.002, 0.002, 0.004)) if maker.chance(0.5) else surroundings

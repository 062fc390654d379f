"""Routes through rooms, and the same room on another day."""

import numpy as np
import pytest

from ddff_perception.simulation.assets.library import Library
from ddff_perception.simulation.rendering.shapes import box
from ddff_perception.simulation.route_camera.other_day import another_day, with_way_free
from ddff_perception.simulation.route_camera.render import DriveSettings
from ddff_perception.simulation.route_camera.route import RouteThroughRoom, drive_places
from ddff_perception.simulation.world.types import Piece, Surface, Surroundings, Thing, World
from ddff_perception.types import InputError

LAMP = Surface(emission=(4.0, 4.0, 4.0))


def thing(label, x, y, height=1.5, surface=None):
    mesh = box(0.5, 0.5, height).moved(x, y, 0.0)
    return Thing(label, (Piece(mesh, surface or Surface()),))


def room():
    things = [thing("chair", 0.3 * n, 5.0, 0.8) for n in range(20)]
    things += [thing("wall", 0.0, 0.0, 2.5), thing("lamp", 3.0, 3.0, 0.1, LAMP)]
    return World("hall", tuple(things), Surroundings((0.5, 0.5, 0.5)))


@pytest.mark.parametrize("size", [(8.0, 10.0), (1.6, 9.0)])
def test_a_way_stays_in_its_room_and_the_camera_looks_ahead(size):
    route = RouteThroughRoom(*size)
    points = route.points()
    assert (points > 0.2).all() and (points < np.array(size) - 0.2).all()
    assert route.length > 5.0
    for place in np.linspace(0, route.length - 0.5, 9):
        here, ahead = (route.viewpoint(p).pose for p in (place, place + 0.4))
        step = (ahead - here)[:3, 3]
        assert np.linalg.norm(step) == pytest.approx(0.4, abs=0.05)
        assert here[:3, 2] @ step / np.linalg.norm(step) > 0.6
        assert abs(here[2, 3] - 1.45) < 1e-9


def test_drives_differ_in_speed_and_not_in_where_they_end():
    drives = [drive_places(12.0, 80, np.random.default_rng(n)) for n in range(3)]
    for places in drives:
        steps = np.diff(places)
        assert places[0] == 0.0 and places[-1] == pytest.approx(12.0)
        assert (steps > 0).all() and steps.max() / steps.min() > 2.0
    assert np.abs(drives[0] - drives[1]).max() > 0.3


def test_what_stands_in_the_way_is_taken_out_and_walls_stay():
    way = np.stack([np.linspace(0, 6, 50), np.full(50, 5.0)], axis=1)
    world = World("hall", (thing("cabinet", 3.0, 5.1), thing("chair", 3.0, 5.1, 0.6),
                           thing("cabinet", 3.0, 8.0), thing("wall", 3.0, 5.0)),
                  Surroundings())  # fmt: skip
    left = with_way_free(world, way)
    assert [t.label for t in left.things] == ["chair", "cabinet", "wall"]


def test_another_day_has_other_light_and_other_places_and_the_same_seed_gives_the_same(tmp_path):
    library, way = Library("train", tmp_path), RouteThroughRoom(8.0, 10.0).points()
    days = [another_day(room(), library, way, (8.0, 10.0), seed) for seed in (1, 2, 1)]
    first, second, again = ([t.pieces[0].mesh.vertices for t in day.things] for day in days)
    assert len(first) < 22 and len(first) == len(again)
    for a, b in zip(first, again, strict=True):
        np.testing.assert_array_equal(a, b)
    assert len(first) != len(second) or any(
        not np.array_equal(a, b) for a, b in zip(first, second, strict=True)
    )
    assert any(t.label == "wall" for t in days[0].things)
    lamps = [t.pieces[0].surface.emission for day in days for t in day.things if t.label == "lamp"]
    assert lamps[0] == lamps[2] != lamps[1] and lamps[0] != LAMP.emission
    assert days[0].surroundings != days[1].surroundings


WRONG = [
    ({"kind": "moon"}, "'moon' is none"),
    ({"frames": 3}, "8 .. 2000"),
    ({"width": 4}, "16 .. 4096"),
    ({"use": "play"}, "train or judge"),
]


@pytest.mark.parametrize("wrong, words", WRONG)
def test_settings_that_cannot_be_are_refused(wrong, words):
    with pytest.raises(InputError, match=words):
        DriveSettings(**wrong)

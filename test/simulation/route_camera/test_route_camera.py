"""A drive as a camera shows it, with its places in another drive of the same route."""

import drawn_drives
import numpy as np
import pytest

from ddff_perception.files.bags import BagReader
from ddff_perception.files.bags_messages import nanoseconds
from ddff_perception.files.drive_folder import read_drive, write_drive
from ddff_perception.simulation.route_camera.bag import RouteBagSettings, write_route_bag
from ddff_perception.simulation.route_camera.frames import (
    DEMO_ROUTE,
    RouteCamera,
    RouteCameraSettings,
    open_route,
)
from ddff_perception.types import InputError

SECONDS = np.arange(12) / 2.0


@pytest.fixture
def drives(tmp_path):
    """Monday at an even speed over 11 m, Tuesday over metres 2 to 13 of the same route."""
    for name, first in (("monday", 0.0), ("tuesday", 2.0)):
        images = drawn_drives.drive(where=np.linspace(0, 1, 12))
        places = np.arange(12) + first
        write_drive(tmp_path / name, list(images), SECONDS, places, {"route": "wall"})
    return tmp_path / "tuesday", tmp_path / "monday"


def test_places_are_when_the_reference_was_there(drives):
    camera = RouteCamera(*open_route(*drives))
    places = [camera.frame(number)[1] for number in range(12)]
    assert [p.number for p in places] == [*range(2, 12), -1, -1]
    assert [p.reference_ns for p in places[:3]] == [10**9, 1_500_000_000, 2 * 10**9]
    assert camera.frame(12)[1] == places[0]


def test_without_a_reference_nothing_is_known_of_places(drives):
    image, place = RouteCamera(*open_route(drives[0], None)).frame(0)
    assert place is None and image.shape == (120, 160, 3)


def test_the_same_number_gives_the_same_noise(drives):
    drive = read_drive(drives[0])
    first, again, other = (
        RouteCamera(drive, None, RouteCameraSettings(5.0, seed)).frame(3)[0] for seed in (1, 1, 2)
    )
    assert np.array_equal(first, again) and not np.array_equal(first, other)


def test_drives_of_two_routes_are_refused(drives, tmp_path):
    images = drawn_drives.drive(where=np.linspace(0, 1, 12))
    write_drive(tmp_path / "yard", list(images), SECONDS, SECONDS, {"route": "yard"})
    with pytest.raises(InputError, match="are of two routes"):
        RouteCamera(*open_route(drives[0], tmp_path / "yard"))


def test_a_bag_holds_images_and_places(drives, tmp_path):
    count = write_route_bag(*drives, tmp_path / "bag", RouteBagSettings(rate_hz=5.0))
    assert count == 24
    with BagReader(tmp_path / "bag") as bag:
        found = [item.message for item in bag.messages(["/camera/truth/route_match"])]
    assert [m.frame for m in found] == [*range(2, 12), -1, -1]
    assert nanoseconds(found[1].reference_stamp) == 1_500_000_000
    assert [m.lost for m in found] == 10 * [False] + 2 * [True]


def test_the_drives_of_the_package_are_of_one_route_on_two_days():
    drive, reference = open_route(None, None)
    assert drive.folder == DEMO_ROUTE / "second" and reference is not None
    assert drive.facts["day"] != reference.facts["day"]
    assert np.isfinite(drive.true_seconds(reference)).mean() > 0.9

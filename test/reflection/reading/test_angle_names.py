from pathlib import Path

import pytest

from ddff_perception.reflection.reading.angle_names import agreed_angles, angles_in_names
from ddff_perception.types import InputError


def files(*names):
    return [Path(name) for name in names]


@pytest.mark.parametrize(
    ("names", "angles"),
    [
        (("I0.png", "I135.png", "I45.png", "I90.png"), [0, 135, 45, 90]),
        (("img_000.png", "img_045.png", "img_090.png"), [0, 45, 90]),
        (("0deg.tif", "60deg.tif", "120deg.tif"), [0, 60, 120]),
        (("pane_90.jpg", "pane_0.jpg", "pane_45.jpg"), [90, 0, 45]),
        (("2024-05-01 p22.5.png", "2024-05-01 p67.5.png", "2024-05-01 p112.5.png"),
         [22.5, 67.5, 112.5]),
        (("1_0.png", "2_45.png", "3_90.png"), [0, 45, 90]),
        (("img-0.png", "img-45.png", "img-90.png"), [0, 45, 90]),
        (("p-30.png", "p0.png", "p60.png"), [-30, 0, 60]),
        (("a_-45.png", "a_0.png", "a_45.png"), [-45, 0, 45]),
        (("0_p180.png", "45_p0.png", "90_p90.png"), [0, 45, 90]),
    ],
)  # fmt: skip
def test_the_number_that_differs_is_the_angle(names, angles):
    assert angles_in_names(files(*names)) == angles


@pytest.mark.parametrize(
    "names",
    [
        ("a.png", "b.png", "c.png"),
        ("off_0.png", "off_1.png", "off_2.png"),
        ("DSC_4711.jpg", "DSC_4712.jpg", "DSC_4713.jpg"),
        ("p0.png", "p45.png", "p500.png"),
        ("p0.png", "p45.png", "p.png"),
        ("p45.png",),
    ],
)
def test_a_count_and_a_camera_number_are_no_angles(names):
    assert angles_in_names(files(*names)) is None


def test_two_numbers_that_could_be_the_angle_are_asked_about():
    with pytest.raises(InputError, match="the angles 0, 45, 90 or 10, 100, 200: choose by"):
        angles_in_names(files("p0_10.png", "p45_100.png", "p90_200.png"))


@pytest.mark.parametrize("names", [("p0", "p180", "p90"), ("q0", "q60", "q120", "q180")])
def test_names_that_say_one_angle_twice_are_asked_about(names):
    with pytest.raises(InputError, match="0 and 180, which are one of a polarizer"):
        angles_in_names(files(*names))
    assert agreed_angles(files(*names), [0, 45, 90])[0] == [0, 45, 90]


def test_names_that_contradict_the_given_order_are_asked_about():
    named = files("I0.png", "I135.png", "I45.png", "I90.png")
    with pytest.raises(InputError, match=r"says 45 of I135\.png, whose name says 135"):
        agreed_angles(named, [0, 45, 90, 135])
    assert agreed_angles(named, [0, 135, 45, 90])[0] == [0, 135, 45, 90]


def test_given_angles_win_over_numbers_that_are_others():
    angles, origin = agreed_angles(files("t10.png", "t20.png", "t30.png"), [0, 60, 120])
    assert (angles, origin) == ([0, 60, 120], "from --angles")

from types import SimpleNamespace

import pytest

from ddff_perception.reflection.capture.filter_state import filter_angle_deg
from ddff_perception.types import InputError

STATE = SimpleNamespace(name=["wheel", "polarizer"], position=[0.5, 1.0])


def test_the_named_joint_is_taken_and_without_a_name_the_first():
    assert filter_angle_deg(STATE, "polarizer") == pytest.approx(57.29578)
    assert filter_angle_deg(STATE) == pytest.approx(28.64789)


def test_gear_and_offset_make_the_filter_of_the_joint():
    assert filter_angle_deg(STATE, "polarizer", -0.5, 10.0) == pytest.approx(10.0 - 28.64789)


@pytest.mark.parametrize(
    ("state", "joint", "words"),
    [
        (STATE, "lens", "no position of the joint 'lens'; it has: wheel, polarizer"),
        (SimpleNamespace(name=["polarizer"], position=[]), "polarizer", "of the joint 'polarizer'"),
        (SimpleNamespace(name=[], position=[]), "", "of the joint 'first'; it has: no names"),
    ],
)
def test_a_joint_without_a_position_is_refused_by_name(state, joint, words):
    with pytest.raises(InputError, match=words):
        filter_angle_deg(state, joint)

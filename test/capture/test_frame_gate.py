import pytest

from ddff_perception.capture.frame_gate import Frame, FrameGate

STEP = 100


def taken(gate, frame_ids, start=0):
    return [
        gate.take(frame_id, (start + number) * STEP) for number, frame_id in enumerate(frame_ids)
    ]


def test_of_two_cameras_on_one_topic_the_first_stays_and_the_other_is_named():
    gate = FrameGate()
    found = taken(gate, ["left", "right"] * 50)
    assert found == [Frame.OWN, Frame.OTHER] * 50
    assert gate.frame_id == "left"
    said = gate.complaint("image_rect")
    assert "'left' and 'right'" in said and "image_rect" in said


@pytest.mark.parametrize("others", [5, 25])
def test_a_slow_camera_is_not_replaced_by_a_fast_one(others):
    gate = FrameGate()
    gate.take("slow", 0)
    found = taken(gate, (["slow"] + ["fast"] * others) * 5, start=others + 1)
    assert found == ([Frame.OWN] + [Frame.OTHER] * others) * 5


def test_a_lasting_change_is_followed_after_ten_images():
    gate = FrameGate()
    found = taken(gate, ["old"] * 5 + ["new"] * 12)
    assert found[5:] == [Frame.OTHER] * 9 + [Frame.CHANGED] + [Frame.OWN] * 2
    assert gate.frame_id == "new"


def test_after_a_reset_the_next_camera_is_the_first():
    gate = FrameGate()
    taken(gate, ["old"] * 5)
    gate.reset()
    assert gate.frame_id == "old"
    assert taken(gate, ["new"]) == [Frame.OWN]

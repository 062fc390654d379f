import math

import pytest

from ddff_perception.files.bag_topics import count_gaps, find_topics
from ddff_perception.files.bags import BagTopic
from ddff_perception.files.bags_messages import MessageFactory, header_stamp, shift_stamp, stamp_of
from ddff_perception.files.bags_types import (
    CAMERA_INFO,
    COMPRESSED_IMAGE,
    FOCAL_STACK,
    FOCUS_STATE,
    IMAGE,
    message_store,
)
from ddff_perception.types import InputError


def topics(**kinds: str) -> dict[str, BagTopic]:
    named = {name.replace("__", "/"): kind for name, kind in kinds.items()}
    return {f"/{name}": BagTopic(f"/{name}", kind, 10) for name, kind in named.items()}


LIVE = topics(
    camera__image_rect=IMAGE,
    camera__image_all_in_focus=IMAGE,
    camera__camera_info=CAMERA_INFO,
    camera__focus_state=FOCUS_STATE,
    camera__truth__depth=IMAGE,
    camera__depth__image_rect=IMAGE,
    camera__depth__confidence=IMAGE,
    other__image_rect=IMAGE,
    scan="sensor_msgs/msg/LaserScan",
)


def test_topics_are_found_by_type_and_name() -> None:
    assert find_topics(LIVE, {}) == {
        "image": "/camera/image_rect",
        "camera_info": "/camera/camera_info",
        "focus_state": "/camera/focus_state",
        "truth": "/camera/truth/depth",
        "depth": "/camera/depth/image_rect",
        "confidence": "/camera/depth/confidence",
    }


def test_chosen_topics_go_first() -> None:
    found = find_topics(LIVE, {"image": "other/image_rect", "truth": "/camera/depth/image_rect"})
    assert found["image"] == "/other/image_rect"
    assert "camera_info" not in found
    assert found["truth"] == "/camera/depth/image_rect"


def test_rectified_images_are_preferred_to_raw_ones() -> None:
    bag = topics(image_raw=IMAGE, image_rect=IMAGE, focus_state=FOCUS_STATE)
    assert find_topics(bag, {})["image"] == "/image_rect"


def test_compressed_images_will_do() -> None:
    bag = topics(image_raw__compressed=COMPRESSED_IMAGE, focus_state=FOCUS_STATE)
    assert find_topics(bag, {})["image"] == "/image_raw/compressed"


def test_camera_info_is_found_beside_compressed_images() -> None:
    kinds = {"camera__image_rect__compressed": COMPRESSED_IMAGE, "camera__focus_state": FOCUS_STATE}
    bag = topics(**kinds, camera__camera_info=CAMERA_INFO)
    assert find_topics(bag, {})["camera_info"] == "/camera/camera_info"


def test_focal_stacks_need_nothing_else() -> None:
    found = find_topics(topics(focal_stack=FOCAL_STACK), {})
    assert found == {"focal_stack": "/focal_stack"}


@pytest.mark.parametrize(
    ("bag", "chosen", "words"),
    [
        (topics(image_rect=IMAGE), {}, "no FocusState"),
        (topics(focus_state=FOCUS_STATE), {}, "no image"),
        (topics(scan="sensor_msgs/msg/LaserScan"), {}, "it has: /scan"),
        ({}, {}, "it has: nothing"),
        (LIVE, {"image": "/left/image"}, "no topic /left/image"),
        (LIVE, {"image": "/camera/camera_info"}, "CameraInfo"),
    ],
)
def test_what_is_not_there_is_named(bag: dict, chosen: dict, words: str) -> None:
    with pytest.raises(InputError, match=words):
        find_topics(bag, chosen)


def test_gaps_are_counted_at_the_usual_period() -> None:
    stamps = [0, 100, 200, 500, 600, 600, 550, 700]
    gaps = count_gaps(stamp * 1_000_000 for stamp in stamps)
    assert gaps.count == 8
    assert gaps.period_s == pytest.approx(0.1)
    assert gaps.missing == 2
    assert gaps.longest_s == pytest.approx(0.3)
    assert (gaps.repeated, gaps.backwards) == (1, 1)


@pytest.mark.parametrize("stamps", [[], [5], [5, 5]])
def test_too_few_stamps_have_no_period(stamps: list[int]) -> None:
    gaps = count_gaps(stamps)
    assert gaps.count == len(stamps)
    assert math.isnan(gaps.period_s)
    assert gaps.missing == 0


def test_stamps_are_read_without_parsing_the_message() -> None:
    store = message_store()
    message = MessageFactory(store, "camera").focus_state(-(10**9) + 7, 1.0)
    for little in (True, False):
        data = bytes(store.serialize_cdr(message, FOCUS_STATE, little_endian=little))
        assert header_stamp(data) == -(10**9) + 7
    assert header_stamp(b"\x00\x01") is None
    assert header_stamp(b"\xff" * 20) is None


def test_stamps_are_shifted_without_parsing_the_message() -> None:
    store = message_store()
    message = MessageFactory(store, "camera").focus_state(5 * 10**9 + 7, 1.5)
    for little in (True, False):
        data = bytes(store.serialize_cdr(message, FOCUS_STATE, little_endian=little))
        moved = store.deserialize_cdr(shift_stamp(data, 2_999_999_999), FOCUS_STATE)
        assert stamp_of(moved) == 8 * 10**9 + 6
        assert moved.focus_distance == 1.5
        assert shift_stamp(data, 2**62) == data

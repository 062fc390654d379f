"""A bag as a source: played, paused, sought, and left alone while nobody looks."""

from __future__ import annotations

from pathlib import Path
from unittest import mock

import pytest
from viewed_bags import START_NS, STEP_NS, TOPICS, viewed_bag

from ddff_perception.files.bags import BagReader
from ddff_perception.files.bags_messages import stamp_of
from ddff_perception.types import InputError
from ddff_perception.viewing.recording import Recording

IMAGE, DEPTH = "/demo/image_rect", "/demo/depth/image_rect"


@pytest.fixture(scope="module")
def bag(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return viewed_bag(tmp_path_factory.mktemp("viewed") / "bag")


@pytest.fixture
def recording(bag: Path):
    opened = Recording(bag)
    yield opened
    opened.close()


def seen(recording: Recording, topic: str = IMAGE) -> int:
    """Number of the frame that is shown now."""
    return round((stamp_of(recording.take()[topic].message) - START_NS) / STEP_NS)


def follow(recording: Recording, *topics: str) -> None:
    recording.follow({topic: TOPICS[topic] for topic in topics})


def test_only_what_is_followed_is_read(recording: Recording) -> None:
    with mock.patch.object(BagReader, "raw_messages", autospec=True) as reading:
        recording.wait(0.01)
        assert recording.take() == {} and recording.position_s == 0.0
        assert not reading.called
    follow(recording, IMAGE)
    recording.wait(0.01)
    assert set(recording.take()) == {IMAGE}
    follow(recording)
    before = recording.position_s
    recording.wait(0.01)
    assert recording.take() == {} and recording.position_s == before


def test_it_plays_at_its_pace_and_shows_the_newest(recording: Recording) -> None:
    follow(recording, IMAGE, DEPTH)
    recording.speed = 100.0
    recording.wait(0.01)
    arrival = recording.take()[DEPTH]
    assert arrival.time_s == pytest.approx(1.0)
    assert arrival.rate_hz == pytest.approx(10.0)
    recording.wait(0.01)
    assert seen(recording) == 20


def test_a_place_that_is_sought_shows_what_there_was_also_while_paused(
    recording: Recording,
) -> None:
    follow(recording, IMAGE)
    recording.paused = True
    for place, frame in ((2.05, 20), (0.31, 3), (99.0, 29), (-1.0, 0)):
        recording.seek(place)
        recording.wait(0.01)
        assert seen(recording) == frame
    recording.wait(0.01)
    assert recording.take() == {}


def test_at_the_end_it_begins_again(recording: Recording) -> None:
    follow(recording, IMAGE)
    recording.seek(2.85)
    recording.take()
    recording.speed = 10.0
    recording.wait(0.02)
    assert seen(recording) == 0


def test_a_topic_that_is_opened_while_paused_is_shown(recording: Recording) -> None:
    follow(recording, IMAGE)
    recording.seek(1.0)
    recording.paused = True
    follow(recording, IMAGE, DEPTH)
    recording.wait(0.01)
    assert seen(recording, DEPTH) == 10


def test_diagnostics_come_along(recording: Recording) -> None:
    follow(recording, IMAGE)
    recording.seek(1.0)
    (status,) = recording.statuses()
    assert status.name == "/demo/depth_from_focus: stream"
    assert status.values["solve median [ms]"] == "20"
    assert recording.parameters() is None
    said: list[str] = []
    recording.set_parameter("method", "tv", said.append)
    assert said == ["a recording has no parameters"]


def test_the_capability_whose_topics_it_holds_comes_first(recording: Recording) -> None:
    names = [subject.name for subject in recording.subjects()]
    assert names[0] == "depth_from_focus" and names[-1] == "all topics"
    assert "segmentation" not in names[:1]


def test_a_damaged_bag_is_shown_up_to_the_damage_and_says_so(bag: Path, tmp_path: Path) -> None:
    (file,) = bag.glob("*.mcap")
    damaged = tmp_path / "damaged.mcap"
    damaged.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    opened = Recording(damaged)
    assert 0.5 < opened.length_s < 2.5
    assert "the recording is damaged" in opened.unreadable
    follow(opened, IMAGE)
    opened.seek(0.5)
    assert seen(opened) == 5
    opened.close()


def test_nothing_to_show_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no message that can be shown"):
        Recording(viewed_bag(tmp_path / "empty", frames=0))
    with pytest.raises(InputError, match="there is no bag"):
        Recording(tmp_path / "nowhere")

"""Recorded drives laid over a reference, against what is true and what was said live."""

import json

import numpy as np
import pytest
from drawn_drives import HZ, START_NS, drive, frames, places, reference

from ddff_perception.alignment.evaluation.scores import OffsetScores
from ddff_perception.files.bags import BagWriter
from ddff_perception.files.bags_messages import MessageFactory
from ddff_perception.files.bags_types import IMAGE, ROUTE_MATCH

WHERE = places(0.2, 0.9, 40)
TRUE_S = np.interp(WHERE, places(), np.arange(60)) / HZ


@pytest.fixture
def bag(tmp_path):
    """A drive with its true places, and a node that was one frame late, and lost at first."""
    with BagWriter(tmp_path / "bag") as bag:
        factory = MessageFactory(bag.store, "camera_optical_frame")
        types = bag.store.types
        bag.add_topic("/camera/image_raw", IMAGE)
        for name in ("/truth/route_match", "/route_match"):
            bag.add_topic(name, ROUTE_MATCH)
        for frame, true in zip(frames(drive(where=WHERE, light=0.8)), TRUE_S, strict=True):
            image = factory.image(frame.stamp_ns, frame.image)
            bag.write("/camera/image_raw", frame.stamp_ns, image)
            for name, late_s in (("/truth/route_match", 0.0), ("/route_match", 0.2)):
                there = round(START_NS + (true - late_s) * 1e9)
                seconds, rest = divmod(there, 10**9)
                message = types[ROUTE_MATCH](
                    header=image.header,
                    lost=late_s > 0 and frame.number < 10,
                    reference_stamp=types["builtin_interfaces/msg/Time"](sec=seconds, nanosec=rest),
                    frame=0,
                    confidence=0.5,
                    rate=1.0,
                )
                bag.write(name, frame.stamp_ns, message)
    return tmp_path / "bag"


def test_places_are_scored_against_the_truth_and_against_those_found_live(bag, tmp_path, accepted):
    reference().save(tmp_path / "wall.route")
    wanted = ("--method", "sift", "-p", "sift.width=128", "-p", f"reference={tmp_path}/wall.route")
    out = tmp_path / "out"
    outcome = accepted(
        "bag", "eval", bag, *wanted, "-p", "matching.minimum_s=2.0", "-o", out, "--json"
    )
    found = json.loads(outcome.output)
    assert found["frames"] == 40 and not found["over_itself"]
    scores = found["scores"]
    assert scores["offline"]["matched"] > 0.6 and scores["offline"]["median_frames"] <= 4
    assert scores["live"]["matched"] == pytest.approx(0.75)
    assert scores["live"]["median_frames"] == pytest.approx(6.0, abs=0.1)
    assert {"time_map.csv", "pairs.jpg", "summary.json", "report.html"} <= {
        path.name for path in out.iterdir()
    }
    assert "offline vs truth" in (out / "report.html").read_text()


def test_offsets_are_counted_in_frames_of_thirty_hertz():
    true = np.array([1.0, 2.0, 3.0, 4.0, np.nan, np.nan])
    found = np.array([1.0, 2.0 + 4 / 30, 3.0 + 15 / 30, np.nan, 9.0, np.nan])
    scores = OffsetScores.of(found, true)
    assert (scores.frames, scores.matched) == (4, 0.75)
    assert (scores.within_4, scores.within_15) == (0.5, 0.75)
    assert scores.median_frames == pytest.approx(4.0)
    assert (scores.foreign, scores.false) == (2, 0.5)

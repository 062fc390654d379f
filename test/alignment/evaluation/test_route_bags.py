"""Recorded drives laid over a reference, against what is true and what was said live."""

import json

import numpy as np
import pytest
from drawn_drives import drive, places, reference, write_bag, write_route_bag

from ddff_perception.alignment.evaluation.results import read_alignment
from ddff_perception.alignment.evaluation.scores import ABSENT, OffsetScores


@pytest.fixture
def bag(tmp_path):
    return write_route_bag(tmp_path / "bag", places(0.2, 0.9, 40))


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


def test_where_every_fourth_place_is_scored_the_path_still_sees_every_image(
    bag, tmp_path, accepted
):
    route, out = tmp_path / "wall.route", tmp_path / "out"
    reference().save(route)
    wanted = ("--method", "sift", "-p", "sift.width=128", "-p", f"reference={route}", "--json")
    all_of_it, fourth = (
        json.loads(accepted("bag", "eval", bag, *wanted, "--every", every, "-o", out).output)
        for every in (1, 4)
    )
    assert all_of_it["matched"] == fourth["matched"] and fourth["frames"] == 40
    assert fourth["scores"]["offline"]["frames"] == 10
    assert fourth["scores"]["offline"]["median_frames"] <= 4
    found = read_alignment(out).time_map
    kept = OffsetScores.of(found.reference_s, found.true_s)
    assert (kept.frames, kept.foreign) == (10, 0)


def test_a_bag_of_images_alone_is_asked_for_by_name(tmp_path, accepted, refused):
    bag = write_bag(tmp_path / "bag", drive()[:20])
    sift = ("--method", "sift", "-p", "sift.width=128")
    wanted = ("--capability", "alignment", "--topic", "image=/camera/image_raw", *sift)
    found = json.loads(accepted("bag", "eval", bag, *wanted, "--json").output)
    assert found["over_itself"] and found["frames"] == 20
    said = refused("bag", "eval", bag, "--capability", "alignment", *sift)
    assert "--param reference=FILE" in said


def test_offsets_are_counted_in_frames_of_thirty_hertz():
    true = np.array([1.0, 2.0, 3.0, 4.0, ABSENT, ABSENT])
    found = np.array([1.0, 2.0 + 4 / 30, 3.0 + 15 / 30, np.nan, 9.0, np.nan])
    scores = OffsetScores.of(found, true)
    assert (scores.frames, scores.matched) == (4, 0.75)
    assert (scores.within_4, scores.within_15) == (0.5, 0.75)
    assert scores.median_frames == pytest.approx(4.0)
    assert (scores.foreign, scores.false) == (2, 0.5)

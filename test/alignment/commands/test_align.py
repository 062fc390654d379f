"""`ddff align`, as a user types it."""

import csv
import json

import numpy as np
import pytest
from drawn_drives import HZ, drive, places, write_bag, write_images

from ddff_perception.alignment.commands import laying
from ddff_perception.alignment.matching.pool import Proposal

SIFT = ("--method", "sift", "-p", "sift.width=128")


@pytest.fixture(scope="module")
def recordings(tmp_path_factory):
    folder = tmp_path_factory.mktemp("recordings")
    write_bag(folder / "monday", drive())
    write_images(folder / "tuesday", drive(where=places(0.2, 0.9, 50), light=0.7))
    write_images(folder / "elsewhere", drive(seed=5))
    return folder


def test_a_bag_becomes_a_reference_and_images_are_laid_over_it(recordings, tmp_path, accepted):
    route = tmp_path / "monday.route"
    built = accepted("align", "build", recordings / "monday", "-o", route, "--rate", 0, *SIFT)
    assert "60 frames of 160x120 over 11.8 s by sift" in built.output
    about = json.loads(accepted("align", "info", route, "--json").output)
    assert (about["frames"], about["method"], about["source"]) == (60, "sift", "monday")
    out = tmp_path / "out"
    truth = tmp_path / "truth.csv"
    wanted = np.interp(places(0.2, 0.9, 50), places(), np.arange(60)) / HZ
    arguments = (route, recordings / "tuesday", "-o", out, "--folder-rate", HZ, *SIFT)
    accepted("align", "match", *arguments)
    rows = list(csv.reader((out / "time_map.csv").open()))
    with truth.open("w", newline="") as file:
        times = [f"{t:.6f}" for t in wanted]
        csv.writer(file).writerows(
            [rows[0], *([*row[:3], t, *row[4:]] for row, t in zip(rows[1:], times, strict=True))]
        )
    summary = json.loads(accepted("align", "match", *arguments, "--truth", truth, "--json").output)
    assert summary["matched"] > 0.7
    found = np.array([float(row[3] or "nan") for row in rows[1:]])
    offset = np.abs(found - wanted)[~np.isnan(found)]
    assert np.median(offset) < 0.15 and offset.max() < 0.6
    assert {
        "pairs.jpg",
        "costs.png",
        "descriptors.png",
        "side_by_side.mp4",
        "time_map.json",
        "summary.json",
    } <= {path.name for path in out.iterdir()}
    accepted("report", out, "-o", tmp_path / "page.html", "--truth", truth)
    page = (tmp_path / "page.html").read_text()
    for said in ("Time map", "Offsets from the true frames", "Frames as points, like ones"):
        assert said in page


def test_recordings_of_two_routes_have_nothing_in_common(recordings, tmp_path, accepted):
    two = (recordings / "monday", recordings / "elsewhere")
    outcome = accepted("align", "match", *two, "-o", tmp_path / "o", "--no-video", "--folder-rate",
                       HZ, *SIFT)  # fmt: skip
    assert "The recordings have no place in common." in outcome.output
    assert not (tmp_path / "o" / "side_by_side.mp4").exists()


def test_many_recordings_are_laid_over_one_each_in_a_folder_of_its_own(
    recordings, tmp_path, accepted, refused
):
    out, (monday, tuesday, other) = (
        tmp_path / "week",
        (recordings / name for name in ("monday", "tuesday", "elsewhere")),
    )
    again = write_images(tmp_path / "tuesday", drive(where=places(0.1, 0.8, 50), light=0.8))
    arguments = (monday, tuesday, other, again, "-o", out, "--no-video", "--folder-rate", HZ)
    said = accepted("align", "match", *arguments, *SIFT).output
    assert said.count("of 50 frames have their place in") == 2
    assert said.count("The recordings have no place in common.") == 1
    rows = json.loads((out / "recordings.json").read_text())["recordings"]
    assert [row["folder"] for row in rows if row["matched"] > 0.7] == ["tuesday", "tuesday_2"]
    alone = tmp_path / "alone"
    one = (monday, again, "-o", alone, "--no-video", "--folder-rate", HZ)
    accepted("align", "match", *one, *SIFT)
    many = out / "tuesday_2"
    assert (alone / "time_map.csv").read_bytes() == (many / "time_map.csv").read_bytes()
    truth = ("--truth", alone / "time_map.csv")
    assert "give it with that one alone" in refused("align", "match", *arguments, *truth, *SIFT)


def test_what_an_index_does_not_propose_gets_no_matrix(recordings, tmp_path, accepted, monkeypatch):
    monkeypatch.setattr(laying, "propose_pairs", lambda *_: [Proposal(0, 2, 1.0)])
    two = (recordings / "monday", recordings / "elsewhere", recordings / "tuesday")
    out = tmp_path / "o"
    options = ("-o", out, "--no-video", "--folder-rate", HZ, "--json")
    rows = json.loads(accepted("align", "match", *two, *options, *SIFT).output)
    assert [row["folder"] for row in rows] == [None, "tuesday"]
    assert not (out / "elsewhere").exists()


def test_a_video_is_read_as_a_bag_is(recordings, tmp_path, accepted):
    arguments = (recordings / "monday", recordings / "monday", "-o", tmp_path / "itself", *SIFT)
    accepted("align", "match", *arguments)
    video = tmp_path / "itself" / "side_by_side.mp4"
    built = accepted("align", "build", video, "-o", tmp_path / "video", "--rate", 0, *SIFT)
    assert "video.route: 60 frames of 640x240 over 11.8 s" in built.output.replace("\n", "")


def test_what_cannot_be_used_ends_with_one_sentence(recordings, tmp_path, refused):
    out = tmp_path / "a.route"
    build = ("align", "build")
    assert "is no bag, no video" in refused(*build, tmp_path / "none.txt", "-o", out, *SIFT)
    (tmp_path / "broken.mp4").write_bytes(b"no video at all" * 100)
    assert "is no video that can be read" in refused(
        *build, tmp_path / "broken.mp4", "-o", out, *SIFT
    )
    few = write_images(tmp_path / "few", drive()[:3])
    assert "there are 3 frames" in refused(*build, few, "-o", out, "--rate", 0, *SIFT)
    assert "no topic /nowhere" in refused(
        *build, recordings / "monday", "--topic", "/nowhere", "-o", out, *SIFT
    )
    assert not out.exists()
    wide = write_images(tmp_path / "wide", np.zeros((9, 60, 160, 3), np.uint8))
    assert "build a reference with this camera" in refused(
        "align", "match", recordings / "monday", wide, "-o", tmp_path / "o", *SIFT
    )
    two = (recordings / "monday", recordings / "tuesday", "-o", tmp_path / "o")
    said = refused("align", "match", *two, "--truth", tmp_path / "no.csv", *SIFT)
    assert "no.csv is no time map" in said and not (tmp_path / "o").exists()
    (tmp_path / "foreign.route").write_bytes(b"x" * 5000)
    assert "is no reference of ddff align build" in refused(
        "align", "info", tmp_path / "foreign.route"
    )

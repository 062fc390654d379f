from xml.etree import ElementTree

import numpy as np
import pytest
from result_folders import TRUTH, make_result, make_stack

from ddff_perception.depth_from_focus.evaluation.report import DEPTH_RESULTS, results_sections
from ddff_perception.depth_from_focus.evaluation.results import read_result
from ddff_perception.evaluation.live import LiveRun, LiveTopic
from ddff_perception.evaluation.reports.blocks import Pictures
from ddff_perception.evaluation.reports.facts import common_facts
from ddff_perception.evaluation.reports.results import report_results
from ddff_perception.types import InputError

LIVE = LiveRun(
    {"/depth/image_rect": LiveTopic(40, 29.5, 11.0, 18.5)},
    (12.0, 20.0),
    {"solve": 8.0},
    {"dropped: no focus": 4},
).to_json()


def parsed(path):
    return ElementTree.fromstring(path.read_text(encoding="utf-8").partition("\n")[2])


def texts(root, path):
    return ["".join(node.itertext()) for node in root.iterfind(path)]


def section(root, title):
    for node in root.iter("section"):
        if node.find("./div/h2").text == title:
            return node
    raise AssertionError(f"no section {title}")


def test_a_page_over_two_results_shows_scores_times_and_pictures(tmp_path):
    folders = [
        make_result(tmp_path / "near", live=LIVE),
        make_result(tmp_path / "far", TRUTH.copy(), timings_ms={"slice": 4.0, "solve": 10.0}),
    ]
    stacks = [make_stack(tmp_path / name) for name in ("s1", "s2")]
    seen = []
    report_results(
        [DEPTH_RESULTS],
        folders,
        tmp_path / "r.html",
        truths=stacks,
        progress=lambda: seen.append(1),
    )
    assert len(seen) == 2
    root = parsed(tmp_path / "r.html")
    titles = ["At a glance", "Accuracy", "Confidence", "What was run", "Time"]
    assert texts(root, ".//h2") == [*titles, "near", "far", "Live: near"]
    accuracy = texts(section(root, "Accuracy"), "./div//tbody/tr[3]/td")
    assert accuracy[0] == "Mean"
    assert float(accuracy[2]) == pytest.approx(0.075, abs=1e-3)  # of 0.15 and 0
    times = texts(section(root, "Time"), ".//tbody/tr/td")
    assert times == ["Slice", "2.00", "4.00", "3.00", "Solve", "6.00", "10.00", "8.00",
                     "Sum", "8.00", "14.00", "11.00"]  # fmt: skip
    live = texts(section(root, "Live: near"), ".//tbody/tr/td")
    assert live[:5] == ["/depth/image_rect", "40", "29.5", "11.0", "18.5"]
    assert live[5:] == ["solve", "8.0", "image stamp to output", "12.0", "dropped: no focus", "4"]
    captions = texts(section(root, "near"), ".//figcaption")
    assert captions == [
        "Slice 2 of 2, focused at 1 m",
        "Slice 1 of 2, focused at 2 m",
        "All in focus",
        "Depth",
        "True depth",
        "Error in dioptres",
        "Confidence",
    ]


def test_times_of_many_estimates_count_by_their_median(tmp_path):
    folder = make_result(tmp_path / "bag", timings_ms={"solve": {"median": 7.0, "p95": 9.0}})
    report_results([DEPTH_RESULTS], [folder], tmp_path / "r.html")
    times = texts(section(parsed(tmp_path / "r.html"), "Time"), ".//tbody/tr/td")
    assert times == ["Solve", "7.00", "Sum", "7.00"]


def test_a_single_bare_depth_map_makes_a_page(tmp_path):
    (tmp_path / "bare").mkdir()
    np.save(tmp_path / "bare" / "depth.npy", np.full((5, 6), np.nan, np.float32))
    report_results([DEPTH_RESULTS], [tmp_path / "bare"], tmp_path / "r.html")
    root = parsed(tmp_path / "r.html")
    assert texts(root, ".//h2") == ["At a glance", "bare"]
    assert texts(root, ".//figcaption") == ["Depth"]


def test_relative_depth_says_so_and_has_no_metres(tmp_path):
    depth = np.linspace(0, 1, TRUTH.size, dtype=np.float32).reshape(TRUTH.shape)
    folder = make_result(tmp_path / "phone", depth, relative=True)
    report_results(
        [DEPTH_RESULTS], [folder], tmp_path / "r.html", truths=[make_stack(tmp_path / "stack")]
    )
    root = parsed(tmp_path / "r.html")
    phone = section(root, "phone")
    assert "the depth is relative" in "".join(phone.find("./div").itertext())
    assert "first slice" in texts(phone, ".//span[@class='marks']/span")
    assert "True depth" not in texts(phone, ".//figcaption")


def test_hostile_names_and_summaries_stay_text(tmp_path):
    folder = make_result(
        tmp_path / "<b>x</b>", method="<script>", timings_ms={"<i>": "late"}, live={"rate_hz": []}
    )
    report_results([DEPTH_RESULTS], [folder, folder], tmp_path / "r.html")
    root = parsed(tmp_path / "r.html")
    assert root.find(".//script") is None
    assert root.find(".//b") is None
    assert "<script>" in texts(root, ".//dd")


def test_facts_that_differ_are_not_in_the_head():
    summaries = [
        {"method": "vdff", "version": "1", "parameters": {"method": "vdff", "alpha": 6.0}},
        {"method": "sml", "version": "1", "parameters": {"method": "vdff", "alpha": 6.0}},
    ]
    assert common_facts(summaries) == [("Parameters", "alpha = 6"), ("Version", "1")]


def test_facts_that_differ_are_in_the_table_of_runs(tmp_path):
    folders = [make_result(tmp_path / "a"), make_result(tmp_path / "b", method="vdff")]
    report_results([DEPTH_RESULTS], folders, tmp_path / "r.html")
    runs = section(parsed(tmp_path / "r.html"), "What was run")
    assert texts(runs, ".//th")[-1] == "Method"
    assert texts(runs, ".//tbody/tr/td[last()]") == ["multiscale", "vdff"]


def test_many_results_draw_their_mean_curve(tmp_path):
    stack = make_stack(tmp_path / "stack")
    results = [read_result(make_result(tmp_path / f"r{n}"), stack) for n in range(9)]
    sections = {s.title: s for s in results_sections(results)}
    sparsification = sections["Confidence"].blocks[0].charts[0]
    assert sparsification.series[0].name == "mean"
    assert isinstance(sections["r8"].blocks[0], Pictures)


def test_no_results_are_refused(tmp_path):
    with pytest.raises(InputError, match="at least one result"):
        report_results([DEPTH_RESULTS], [], tmp_path / "r.html")


def test_the_time_of_a_demo_is_not_that_of_a_stack(tmp_path):
    def time_ms(*results):
        (tiles, *_) = results_sections(results)[0].blocks
        return [tile.value for tile in tiles.tiles if tile.label == "Time"]

    live = read_result(make_result(tmp_path / "live", live=LIVE, total_s=16.0))
    alone = read_result(make_result(tmp_path / "alone"))
    assert time_ms(live) == []
    assert time_ms(live, alone) == [50.0]

"""Time maps on disk, and the truth that they are held against."""

from dataclasses import replace

import numpy as np
import pytest

from ddff_perception.alignment.evaluation.report import alignment_sections, map_charts
from ddff_perception.alignment.evaluation.results import (
    TimeMap,
    read_alignment,
    read_time_map,
    write_time_map,
)
from ddff_perception.alignment.evaluation.scores import ABSENT, OffsetScores
from ddff_perception.evaluation.reports.blocks import Table

UNKNOWN = np.nan


def made(true_s):
    """Frames 0 to 5, all of them matched."""
    count = np.arange(6)
    ones = np.ones(6)
    return TimeMap(count, count / 5, count, count / 5, ones, ones, np.array(true_s, float))


def test_what_is_unknown_and_what_is_absent_stay_apart_on_disk(tmp_path):
    written = made([0.0, UNKNOWN, 0.4, ABSENT, UNKNOWN, 1.0])
    write_time_map(tmp_path, written)
    read = read_time_map(tmp_path / "time_map.csv")
    np.testing.assert_array_equal(read.true_s, written.true_s)
    assert "Infinity" not in (tmp_path / "time_map.json").read_text()


def test_what_is_unknown_is_not_false():
    found = made([0.0, UNKNOWN, UNKNOWN, UNKNOWN, ABSENT, 1.0])
    scores = OffsetScores.of(found.reference_s, found.true_s)
    assert (scores.frames, scores.matched, scores.within_4) == (2, 1.0, 1.0)
    assert (scores.foreign, scores.false) == (1, 1.0)


def test_a_truth_that_lacks_frames_says_nothing_of_them(tmp_path):
    write_time_map(tmp_path, made([UNKNOWN] * 6))
    (tmp_path / "true").mkdir()
    whole = made([UNKNOWN] * 6)
    some = {name: column[:3] for name, column in whole.columns().items()}
    some["reference_s"] = np.array([0.0, np.nan, 0.4])
    write_time_map(tmp_path / "true", TimeMap(**some))
    result = read_alignment(tmp_path, tmp_path / "true")
    np.testing.assert_array_equal(
        result.time_map.true_s, [0.0, ABSENT, 0.4, UNKNOWN, UNKNOWN, UNKNOWN]
    )
    (table,) = [
        block
        for block in alignment_sections([result])[0].blocks
        if isinstance(block, Table) and "Offsets" in block.caption
    ]
    assert table.rows[0][1:4] == (2, 100.0, 100.0) and table.rows[0][-1] == 100.0


@pytest.mark.parametrize("true_s", [[ABSENT] * 6, [0.0, ABSENT, 0.4, UNKNOWN, 0.8, 1.0]])
def test_no_chart_shows_a_time_that_is_none(true_s):
    charts = map_charts(replace(made(true_s))).charts
    drawn = [value for chart in charts for line in chart.series for value in line.y]
    assert not np.isinf(drawn).any()

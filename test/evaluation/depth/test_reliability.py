import math

import numpy as np
import pytest

from ddff_perception.evaluation.depth.reliability import ReliabilitySums, reliability

NAN, INF = math.nan, math.inf


def depth_map(*rows):
    return np.array(rows, dtype=np.float32)


def test_table_and_calibration_error_are_those_worked_out_by_hand():
    truth = depth_map([2.0, 2.0, 2.0, 2.0, 2.0])
    estimate = depth_map([2.1, 1.9, 3.0, 2.0, NAN])  # right, right, wrong, right, unknown
    confidence = depth_map([0.75, 0.75, 0.75, 0.125, 1.0])
    table = reliability(estimate, truth, confidence)
    assert [b.pixels for b in table.bins] == [0, 1, 0, 0, 0, 0, 0, 3, 0, 0]
    assert table.bins[7].confidence == pytest.approx(0.75)
    assert table.bins[7].observed == pytest.approx(2 / 3)
    assert (table.bins[7].low, table.bins[7].high) == (0.7, 0.8)
    assert table.bins[1].observed == 1.0
    assert math.isnan(table.bins[0].observed)
    gaps = 3 * (0.75 - 2 / 3) + (1 - 0.125)
    assert table.expected_calibration_error == pytest.approx(gaps / 4)
    assert table.brier_score == pytest.approx((0.25**2 * 2 + 0.75**2 + 0.875**2) / 4)
    assert table.observed == 0.75
    assert table.confidence == pytest.approx((3 * 0.75 + 0.125) / 4)


def test_an_error_of_the_tolerance_is_not_within_it():
    one = depth_map([1.0])
    sums = ReliabilitySums(tolerance=0.5)
    sums.add(depth_map([3.0]), depth_map([2.0]), one)
    assert sums.reliability().observed == 0.0
    sums.add(depth_map([2.5]), depth_map([2.0]), one)
    assert sums.reliability().observed == 0.5


def test_infinity_is_met_by_infinity_only():
    confidence = depth_map([1.0, 1.0, 1.0])
    table = reliability(depth_map([INF, 9.0, INF]), depth_map([INF, INF, 9.0]), confidence)
    assert table.observed == pytest.approx(1 / 3)


def test_confidence_one_lies_in_the_last_bin_and_nan_in_the_first():
    ones = depth_map([1.0, 1.0])
    table = reliability(ones, ones, depth_map([1.0, NAN]))
    assert table.bins[9].pixels == 1
    assert table.bins[0].pixels == 1


def test_a_calibrated_confidence_has_nearly_no_calibration_error():
    rng = np.random.default_rng(5)
    confidence = rng.uniform(0, 1, (200, 200)).astype(np.float32)
    right = rng.uniform(0, 1, (200, 200)) < confidence
    truth = np.ones((200, 200), np.float32)
    estimate = np.where(right, truth, 2 * truth)
    assert reliability(estimate, truth, confidence).expected_calibration_error < 0.02
    assert reliability(estimate, truth, 1 - confidence).expected_calibration_error > 0.4


def test_sums_filled_apart_add_up():
    truth = depth_map([1.0, 1.0])
    parts = [depth_map([1.0, 2.0]), depth_map([1.0, 1.0])]
    first, second, both = ReliabilitySums(), ReliabilitySums(), ReliabilitySums()
    for sums, estimate in zip((first, second), parts, strict=True):
        sums.add(estimate, truth, depth_map([0.9, 0.3]))
        both.add(estimate, truth, depth_map([0.9, 0.3]))
    joined = (first + second).reliability()
    assert joined.observed == both.reliability().observed == 0.75
    assert joined.brier_score == pytest.approx(both.reliability().brier_score)
    with pytest.raises(ValueError, match="do not add up"):
        ReliabilitySums(bins=5) + first


def test_no_pixels_have_no_reliability():
    unknown = depth_map([NAN])
    assert math.isnan(reliability(unknown, unknown, unknown).expected_calibration_error)

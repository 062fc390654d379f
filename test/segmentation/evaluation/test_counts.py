"""Scores from counts: a case worked out by hand, and what is undefined."""

import numpy as np
import pytest

from ddff_perception.segmentation.evaluation.counts import (
    Scores,
    calibration_error,
    class_pixels,
    confusion,
)
from ddff_perception.types import InputError

TRUTH = np.array([[0, 0, 0, 1], [1, 1, 255, 2]], np.uint8)
FOUND = np.array([[0, 0, 1, 1], [0, 255, 0, 1]], np.uint8)


def test_counts_leave_out_unlabelled_truth_and_keep_what_was_left_unlabelled():
    counts = confusion(TRUTH, FOUND, 4)
    expected = np.zeros((4, 5), np.int64)
    expected[0, :2] = 2, 1
    expected[1, [0, 1, 4]] = 1
    expected[2, 1] = 1
    np.testing.assert_array_equal(counts, expected)


def test_scores_are_those_worked_out_by_hand():
    scores = Scores.of(confusion(TRUTH, FOUND, 4))
    assert scores.global_accuracy == pytest.approx(3 / 7)
    np.testing.assert_allclose(scores.recall[:3], [2 / 3, 1 / 3, 0])
    np.testing.assert_allclose(scores.precision[:2], [2 / 3, 1 / 3])
    np.testing.assert_allclose(scores.iou[:3], [2 / 4, 1 / 5, 0])
    np.testing.assert_allclose(scores.frequency, [3 / 7, 3 / 7, 1 / 7, 0])
    assert scores.mean_recall == pytest.approx(1 / 3)
    assert scores.mean_precision == pytest.approx(1 / 3)
    assert scores.mean_iou == pytest.approx(0.7 / 3)
    assert np.isnan(scores.recall[3])


def test_accuracy_of_the_tables_is_recall_as_frequencies_show():
    # Erratum E3: the mean of the recalls, weighted by frequency, is the global accuracy.
    rng = np.random.default_rng(0)
    scores = Scores.of(rng.integers(0, 99, (5, 6)))
    assert (scores.recall * scores.frequency).sum() == pytest.approx(scores.global_accuracy)


def test_counts_of_images_add_up_to_the_counts_of_all():
    rng = np.random.default_rng(1)
    truth, found = rng.integers(0, 14, (2, 3, 8, 8)).astype(np.uint8)
    whole = sum(confusion(a, b) for a, b in zip(truth, found, strict=True))
    np.testing.assert_array_equal(whole, confusion(truth, found))


def test_nothing_labelled_gives_no_number_and_no_warning():
    scores = Scores.of(np.zeros((13, 14), np.int64))
    assert np.isnan(scores.global_accuracy) and np.isnan(scores.mean_iou)
    record = scores.record()
    assert record["global"] is None and record["classes"]["bed"]["iou"] is None


def test_images_of_two_sizes_are_refused():
    with pytest.raises(InputError, match="are compared with"):
        confusion(TRUTH, FOUND[:1])


def test_pixels_of_each_class():
    np.testing.assert_array_equal(class_pixels(TRUTH, 3), [3, 3, 1])


def test_calibration_error_is_zero_where_confidence_is_the_share_that_is_right():
    confidence = np.full(1000, 0.75, np.float32)
    right = np.arange(1000) % 4 < 3
    assert calibration_error(confidence, right) == pytest.approx(0, abs=1e-6)
    assert calibration_error(confidence, np.ones(1000, bool)) == pytest.approx(0.25)
    assert calibration_error(np.ones(4, np.float32), np.ones(4, bool)) == 0

import math

import numpy as np
import pytest

from ddff_perception.evaluation.depth.sparsification import (
    depth_sparsification,
    mean_curve,
    sparsification_curve,
)
from ddff_perception.types import InputError

NAN = math.nan


def depth_map(*rows):
    return np.array(rows, dtype=np.float32)


def test_curve_of_twenty_pixels_is_the_running_mean():
    errors = np.arange(1.0, 21.0)
    curve = sparsification_curve(errors, -errors)  # most confident where the error is least
    assert curve.share[0] == 0.05
    assert curve.share[-1] == 1.0
    np.testing.assert_allclose(curve.error, (np.arange(1, 21) + 1) / 2)
    assert curve.error == curve.oracle
    assert curve.ause == 0.0


def test_confidence_that_is_wrong_way_round_has_the_area_between():
    errors = np.arange(1.0, 21.0)
    curve = sparsification_curve(errors, errors)
    np.testing.assert_allclose(curve.error, 20 - (np.arange(1, 21) - 1) / 2)
    # The gap falls linearly from 19 at 0.05 to 0 at 1.
    assert curve.ause == pytest.approx(19 * 0.95 / 2)
    assert curve.relative_ause == pytest.approx(19 * 0.95 / 2 / 10.5)


def test_equal_confidence_gives_a_flat_curve_whatever_the_order():
    errors = np.array([0.0, 4.0, 1.0, 3.0])
    for order in ([0, 1, 2, 3], [3, 1, 0, 2]):
        curve = sparsification_curve(errors[order], np.full(4, 0.7))
        np.testing.assert_allclose(curve.error, 2.0)


def test_error_of_the_most_confident_half():
    curve = sparsification_curve(np.array([1.0, 2.0, 10.0, 20.0]), np.array([0.9, 0.8, 0.2, 0.1]))
    assert curve.error_of(0.5) == pytest.approx(1.5)
    assert curve.error_of(1.0) == pytest.approx(8.25)
    assert curve.to_json()["error_of_half"] == pytest.approx(1.5)


def test_unknown_pixels_count_as_filled_with_no_confidence():
    estimate = depth_map([1.0, 1.0, NAN, 0.0])
    truth = depth_map([1.0, 1.0, 0.5, NAN])
    curve = depth_sparsification(estimate, truth, depth_map([0.9, 0.9, 1.0, 1.0]))
    assert curve.error_of(0.65) == 0.0  # two of the three pixels with a truth
    assert curve.error_of(1.0) == pytest.approx(1 / 3)  # filled with 1 dioptre, true 2


def test_there_is_no_curve_without_known_pixels():
    unknown, known = depth_map([NAN, NAN]), depth_map([1.0, 1.0])
    assert depth_sparsification(unknown, known, known) is None
    assert depth_sparsification(known, unknown, known) is None
    assert mean_curve([]) is None


def test_mean_curve_gives_each_image_one_weight():
    small = sparsification_curve(np.array([1.0]), np.array([0.5]))
    large = sparsification_curve(np.full(100, 3.0), np.full(100, 0.5))
    assert mean_curve([small, large]).error_of(1.0) == pytest.approx(2.0)


def test_confidence_of_another_size_is_refused():
    with pytest.raises(InputError, match="the confidence is 3x1"):
        depth_sparsification(depth_map([1, 1]), depth_map([1, 1]), depth_map([1, 1, 1]))

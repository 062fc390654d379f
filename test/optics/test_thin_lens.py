import math

import numpy as np
import pytest

from ddff_perception.optics.thin_lens import (
    breathing_magnification,
    circle_of_confusion_px,
    dioptres_to_metres,
    focus_distances_linear_in_dioptres,
    metres_to_dioptres,
)


def test_dioptres_and_metres_are_inverses_with_infinity():
    assert metres_to_dioptres(0.5) == 2.0
    assert metres_to_dioptres(math.inf) == 0.0
    assert dioptres_to_metres(0.0) == math.inf
    values = np.array([0.25, 1.0, math.inf, math.nan])
    np.testing.assert_array_equal(dioptres_to_metres(metres_to_dioptres(values)), values)


def test_blur_disc_is_aperture_times_focal_length_times_dioptres():
    assert circle_of_confusion_px(2.0, 1.0, 0.01, 400.0) == pytest.approx(2.0)
    assert circle_of_confusion_px(math.inf, 0.5, 0.01, 400.0) == pytest.approx(8.0)
    assert circle_of_confusion_px(1.0, math.inf, 0.01, 400.0) == pytest.approx(4.0)
    assert circle_of_confusion_px(0.7, 0.7, 0.01, 400.0) == 0.0


def test_blur_disc_broadcasts_depth_map_against_slices():
    depth = np.array([[0.5, 1.0], [2.0, 4.0]])[..., None]
    disc = circle_of_confusion_px(depth, np.array([0.5, 4.0]), 0.01, 100.0)
    assert disc.shape == (2, 2, 2)
    np.testing.assert_allclose(disc[1, 1], [1.75, 0.0])


def test_breathing_is_nothing_at_infinity_and_grows_with_dioptres():
    assert breathing_magnification(math.inf, 0.005) == 1.0
    assert breathing_magnification(0.5, 0.005) == pytest.approx(1.01)


def test_focus_steps_are_even_in_dioptres_and_reach_both_ends():
    distances = focus_distances_linear_in_dioptres(0.5, math.inf, 5)
    np.testing.assert_allclose(1 / distances[:-1], [2.0, 1.5, 1.0, 0.5])
    assert distances[-1] == math.inf


@pytest.mark.parametrize("arguments", [(0.0, 1.0, 3), (0.5, -1.0, 3), (0.5, 1.0, 0)])
def test_focus_steps_refuse_what_is_no_range(arguments):
    with pytest.raises(ValueError):
        focus_distances_linear_in_dioptres(*arguments)

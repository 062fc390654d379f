import numpy as np
import pytest

from ddff_perception.reflection.evaluation.pictures import (
    colorize_angle,
    colorize_degree,
    degree_span,
)


def full(value, shape=(4, 5)):
    return np.full(shape, value, np.float32)


def test_the_span_leaves_outliers_out_and_does_not_blow_up_noise():
    degree = np.full(1000, 0.4, np.float32)
    degree[:5] = 1.0
    assert degree_span(degree) == pytest.approx(0.4)
    assert degree_span(full(0.01)) == pytest.approx(0.1)


@pytest.mark.parametrize(
    ("angle", "bgr"),
    [
        (0.0, (0, 0, 255)), (60.0, (0, 255, 0)), (120.0, (255, 0, 0)),
        (179.9, (0, 0, 255)), (180.0, (0, 0, 255)), (-60.0, (255, 0, 0)),
    ],
)  # fmt: skip
def test_the_hue_goes_around_once_in_180_degrees(angle, bgr):
    picture = colorize_angle(full(angle), full(0.5), span=0.5)
    assert picture.dtype == np.uint8
    assert picture.shape == (4, 5, 3)
    assert tuple(picture[0, 0]) == bgr


def test_neighbouring_angles_have_neighbouring_colours_across_180():
    angles = np.arange(-10, 190, dtype=np.float32)[None]
    picture = colorize_angle(angles, np.ones_like(angles)).astype(int)
    assert np.abs(np.diff(picture, axis=1)).max() <= 10


def test_what_is_not_polarized_is_dark():
    assert colorize_angle(full(33.0), full(0.0)).max() == 0
    assert colorize_angle(full(0.0), full(0.25), span=0.5)[0, 0].tolist() == [0, 0, 128]


def test_the_degree_goes_from_violet_to_yellow():
    assert colorize_degree(full(0.0), 0.5)[0, 0].tolist() == [84, 1, 68]
    top = colorize_degree(full(0.5), 0.5)
    assert top[0, 0, 1] > 220 > 60 > top[0, 0, 0]
    np.testing.assert_array_equal(colorize_degree(full(0.9), 0.5), top)

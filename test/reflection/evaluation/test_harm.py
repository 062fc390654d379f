"""Measures of what a separation must not do."""

import numpy as np
import pytest

from ddff_perception.reflection.evaluation.harm import harm_rate, holes, new_edges, worst_error
from ddff_perception.types import PolarizedImages


def scene():
    y, x = np.mgrid[:60, :80]
    light = (0.4 + 0.2 * np.sin(x / 9.0) * np.cos(y / 7.0)).astype(np.float32)
    return PolarizedImages((light / 2,) * 3, (0.0, 45.0, 90.0)), light / 2


def test_harm_is_what_ends_further_off_than_the_input():
    _, truth = scene()
    plain = truth + np.float32(0.05)
    better, worse = truth + np.float32(0.01), truth + np.float32(0.1)
    half = np.where(np.arange(80) < 40, better, worse)
    assert harm_rate(plain, truth, plain) == 0
    assert harm_rate(half, truth, plain) == pytest.approx(0.5)
    assert worst_error(half, truth) == pytest.approx(0.1 / truth.max(), rel=1e-3)


def test_holes_and_edges_of_its_own_are_found_and_those_of_the_scene_are_not():
    images, light = scene()
    assert holes(light, images, (light, light)) == new_edges(light, images) == 0
    torn = light.copy()
    torn[20:30, 20:40] *= 0.1
    assert holes(torn, images, (light, light)) == pytest.approx(200 / 4800)
    assert holes(torn, images, (light, torn)) == 0
    assert 40 / 4800 < new_edges(torn, images) < 140 / 4800
    colour = [np.repeat(image[..., None], 3, 2) for image in (torn, light)]
    both = PolarizedImages((colour[1],) * 3, images.angles_deg)
    assert holes(colour[0], both, (colour[1],)) == pytest.approx(200 / 4800)

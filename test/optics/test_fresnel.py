import math

import numpy as np
import pytest
from panes import behind_polarizer

from ddff_perception.optics.fresnel import (
    mixing_coefficient,
    pane_reflectances,
    surface_reflectances,
)

# Angle of incidence; one face perpendicular, parallel; pane perpendicular, parallel.
CHECK_VALUES = [
    (0.0, 0.0400, 0.0400, 0.0769, 0.0769),
    (30.0, 0.0578, 0.0252, 0.1093, 0.0493),
    (45.0, 0.0920, 0.0085, 0.1685, 0.0168),
    (56.31, 0.1479, 0.0, 0.2577, 0.0),
    (70.0, 0.2996, 0.0425, 0.4611, 0.0815),
    (80.0, 0.5386, 0.2368, 0.7001, 0.3829),
]


@pytest.mark.parametrize("row", CHECK_VALUES)
def test_glass_reflects_what_the_tables_say(row):
    incidence, *expected = row
    values = [*surface_reflectances(incidence), *pane_reflectances(incidence)]
    np.testing.assert_allclose(values, expected, atol=5.1e-5)


def test_glass_at_45_degrees_reflects_less_than_16_percent():
    assert np.mean(pane_reflectances(45.0)) < 0.16


def test_at_brewsters_angle_nothing_is_reflected_in_parallel():
    for index in (1.333, 1.5, 1.8):
        brewster_deg = math.degrees(math.atan(index))
        assert surface_reflectances(brewster_deg, index)[1] < 1e-15


def test_a_grazing_surface_reflects_everything_and_no_step_in_index_nothing():
    np.testing.assert_allclose(surface_reflectances(90.0), 1.0)
    np.testing.assert_allclose(surface_reflectances(33.0, 1.0), 0.0, atol=1e-30)


def test_float32_incidence_gives_float32_close_to_float64():
    incidence = np.linspace(0, 90, 1001)
    exact = pane_reflectances(incidence)
    single = pane_reflectances(incidence.astype(np.float32))
    assert single[0].dtype == single[1].dtype == np.float32
    np.testing.assert_allclose(single, exact, atol=1e-6)


def test_a_refractive_index_below_that_of_air_is_refused():
    with pytest.raises(ValueError, match=r"refractive index must be 1 or more, not 0\.9"):
        surface_reflectances(10.0, 0.9)


def test_mixing_is_the_perpendicular_reflectance_along_it_and_the_parallel_one_across():
    reflectances = surface_reflectances(40.0)
    assert mixing_coefficient(reflectances, 20.0, 20.0) == pytest.approx(reflectances[0])
    assert mixing_coefficient(reflectances, 20.0, 110.0) == pytest.approx(reflectances[1])
    angle = math.radians(13.0 - 20.0)
    expected = reflectances[0] * math.cos(angle) ** 2 + reflectances[1] * math.sin(angle) ** 2
    assert mixing_coefficient(reflectances, 20.0, 13.0) == pytest.approx(expected)


def test_a_polarizer_along_and_one_across_together_pass_both_layers_whole():
    rng = np.random.default_rng(1)
    reflection, transmission = rng.random((2, 5, 6))
    reflectances = pane_reflectances(rng.uniform(0, 80, (5, 6)))
    sides = [
        behind_polarizer(reflection, transmission, mixing_coefficient(reflectances, 7.0, angle))
        for angle in (31.0, 121.0)
    ]
    mean = 0.5 * (reflectances[0] + reflectances[1])
    np.testing.assert_allclose(sum(sides), mean * reflection + (1 - mean) * transmission)

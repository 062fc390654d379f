import numpy as np
import pytest

from ddff_perception.depth_from_focus.classical.peaks import (
    gaussian_peak,
    parabola_peak,
    refine_peak,
)
from ddff_perception.types import InputError

UNEVEN = [0.2, 0.5, 1.7]


@pytest.mark.parametrize("positions", [[-1.0, 0.0, 1.0], UNEVEN, UNEVEN[::-1], [4.0, 3.5, 0.1]])
@pytest.mark.parametrize("share", [0.1, 0.4, 0.5, 0.8])
def test_parabola_vertex_is_exact(positions, share):
    vertex = min(positions) + share * (max(positions) - min(positions))
    values = np.array([7 - 2 * (p - vertex) ** 2 for p in positions], np.float32)
    assert parabola_peak(values, positions) == pytest.approx(vertex, abs=2e-5)


@pytest.mark.parametrize("share", [0.1, 0.4, 0.5, 0.8])
def test_gaussian_vertex_is_exact(share):
    vertex = UNEVEN[0] + share * (UNEVEN[2] - UNEVEN[0])
    values = np.array([5e-3 * np.exp(-((p - vertex) ** 2) / 0.3) for p in UNEVEN], np.float32)
    assert gaussian_peak(values, UNEVEN) == pytest.approx(vertex, abs=1e-4)


def test_a_vertex_outside_is_held_at_the_neighbour():
    values = np.array([0.0, 5.0, 9.0], np.float32)  # concave, still rising
    assert parabola_peak(values, [0.0, 1.0, 2.0]) == 2.0
    assert parabola_peak(values, [2.0, 1.0, 0.0]) == 0.0
    assert parabola_peak(values[::-1], [0.0, 1.0, 2.0]) == 0.0


def test_flat_and_hollow_triples_give_a_slice():
    columns = np.array([[3, 3, 3], [2, 1, 5], [5, 1, 2], [4, 1, 4], [0, 0, 3]], np.float32).T
    expected = np.array([0.5, 1.7, 0.2, 0.5, 1.7], np.float32)
    np.testing.assert_array_equal(parabola_peak(columns, UNEVEN), expected)


def test_a_zero_measure_falls_back_to_the_parabola():
    values = np.array([[0, 0], [4, 0], [1, 0]], np.float32)
    result = gaussian_peak(values, UNEVEN)
    assert np.all(np.isfinite(result))
    assert result[0] == parabola_peak(values[:, 0], UNEVEN)
    assert result[1] == np.float32(0.5)


def test_tiny_values_keep_their_peak():
    values = np.array([1, 2, 1], np.float32) * np.float32(1e-30)
    assert parabola_peak(values, [0.0, 1.0, 3.0]) == pytest.approx(1.5, abs=1e-5)


def test_positions_may_differ_per_pixel():
    vertex = np.array([[0.4, 0.9]], np.float32)
    positions = np.array([[[0.0, 0.2]], [[0.5, 1.0]], [[2.0, 1.4]]], np.float32)
    values = -((positions - vertex) ** 2)
    np.testing.assert_allclose(parabola_peak(values, positions), vertex, atol=1e-5)


@pytest.mark.parametrize("kind", ["gaussian", "parabola"])
@pytest.mark.parametrize("descending", [False, True])
def test_refinement_recovers_known_peaks_on_uneven_slices(kind, descending):
    positions = np.array([0.1, 0.3, 0.6, 1.0, 1.6, 2.0])
    if descending:
        positions = positions[::-1]
    truth = np.random.default_rng(8).uniform(0.35, 1.5, (7, 9)).astype(np.float32)
    distance = positions[:, None, None] - truth
    volume = np.exp(-(distance**2) / 0.5) if kind == "gaussian" else 10 - distance**2
    volume = volume.astype(np.float32)
    result = refine_peak(volume, np.argmax(volume, axis=0), positions, kind)
    assert result.dtype == np.float32
    np.testing.assert_allclose(result, truth, atol=2e-4)


def test_the_ends_are_not_refined():
    positions = [0.2, 0.5, 1.0, 3.0]
    volume = np.array([[4, 1], [3, 2], [2, 3], [1, 4]], np.float32).reshape(4, 1, 2)
    result = refine_peak(volume, np.argmax(volume, axis=0), positions)
    np.testing.assert_allclose(result, [[0.2, 3.0]])


@pytest.mark.parametrize("slices", [1, 2])
def test_too_few_slices_give_the_slice(slices):
    volume = np.arange(slices, dtype=np.float32)[:, None, None] * np.ones((1, 2, 2), np.float32)
    positions = np.array([0.5, 2.0])[:slices]
    result = refine_peak(volume, np.argmax(volume, axis=0), positions)
    np.testing.assert_allclose(result, positions[-1])


def test_an_unknown_fit_is_refused():
    volume = np.zeros((3, 2, 2), np.float32)
    with pytest.raises(InputError, match="parabola"):
        refine_peak(volume, np.argmax(volume, axis=0), [0.0, 1.0, 2.0], "spline")

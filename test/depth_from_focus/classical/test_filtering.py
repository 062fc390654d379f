import numpy as np
import pytest
from focus_volumes import HEIGHT, SLICES, WIDTH, bell_volume, ramp

from ddff_perception.depth_from_focus.classical.filtering import (
    NonlinearSettings,
    nonlinear_filter,
    solve_nonlinear,
)
from ddff_perception.depth_from_focus.classical.peaks import peak_confidence, peak_contrast
from ddff_perception.types import InputError

FILTERS = ["diffusion", "median"]


@pytest.mark.parametrize("kind", FILTERS)
def test_no_iteration_is_the_normalised_volume(kind):
    volume = bell_volume(ramp())
    result = nonlinear_filter(volume, NonlinearSettings(volume_filter=kind, filter_iterations=0))
    np.testing.assert_allclose(result, volume / (volume.max(axis=0) + 1), rtol=1e-6)


@pytest.mark.parametrize("kind", FILTERS)
def test_the_filtered_volume_stays_within_its_range(kind):
    volume = bell_volume(ramp(), noise=40.0)
    result = nonlinear_filter(volume, NonlinearSettings(volume_filter=kind))
    assert result.shape == volume.shape
    assert result.dtype == np.float32
    assert result.min() >= 0
    assert result.max() <= 1


def test_diffusion_keeps_the_sum_and_smooths_noise():
    volume = bell_volume(ramp(), noise=40.0)
    before = nonlinear_filter(volume, NonlinearSettings(filter_iterations=0))
    after = nonlinear_filter(volume, NonlinearSettings(conductance=1.0))
    assert after.sum() == pytest.approx(before.sum(), rel=1e-4)
    assert np.abs(np.diff(after, axis=1)).mean() < 0.3 * np.abs(np.diff(before, axis=1)).mean()


def test_diffusion_stops_at_a_depth_edge():
    truth = np.where(np.arange(WIDTH) < 32, 2.0, 7.0) * np.ones((HEIGHT, 1))
    index_map, _ = solve_nonlinear(bell_volume(truth.astype(np.float32), noise=3.0))
    assert np.abs(index_map[:, :31] - 2).mean() < 0.3
    assert np.abs(index_map[:, 33:] - 7).mean() < 0.3


@pytest.mark.parametrize("kind", FILTERS)
def test_filtering_beats_the_argmax_under_noise(kind):
    truth = ramp()
    volume = bell_volume(truth, noise=40.0)
    index_map, confidence = solve_nonlinear(
        volume, NonlinearSettings(volume_filter=kind, conductance=0.5)
    )
    raw = np.abs(volume.argmax(axis=0) - truth).mean()
    assert np.abs(index_map - truth).mean() < 0.6 * raw
    assert np.all((confidence >= 0) & (confidence <= 1))


@pytest.mark.parametrize("slices", [1, 2])
@pytest.mark.parametrize("kind", FILTERS)
def test_one_or_two_slices_are_enough(kind, slices):
    volume = np.zeros((slices, 8, 9), np.float32)
    volume[-1] = 5
    index_map, _ = solve_nonlinear(volume, NonlinearSettings(volume_filter=kind))
    np.testing.assert_array_equal(index_map, slices - 1)


def test_a_single_map_is_not_a_volume():
    with pytest.raises(InputError, match="S x H x W"):
        nonlinear_filter(np.zeros((4, 5), np.float32))


def test_progress_counts_the_iterations():
    seen = []
    volume = bell_volume(ramp())
    nonlinear_filter(
        volume, NonlinearSettings(filter_iterations=3), lambda done, of: seen.append((done, of))
    )
    assert seen == [(1, 3), (2, 3), (3, 3)]


def test_peak_contrast_between_slices():
    volume = np.array([0, 1, 3, 0], np.float32).reshape(4, 1, 1) * np.ones((4, 1, 3), np.float32)
    index = np.array([[2.0, 1.5, 0.0]], np.float32)
    np.testing.assert_allclose(peak_contrast(volume, index), [[0.5, 1 / 3, 0.0]], rtol=1e-6)


def test_peak_confidence_rises_with_contrast_and_ignores_the_unit():
    index = np.full((1, 3), 4, np.float32)
    place = np.arange(SLICES, dtype=np.float32)[:, None, None] - 4
    height = np.array([[0.0, 0.5, 20.0]], np.float32)
    volume = (1 + height * np.exp(-(place**2))).astype(np.float32)
    confidence = peak_confidence(volume, index)[0]
    assert confidence[0] < 0.1 < confidence[1] < confidence[2]
    assert confidence[2] > 0.6
    np.testing.assert_allclose(peak_confidence(1000 * volume, index)[0], confidence, rtol=1e-4)


def test_peak_confidence_of_dark_pixels_is_low():
    volume = np.zeros((SLICES, 2, 2), np.float32)
    assert peak_confidence(volume, np.zeros((2, 2), np.float32)).max() < 0.1

from dataclasses import replace

import cv2
import numpy as np
import pytest
from focus_volumes import HEIGHT, SLICES, WIDTH, bell_volume, focal_stack, ramp

from ddff_perception.depth_from_focus.classical.difference_operators import total_variation
from ddff_perception.depth_from_focus.classical.focus_measures import yardstick
from ddff_perception.depth_from_focus.classical.variational import (
    VDFF_TUNED,
    TvSettings,
    VdffSettings,
    contrast,
    contrast_volume,
    index_to_dioptres,
    solve_tv,
    solve_vdff,
    tv_depth_from_focus,
    vdff,
)
from ddff_perception.types import InputError


def mean_error(index_map, truth):
    return float(np.abs(index_map - truth).mean())


def tv_energy(place, peaks, weights, data_weight, power):
    distance = np.abs(place - peaks)
    data = distance if power == 1 else 0.5 * distance**2
    return data_weight * float((weights * data).sum()) + total_variation(place)


def test_contrast_is_the_modified_laplacian_of_images_in_0_to_1():
    image = np.zeros((7, 7), np.uint8)
    image[3, 3] = 255
    result = contrast(image)
    assert result[3, 3] == pytest.approx(4)
    assert result[3, 2] == pytest.approx(1)
    assert contrast_volume([image, image]).shape == (2, 7, 7)


def test_vdff_recovers_a_ramp_from_noisy_images():
    truth = ramp()
    stack = focal_stack(truth)
    result = vdff(contrast_volume(stack))
    assert result.index_map.dtype == result.confidence.dtype == np.float32
    inner = (slice(None), slice(6, -6))
    error = mean_error(result.index_map[inner], truth[inner])
    assert error < 0.2
    assert error < 0.5 * mean_error(yardstick(stack)[inner], truth[inner])
    assert result.index_map.min() >= 0
    assert result.index_map.max() <= SLICES - 1


def test_vdff_lowers_its_energy_and_comes_to_rest():
    result = vdff(contrast_volume(focal_stack(ramp())))
    assert result.iterations == 400
    energy = np.array(result.energy)
    assert energy.size == 41
    assert energy[-1] < energy[0]
    assert np.all(np.diff(energy[5:]) < 1e-5 * abs(energy[-1]))
    assert abs(energy[-1] - energy[-2]) < 1e-4 * abs(energy[-1])


def test_vdff_data_term_is_the_polynomial_through_the_contrasts():
    # Without coupling the energy at the start is the data term of the first map.
    volume = np.ones((SLICES, 5, 6), np.float32)
    result = vdff(volume, VdffSettings(alpha=1.0, iterations=1))
    assert result.energy[0] == pytest.approx(-30 / 1.3, rel=1e-3)


def test_vdff_of_constant_measures_is_flat_and_of_no_confidence():
    result = vdff(np.full((SLICES, HEIGHT, WIDTH), 0.1, np.float32), VdffSettings(iterations=50))
    assert np.ptp(result.index_map) < 1e-2
    assert result.confidence.max() < 0.1


def test_more_alpha_smooths_less():
    volume = contrast_volume(focal_stack(ramp()))
    weak = total_variation(solve_vdff(volume, VdffSettings(alpha=0.5))[0])
    strong = total_variation(solve_vdff(volume, VdffSettings(alpha=50.0))[0])
    assert strong > 1.1 * weak


@pytest.mark.parametrize("slices", [1, 2, 3, 5])
def test_vdff_takes_fewer_slices_than_its_degree(slices):
    truth = np.full((20, 24), slices - 1, np.float32)
    index = np.arange(slices, dtype=np.float32)[:, None, None]
    volume = np.exp(-((index - truth) ** 2)).astype(np.float32)
    index_map, confidence = solve_vdff(volume)
    np.testing.assert_allclose(index_map, truth, atol=0.3)
    assert confidence.shape == truth.shape
    assert np.all((confidence >= 0) & (confidence <= 1))


def test_vdff_reports_every_iteration():
    seen = []
    settings = VdffSettings(iterations=7)
    vdff(bell_volume(ramp()), settings, lambda done, total: seen.append((done, total)))
    assert seen == [(n, 7) for n in range(1, 8)]


def test_paper_values_are_the_defaults():
    assert VdffSettings().values() == {
        "alpha": 6.0,
        "denominator": 0.3,
        "degree": 6,
        "iterations": 400,
        "step_factor": 8.0,
        "lambda_start": 1.0,
        "lambda_factor": 1.02,
        "start_window": 15,
        "index_window": 21,
    }


def test_tuned_values_differ_from_the_papers_in_two():
    tuned = {"alpha": VDFF_TUNED.alpha, "denominator": VDFF_TUNED.denominator}
    assert VDFF_TUNED.values() == {**VdffSettings().values(), **tuned}


def test_a_single_map_is_not_a_volume():
    with pytest.raises(InputError, match="S x H x W"):
        vdff(np.zeros((4, 5), np.float32))


def test_index_to_dioptres_is_linear_between_uneven_slices():
    dioptres = [0.2, 0.5, 2.5]
    index = np.array([[0, 0.5, 1, 1.25, 2], [-1, 3, np.nan, 1.5, 0]], np.float32)
    expected = [[0.2, 0.35, 0.5, 1.0, 2.5], [0.2, 2.5, np.nan, 1.5, 0.2]]
    result = index_to_dioptres(index, dioptres)
    assert result.dtype == np.float32
    np.testing.assert_allclose(result, expected, rtol=1e-6)
    descending = index_to_dioptres(index, dioptres[::-1])
    np.testing.assert_allclose(descending[0, :3], [2.5, 1.5, 0.5], rtol=1e-6)


@pytest.mark.parametrize(("term", "power"), [("absolute", 1), ("quadratic", 2)])
def test_tv_comes_to_the_minimum_of_its_energy(term, power):
    rng = np.random.default_rng(31)
    peaks = (ramp() + rng.normal(0, 1, (HEIGHT, WIDTH))).astype(np.float32)
    weights = rng.uniform(0, 1, peaks.shape).astype(np.float32)
    settings = TvSettings(data_weight=2.0, data_term=term)
    best = tv_depth_from_focus(peaks, weights, replace(settings, tv_iterations=3000))
    default = tv_depth_from_focus(peaks, weights, settings)
    lowest = tv_energy(best, peaks, weights, 2.0, power)
    assert tv_energy(default, peaks, weights, 2.0, power) < 1.02 * lowest
    for trial in (0.02 * rng.normal(size=peaks.shape), 0.02 * ramp()):
        moved = (best + trial).astype(np.float32)
        assert tv_energy(moved, peaks, weights, 2.0, power) > lowest


def test_tv_keeps_a_constant_and_a_certain_step():
    peaks = np.where(np.arange(WIDTH) < 30, 2.0, 7.0).astype(np.float32) * np.ones((HEIGHT, 1))
    peaks = peaks.astype(np.float32)
    result = tv_depth_from_focus(peaks, np.ones_like(peaks))
    np.testing.assert_allclose(result, peaks, atol=0.02)
    constant = np.full_like(peaks, 4.25)
    np.testing.assert_allclose(tv_depth_from_focus(constant, np.ones_like(peaks)), 4.25)


def test_tv_fills_pixels_without_texture_from_their_neighbours():
    truth = np.full((HEIGHT, WIDTH), 6, np.float32)
    volume = bell_volume(truth, noise=1.0)
    noise = np.random.default_rng(32).uniform(0.9, 1.1, (SLICES, 20, 24))
    volume[:, 10:30, 20:44] = noise
    index_map, confidence = solve_tv(volume)
    np.testing.assert_allclose(index_map[13:27, 23:41], 6, atol=0.2)  # noise alone here
    np.testing.assert_allclose(index_map, 6, atol=0.5)
    assert confidence[15:25, 26:38].max() < 0.3
    assert confidence[:, :10].min() > 0.5


def test_tv_beats_the_argmax_under_noise():
    truth = ramp()
    volume = bell_volume(truth, noise=25.0)
    gathered = np.stack([cv2.blur(plane, (5, 5)) for plane in volume])
    index_map, _ = solve_tv(gathered)
    assert mean_error(index_map, truth) < 0.6 * mean_error(gathered.argmax(axis=0), truth)


@pytest.mark.parametrize("slices", [1, 2])
def test_tv_takes_one_or_two_slices(slices):
    volume = np.zeros((slices, 8, 9), np.float32)
    volume[-1] = 5
    index_map, _ = solve_tv(volume, TvSettings(weight_power=0.0, weight_denominator=0.0))
    np.testing.assert_allclose(index_map, slices - 1, atol=1e-5)


def test_tv_table_defaults_are_complete():
    assert set(TvSettings().values()) == {
        "data_weight",
        "data_term",
        "full_contrast",
        "weight_power",
        "weight_denominator",
        "tv_iterations",
    }

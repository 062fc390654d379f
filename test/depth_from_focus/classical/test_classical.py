import math
from itertools import pairwise

import cv2
import numpy as np
import pytest
from thin_lens_sweeps import LAYERS_DPT, SWEEP_DPT, disc_blur, inner, thin_lens_stack, truth_dpt

from ddff_perception.depth_from_focus.classical.band_measures import band_measures, cell_size
from ddff_perception.depth_from_focus.classical.multiscale import (
    MultiscaleSettings,
    calibrated_confidence,
    decisiveness,
    estimate_blur_scale,
    focus_templates,
    log_likelihood,
    merge_close_slices,
    peak_of,
    share_evidence,
)
from ddff_perception.depth_from_focus.estimator import DepthFromFocus
from ddff_perception.types import FocalStack, FocusSlice

LEVELS, CELL = 3, 8
TOLERANCE = MultiscaleSettings().model_tolerance
POSITIONS = np.array(SWEEP_DPT)


def measures(stack):
    return [band_measures(image, LEVELS, CELL) for image in stack.images]


def median_error_dpt(stack, **parameters):
    depth = DepthFromFocus("multiscale", parameters).process(stack, all_in_focus=False).depth
    return float(np.median(np.abs(1 / depth - truth_dpt())[inner()]))


@pytest.mark.parametrize("blur_scale", [0.5, 4.0, 40.0])
@pytest.mark.parametrize("count", [3, 9, 25])
def test_templates_have_no_mean_and_unit_norm_over_the_slices(blur_scale, count):
    places = tuple(np.linspace(0.25, 2.25, count))
    templates = focus_templates(places, 24, blur_scale, LEVELS)
    assert templates.shape == (LEVELS, count, 24)
    assert templates.dtype == np.float32
    np.testing.assert_allclose(templates.sum(axis=1), 0, atol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(templates, axis=1), 1, atol=1e-5)


def test_each_template_is_highest_at_the_slice_nearest_to_its_candidate():
    templates = focus_templates(tuple(SWEEP_DPT), 24, 8.0, LEVELS)
    candidates = np.linspace(SWEEP_DPT[0], SWEEP_DPT[-1], 24)
    nearest = np.abs(POSITIONS[:, None] - candidates[None]).argmin(axis=0)
    for template in templates:
        np.testing.assert_array_equal(template.argmax(axis=0), nearest)


def test_coarse_bands_have_wider_templates():
    templates = focus_templates(tuple(SWEEP_DPT), 24, 16.0, LEVELS)
    middle = templates[:, :, 12] - templates[:, :, 12].min(axis=1, keepdims=True)
    widths = (middle > 0.5 * middle.max(axis=1, keepdims=True)).sum(axis=1)
    assert widths[0] <= widths[1] <= widths[2]
    assert widths[0] < widths[2]


def test_a_measured_curve_is_likeliest_at_its_own_candidate():
    templates = focus_templates(tuple(SWEEP_DPT), 24, 8.0, LEVELS)
    for candidate in (4, 11, 19):
        curves = 20.0 + 10.0 * templates[:, :, candidate]
        likelihood = log_likelihood(curves[:, :, None, None], templates, TOLERANCE)
        assert likelihood.shape == (1, 1, 24)
        assert int(likelihood.argmax()) == candidate


def test_a_constant_curve_makes_no_candidate_likelier():
    templates = focus_templates(tuple(SWEEP_DPT), 24, 8.0, LEVELS)
    level = np.full((LEVELS, len(SWEEP_DPT), 2, 3), 7.0, np.float32)
    likelihood = log_likelihood(level, templates, TOLERANCE)
    assert likelihood.max() < 1e-4
    gain = peak_of(likelihood, np.linspace(0.2, 2.2, 24, dtype=np.float32))[2]
    assert decisiveness(gain).max() < 1e-3


def test_what_stands_out_is_decisive():
    evidence = np.zeros((1, 3, 10), np.float32)
    evidence[0, 1, 4] = 0.05
    evidence[0, 2, 4] = 5.0
    gain = peak_of(evidence, np.linspace(0.2, 2.2, 10, dtype=np.float32))[2]
    assert gain[0] == pytest.approx([0.0, 0.045, 4.5], abs=1e-5)
    none, little, much = decisiveness(gain)[0]
    assert none == 0.0
    assert 0.2 < little < 0.6
    assert much > 0.98


def test_a_cell_without_evidence_listens_to_its_neighbours():
    evidence = np.zeros((9, 9, 12), np.float32)
    evidence[2, 2, 7] = 10.0
    shared = share_evidence(evidence)
    assert shared[5, 5].argmax() == 7
    assert shared[2, 2, 7] > shared[3, 3, 7] > shared[8, 8, 7] > 0
    np.testing.assert_array_equal(evidence[0], 0)


def test_the_peak_is_found_between_candidates():
    candidates = np.linspace(0.2, 2.2, 201, dtype=np.float32)
    for centre in (0.733, 1.2, 1.966):
        evidence = -40 * np.square(candidates - centre)[None, None].astype(np.float32)
        position, posterior, _ = peak_of(evidence, candidates)
        assert position[0, 0] == pytest.approx(centre, abs=1e-3)
        # A Gaussian of standard deviation sqrt(1 / 80), candidates within 10 % of its peak.
        inside = math.erf(0.1 * centre / math.sqrt(1 / 40))
        assert posterior[0, 0] == pytest.approx(inside, abs=0.04)


def test_the_posterior_grows_as_the_peak_sharpens():
    candidates = np.linspace(0.2, 2.2, 41, dtype=np.float32)
    shapes = [1.0, 10.0, 100.0, 1000.0]
    evidence = -np.array(shapes)[None, :, None] * np.square(candidates - 1.0)
    posterior = peak_of(evidence.astype(np.float32), candidates)[1][0]
    assert all(later > earlier for earlier, later in pairwise(posterior))
    assert posterior[-1] == pytest.approx(1.0, abs=0.01)


def test_confidence_grows_with_the_posterior_and_falls_with_disagreement():
    posterior = np.linspace(0.01, 0.99, 50, dtype=np.float32)[None].repeat(3, axis=0)
    agreed = calibrated_confidence(np.full_like(posterior, 1.2), posterior)
    assert agreed.dtype == np.float32
    assert (np.diff(agreed[1]) > 0).all()
    assert agreed.min() > 0 and agreed.max() < 1
    previous = agreed
    for spread in (0.05, 0.2, 1.0):
        position = np.full_like(posterior, 1.2)
        position[0] += np.float32(spread)
        disagreed = calibrated_confidence(position, posterior)
        assert (disagreed[:2] < previous[:2]).all()
        np.testing.assert_array_equal(disagreed[2], agreed[2])
        previous = disagreed


@pytest.mark.parametrize("blur_scale", [5.0, 8.0, 14.0, 20.0])
def test_the_blur_scale_is_found_within_a_factor_of_sqrt_2(blur_scale):
    stack = thin_lens_stack(blur_scale=blur_scale)
    found = estimate_blur_scale(measures(stack), POSITIONS, TOLERANCE)
    assert 1 / math.sqrt(2) <= found / blur_scale <= math.sqrt(2)


def test_the_blur_scale_follows_the_unit_of_the_positions():
    kept = measures(thin_lens_stack())
    found = estimate_blur_scale(kept, POSITIONS, TOLERANCE)
    scaled = estimate_blur_scale(kept, POSITIONS * 10, TOLERANCE)
    assert scaled == pytest.approx(found / 10)


def test_a_known_blur_scale_may_be_given():
    stack = thin_lens_stack()
    known = median_error_dpt(stack, blur_scale=8.0)
    assert known == pytest.approx(median_error_dpt(stack), abs=0.01)
    assert median_error_dpt(stack, blur_scale=0.1) > 2 * known


def test_close_slices_count_as_one_and_the_ends_stay():
    places = np.linspace(0.25, 2.25, 100)
    kept = [np.full((1, 2, 3), place, np.float32) for place in places]
    merged, positions = merge_close_slices(kept, places, 4.0)
    assert 10 <= len(merged) == len(positions) < 30
    assert (np.diff(positions) > 0).all()
    assert (positions[0], positions[-1]) == (places[0], places[-1])
    assert merged[0] is kept[0]
    assert merged[-1] is kept[-1]
    for item, position in zip(merged, positions, strict=True):
        np.testing.assert_allclose(item, position, rtol=1e-5)
    for item, place in zip(kept, places, strict=True):
        np.testing.assert_array_equal(item, np.float32(place))


def test_slices_that_the_lens_tells_apart_stay():
    kept = [np.zeros((1, 2, 3), np.float32)] * len(POSITIONS)
    merged, positions = merge_close_slices(kept, POSITIONS, 4.0)
    assert merged is kept
    assert positions is POSITIONS


def test_many_slices_give_the_depth_of_few_or_better():
    few = median_error_dpt(thin_lens_stack())
    many = median_error_dpt(thin_lens_stack(tuple(np.linspace(0.25, 2.25, 120))))
    assert many < max(0.03, few)


def test_slices_of_nearly_one_distance_do_no_harm():
    stack = thin_lens_stack()
    again = [FocusSlice(s.image, 1 / (1 / s.focus_distance_m + 2e-6)) for s in stack.slices]
    doubled = FocalStack(stack.slices + tuple(again))
    assert median_error_dpt(doubled) == pytest.approx(median_error_dpt(stack), abs=0.01)


@pytest.mark.parametrize("size", [(96, 168), (95, 167), (89, 161), (90, 163)])
def test_sizes_that_are_no_multiple_of_the_cell_lose_nothing(size):
    height, width = size
    stack = thin_lens_stack()
    cut = FocalStack(
        tuple(FocusSlice(s.image[:height, :width], s.focus_distance_m) for s in stack.slices)
    )
    estimate = DepthFromFocus().process(cut)
    assert estimate.depth.shape == size
    error = np.abs(1 / estimate.depth - truth_dpt()[:height, :width])
    assert error[:, -8:].mean() < 0.1
    assert error[-8:, 124:].mean() < 0.1


@pytest.mark.parametrize(("cell", "expected"), [(8, 8), (12, 8), (16, 16), (31, 16)])
def test_cells_are_powers_of_two(cell, expected):
    stack = thin_lens_stack()
    asked = DepthFromFocus(parameters={"cell": cell}).process(stack).depth
    taken = DepthFromFocus(parameters={"cell": expected}).process(stack).depth
    np.testing.assert_array_equal(asked, taken)


@pytest.mark.parametrize("levels", [1, 3, 5])
@pytest.mark.parametrize("cell", [2, 8, 32])
def test_every_number_of_bands_fits_every_cell(levels, cell):
    image = thin_lens_stack().images[0]
    bands = band_measures(image, levels, cell)
    assert bands.shape == (levels, -(-image.shape[0] // cell), -(-image.shape[1] // cell))
    assert bands.dtype == np.float32
    assert (bands > 0).all()


def test_a_plain_wall_takes_its_depth_from_what_frames_it():
    stack = thin_lens_stack(layers=(LAYERS_DPT[1],))
    plain = tuple(FocusSlice(with_plain_patch(s.image), s.focus_distance_m) for s in stack.slices)
    estimate = DepthFromFocus().process(FocalStack(plain))
    patch = np.s_[34:62, 60:108]
    assert np.abs(1 / estimate.depth[patch] - LAYERS_DPT[1]).max() < 0.1
    assert estimate.confidence[patch].mean() < estimate.confidence[:, :40].mean()


def with_plain_patch(image):
    image = image.copy()
    image[30:66, 56:112] = 120
    return image


def test_the_disc_blur_of_these_tests_is_that_of_a_thin_lens():
    point = np.zeros((41, 41), np.uint8)
    point[20, 20] = 255
    for diameter in (5.0, 12.0):
        disc = disc_blur(point, diameter)
        assert disc.sum() == pytest.approx(255, rel=1e-4)
        assert (disc > 0.5 * disc.max()).sum() == pytest.approx(math.pi * diameter**2 / 4, rel=0.1)
    spread = [disc_blur(point, diameter).max() for diameter in (1, 3, 6, 9)]
    assert all(sharper > softer for sharper, softer in pairwise(spread))


@pytest.mark.parametrize(
    ("wanted", "size", "cell"),
    [
        (0, (640, 480), 8),
        (0, (96, 64), 8),
        (0, (1280, 964), 16),
        (0, (2048, 1536), 32),
        (0, (40000, 30000), 64),
        (8, (2048, 1536), 8),
        (12, (640, 480), 8),
    ],
)
def test_cells_grow_with_the_image_unless_their_size_is_given(wanted, size, cell):
    assert cell_size(wanted, *size) == cell


def test_a_large_image_gives_the_depth_of_the_same_image_shrunk():
    rng = np.random.default_rng(4)
    texture = cv2.GaussianBlur(rng.uniform(0, 255, (960, 1280)), (0, 0), 2.0)
    texture = np.clip((texture - 127) * 4 + 127, 0, 255).astype(np.uint8)
    positions = (0.5, 1.0, 1.5, 2.0)
    large = [cv2.GaussianBlur(texture, (0, 0), 0.3 + 8 * abs(p - 1.25)) for p in positions]
    estimates = []
    for shrink in (1, 2):
        estimator = DepthFromFocus()
        for position, image in zip(positions, large, strict=True):
            small = cv2.resize(image, (1280 // shrink, 960 // shrink), interpolation=cv2.INTER_AREA)
            estimator.update(FocusSlice(small, 1.0 / position))
        estimates.append(np.median(1.0 / estimator.estimate(False).depth))
    assert estimates[0] == pytest.approx(1.25, abs=0.1)
    assert estimates[0] == pytest.approx(estimates[1], abs=0.05)

import math
import time

import numpy as np
import pytest

from ddff_perception.evaluation.depth.maps import DOMAINS
from ddff_perception.evaluation.depth.metrics import (
    DepthErrorSums,
    ScoreSettings,
    score,
)
from ddff_perception.types import InputError

NAN, INF = math.nan, math.inf


def depth_map(*rows):
    return np.array(rows, dtype=np.float32)


TRUTH = depth_map([1.0, 2.0], [4.0, 0.0])
ESTIMATE = depth_map([1.5, 2.0], [3.0, 5.0])


def test_scores_on_depth_are_those_worked_out_by_hand():
    scores = score(ESTIMATE, TRUTH, "depth")  # errors 0.5, 0, -1; the fourth has no truth
    assert (scores.pixels, scores.coverage) == (3, 1.0)
    assert scores.mae == pytest.approx(0.5)
    assert scores.mse == pytest.approx(1.25 / 3)
    assert scores.rms == pytest.approx(0.6454972)
    assert scores.log_rms == pytest.approx(0.2870325, rel=1e-6)  # ln 1.5, 0, ln 4/3
    # log10 1.5, 0, log10 4/3
    assert scores.log10 == pytest.approx((0.1760913 + 0.1249387) / 3, rel=1e-6)
    assert scores.abs_rel == pytest.approx(0.25)
    assert scores.sqr_rel == pytest.approx(0.5 / 3)
    assert scores.delta_1 == pytest.approx(100 / 3)  # ratios 1.5, 1, 4/3
    assert (scores.delta_2, scores.delta_3) == (100.0, 100.0)
    assert scores.badpix == pytest.approx(200 / 3)


def test_scores_on_dioptres_are_those_worked_out_by_hand():
    scores = score(ESTIMATE, TRUTH, "dioptres")  # errors -1/3, 0, 1/12
    assert scores.mae == pytest.approx(5 / 36)
    assert scores.mse == pytest.approx((1 / 9 + 1 / 144) / 3)
    assert scores.abs_rel == pytest.approx((1 / 3 + 1 / 3) / 3)
    assert scores.sqr_rel == pytest.approx((1 / 9 + 1 / 36) / 3)
    assert scores.badpix == pytest.approx(100 / 3)


def test_disparity_is_dioptres_times_baseline_and_focal_length():
    settings = ScoreSettings(baseline_focal=6.0)
    scores = score(ESTIMATE, TRUTH, "disparity", settings)  # errors -2, 0, 0.5 px
    assert scores.mae == pytest.approx(2.5 / 3)
    assert scores.mse == pytest.approx(4.25 / 3)
    assert scores.badpix == pytest.approx(200 / 3)


def test_disparity_equals_dioptres_by_default():
    settings = ScoreSettings(badpix_disparity=0.1)
    truth = np.linspace(1, 3, 100, dtype=np.float32).reshape(10, 10)
    on_disparity = score(truth * truth, truth, "disparity", settings)
    assert on_disparity == score(truth * truth, truth, "dioptres", settings)


def test_a_ratio_of_exactly_the_threshold_is_not_accurate():
    scores = score(depth_map([2.5, 2.0]), depth_map([2.0, 2.5]), "depth")
    assert (scores.delta_1, scores.delta_2) == (0.0, 100.0)


def test_badpix_curve_counts_errors_strictly_over_each_threshold():
    settings = ScoreSettings(badpix_depth=0.5)  # curve at 0, 0.05, ... 5 m
    curve = score(ESTIMATE, TRUTH, "depth", settings).badpix_curve
    assert len(curve) == settings.curve_thresholds("depth").size == 101
    assert curve[0] == pytest.approx(200 / 3)
    assert curve[9] == pytest.approx(200 / 3)  # 0.45 m
    assert curve[10] == pytest.approx(100 / 3)  # 0.5 m
    assert curve[20] == 0.0  # 1 m
    assert curve[100] == 0.0


def test_errors_beyond_the_curve_stay_bad_to_its_end():
    scores = score(depth_map([100.0]), depth_map([1.0]), "depth")
    assert scores.badpix_curve == (100.0,) * 101


@pytest.mark.parametrize("hole", [NAN, 0.0, -1.0])
def test_holes_in_the_truth_are_not_scored(hole):
    scores = score(depth_map([1.0, 9.0]), depth_map([1.0, hole]), "depth")
    assert (scores.pixels, scores.coverage, scores.mae) == (1, 1.0, 0.0)


def test_coverage_is_the_share_of_known_truth_that_has_an_estimate():
    estimate = depth_map([1.0, NAN, 0.0, 1.0, 1.0])
    truth = depth_map([1.0, 1.0, 1.0, 1.0, NAN])
    scores = score(estimate, truth, "depth")
    assert (scores.pixels, scores.coverage) == (2, 0.5)


def test_infinity_is_known_on_dioptres_only():
    estimate, truth = depth_map([4.0, 2.0, INF]), depth_map([INF, 2.0, 2.0])
    on_dioptres = score(estimate, truth, "dioptres")
    assert on_dioptres.pixels == 3
    assert on_dioptres.mae == pytest.approx(0.75 / 3)
    assert on_dioptres.abs_rel == pytest.approx(0.5)  # truth 0 has no ratio: 0 and 1 remain
    assert on_dioptres.log_rms == 0.0
    assert on_dioptres.delta_3 == 50.0
    on_depth = score(estimate, truth, "depth")
    assert (on_depth.pixels, on_depth.coverage) == (1, 0.5)


def test_bumpiness_of_a_plane_is_zero_up_to_its_border():
    y, x = np.mgrid[:20, :30].astype(np.float32)
    truth = np.full((20, 30), 2.0, np.float32)
    assert score(truth + 0.01 * x + 0.02 * y, truth, "depth").bumpiness == pytest.approx(
        0, abs=1e-4
    )


def test_bumpiness_of_a_parabola_is_its_second_derivative_at_the_authors_scale():
    x = np.mgrid[:20, :30][1].astype(np.float32)
    truth = np.full((20, 30), 2.0, np.float32)
    scores = score(truth + np.float32(0.001) * x * x, truth, "depth")
    assert scores.bumpiness == pytest.approx(100 * 4 * 0.002, rel=1e-3)


def test_bumpiness_of_a_tall_map_is_that_of_its_parts():
    rng = np.random.default_rng(2)
    error = rng.normal(0, 1e-3, (100, 12)).astype(np.float32)
    scores = score(2 + error, np.full_like(error, 2), "depth")
    smooth, step = np.array([3, 10, 3]) / 16, np.array([-1, 0, 1])

    def derivative(values, axis):
        along = np.apply_along_axis(np.convolve, axis, values, step[::-1], "valid")
        return np.apply_along_axis(np.convolve, 1 - axis, along, smooth, "valid")

    error = (2 + error).astype(float) - 2
    gx, gy = derivative(error, 1), derivative(error, 0)
    hxx, hxy, hyy = derivative(gx, 1), derivative(gx, 0), derivative(gy, 0)
    norm = np.sqrt(hxx**2 + 2 * hxy**2 + hyy**2)
    assert norm.shape == (96, 8)
    assert scores.bumpiness == pytest.approx(100 * np.minimum(norm, 0.05).mean(), rel=1e-4)


def test_bumpiness_is_clipped():
    x = np.mgrid[:20, :30][1].astype(np.float32)
    truth = np.full((20, 30), 2.0, np.float32)
    assert score(truth + x * x, truth, "depth").bumpiness == pytest.approx(5.0)


def test_holes_do_not_make_a_map_bumpy():
    truth = np.full((20, 30), 2.0, np.float32)
    estimate = truth + np.float32(0.5)
    estimate[10, 15] = NAN
    scores = score(estimate, truth, "depth")
    assert scores.bumpiness == pytest.approx(0, abs=1e-5)
    assert scores.mae == pytest.approx(0.5)


def test_bumpiness_is_unknown_where_the_map_is_smaller_than_the_hessian():
    assert math.isnan(score(ESTIMATE, TRUTH, "depth").bumpiness)


def test_a_map_without_known_pixels_has_no_scores_but_a_coverage():
    scores = score(depth_map([NAN, NAN]), depth_map([1.0, 2.0]))
    assert (scores.pixels, scores.coverage) == (0, 0.0)
    assert math.isnan(scores.rms)
    assert math.isnan(scores.badpix_curve[0])


def test_averaged_scores_weigh_images_and_pooled_scores_weigh_pixels():
    sums = DepthErrorSums("depth")
    sums.add(depth_map([2.0]), depth_map([1.0]))
    sums.add(depth_map([1.0, 1.0, 1.0]), depth_map([1.0, 1.0, 1.0]))
    assert sums.images == 2
    assert sums.averaged().rms == pytest.approx(0.5)
    assert sums.pooled().rms == pytest.approx(0.5)
    assert sums.averaged().mse == pytest.approx(0.5)
    assert sums.pooled().mse == pytest.approx(0.25)
    assert sums.averaged().pixels == sums.pooled().pixels == 4


def test_an_image_without_estimate_does_not_enter_the_mean_error():
    sums = DepthErrorSums("depth")
    sums.add(depth_map([2.0]), depth_map([1.0]))
    sums.add(depth_map([NAN]), depth_map([1.0]))
    assert sums.averaged().mae == 1.0
    assert sums.averaged().coverage == 0.5


def test_sums_filled_apart_add_up_to_those_filled_together():
    first, second, both = (DepthErrorSums("dioptres") for _ in range(3))
    for sums, scale in ((first, 1.1), (second, 1.3)):
        estimate = ESTIMATE * np.float32(scale)
        sums.add(estimate, TRUTH)
        both.add(estimate, TRUTH)
    joined = first + second
    assert joined.images == 2
    assert joined.pooled().mae == pytest.approx(both.pooled().mae)
    assert joined.averaged().rms == pytest.approx(both.averaged().rms)


def test_sums_of_different_domains_do_not_add_up():
    with pytest.raises(ValueError, match="do not add up"):
        DepthErrorSums("depth") + DepthErrorSums("dioptres")


def test_maps_of_different_sizes_are_refused():
    with pytest.raises(InputError, match="the estimate is 3x1, the truth 2x2"):
        score(depth_map([1.0, 2.0, 3.0]), TRUTH)


def test_many_blocks_of_pixels_score_like_one():
    rng = np.random.default_rng(1)
    truth = rng.uniform(0.5, 5, (300, 300)).astype(np.float32)
    estimate = truth + rng.normal(0, 0.1, truth.shape).astype(np.float32)
    scores = score(estimate, truth, "depth")
    error = estimate.astype(float) - truth
    assert scores.mae == pytest.approx(np.abs(error).mean(), rel=1e-9)
    assert scores.sqr_rel == pytest.approx((error**2 / truth).mean(), rel=1e-9)
    assert scores.badpix == pytest.approx(100 * (np.abs(error) > 0.1).mean())


def test_settings_come_from_the_parameter_table():
    assert ScoreSettings.from_values() == ScoreSettings()
    assert ScoreSettings.from_values({"baseline_focal": 2.0}).baseline_focal == 2.0
    with pytest.raises(InputError, match="baseline_focal must lie in"):
        ScoreSettings.from_values({"baseline_focal": 0.0})
    assert {p.name for p in ScoreSettings.table()} == set(ScoreSettings.__dataclass_fields__)


def test_all_measures_of_a_vga_map_cost_little_more_than_their_logarithms():
    """50 ms on a calm machine: five times logarithms and roots of the same map, nine where the
    processor takes eight logarithms at once (AVX-512); a busy machine makes both wait.
    """
    rng = np.random.default_rng(0)
    truth = (1 / rng.uniform(0.2, 3, (480, 640))).astype(np.float32)
    estimate = truth * np.exp(rng.normal(0, 0.1, truth.shape)).astype(np.float32)
    yardstick = measures = INF
    for _ in range(8):
        start = time.thread_time()
        for _ in DOMAINS:
            np.log(truth.astype(float)).sum(), np.sqrt(truth.astype(float)).sum()
        between = time.thread_time()
        for domain in DOMAINS:
            score(estimate, truth, domain)
        yardstick = min(yardstick, between - start)
        measures = min(measures, time.thread_time() - between)
    assert measures < 16 * yardstick

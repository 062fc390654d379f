import math

import cv2
import numpy as np
import pytest

from ddff_perception.evaluation.image_metrics import ImageScores, image_scores, mean_scores
from ddff_perception.types import InputError

RNG = np.random.default_rng(0)
TRUTH = cv2.GaussianBlur(RNG.uniform(0, 1, (60, 80)).astype(np.float32), (0, 0), 2)


def test_equal_images_have_no_error():
    scores = image_scores(TRUTH, TRUTH)
    assert (scores.rmse, scores.psnr_db) == (0.0, math.inf)
    assert scores.ssim == pytest.approx(1.0)


def test_a_constant_offset_has_its_rmse_and_psnr():
    scores = image_scores(TRUTH + np.float32(0.1), TRUTH)
    assert scores.rmse == pytest.approx(0.1, rel=1e-5)
    assert scores.psnr_db == pytest.approx(20.0, abs=1e-4)
    assert scores.ssim > 0.9


def test_structure_counts_in_ssim_and_colours_are_averaged():
    noisy = TRUTH + 0.1 * RNG.standard_normal(TRUTH.shape).astype(np.float32)
    grey = image_scores(noisy, TRUTH)
    assert grey.ssim < 0.5
    colour = image_scores(np.dstack([noisy, TRUTH, TRUTH]), np.dstack([TRUTH] * 3))
    assert colour.ssim == pytest.approx((grey.ssim + 2) / 3, abs=1e-6)


def test_ssim_is_that_of_scikit_image():
    metrics = pytest.importorskip("skimage.metrics")
    noisy = TRUTH + 0.05 * RNG.standard_normal(TRUTH.shape).astype(np.float32)
    expected = metrics.structural_similarity(
        noisy,
        TRUTH,
        data_range=1.0,
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
    )
    assert image_scores(noisy, TRUTH).ssim == pytest.approx(expected, abs=2e-3)


def test_means_are_over_images():
    mean = mean_scores([ImageScores(0.1, 20.0, 0.5), ImageScores(0.3, 10.0, 0.7)])
    assert mean == ImageScores(pytest.approx(0.2), pytest.approx(15.0), pytest.approx(0.6), 2)
    assert mean_scores([]) is None


def test_another_size_is_refused():
    with pytest.raises(InputError, match="the layer is"):
        image_scores(TRUTH[1:], TRUTH)

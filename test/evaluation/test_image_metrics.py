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


def test_ssim_of_one_window_is_the_papers_formula():
    """Of 11 x 11 pixels only the middle has a whole window."""
    a, b = (RNG.uniform(0, 1, (11, 11)).astype(np.float32) for _ in range(2))
    along = np.exp(-np.square(np.arange(-5, 6)) / (2 * 1.5**2))
    window = np.outer(along, along) / along.sum() ** 2

    def mean(values):
        return float((window * values).sum())

    ma, mb = mean(a), mean(b)
    va, vb, cov = mean(a * a) - ma**2, mean(b * b) - mb**2, mean(a * b) - ma * mb
    c1, c2 = 0.01**2, 0.03**2
    expected = (2 * ma * mb + c1) * (2 * cov + c2) / ((ma**2 + mb**2 + c1) * (va + vb + c2))
    assert image_scores(a, b).ssim == pytest.approx(expected, abs=1e-6)


def test_means_are_over_images():
    mean = mean_scores([ImageScores(0.1, 20.0, 0.5), ImageScores(0.3, 10.0, 0.7)])
    assert mean == ImageScores(pytest.approx(0.2), pytest.approx(15.0), pytest.approx(0.6), 2)
    assert mean_scores([]) is None


def test_another_size_is_refused():
    with pytest.raises(InputError, match="the layer is"):
        image_scores(TRUTH[1:], TRUTH)

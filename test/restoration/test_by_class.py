"""PSNR by class and the stream x class matrix."""

from __future__ import annotations

import numpy as np
import pytest

from ddff_perception.restoration.evaluation.by_class import ClassErrors, stream_by_class
from ddff_perception.types import InputError

CLEAN = np.zeros((4, 6, 3), np.float32)
LABELS = np.repeat(np.array([[0, 0, 1, 1, 2, 255]], np.uint8), 4, axis=0)


def errors(*steps: float) -> ClassErrors:
    """Each class with an error of its own; the last of what is unlabelled."""
    image = CLEAN.copy()
    for number, step in enumerate(steps):
        image[(number if number < 3 else 255) == LABELS] = step
    found = ClassErrors(("sky", "road", "tree", "cow"))
    found.add(image, CLEAN, LABELS)
    return found


def test_psnr_is_of_a_classs_own_pixels_and_its_mean_is_over_the_classes() -> None:
    found = errors(0.1, 0.01, 1.0, 0.0)
    psnr = found.psnr_db
    assert (psnr["sky"], psnr["road"], psnr["tree"]) == pytest.approx((20, 40, 0))
    assert np.isnan(psnr["cow"])
    assert found.mean_db == pytest.approx(20)
    mse = (2 * 0.01 + 2 * 1e-4 + 1.0 + 0.0) / 6
    assert found.overall_db == pytest.approx(-10 * np.log10(mse))
    assert found.frequency == pytest.approx({"sky": 1 / 3, "road": 1 / 3, "tree": 1 / 6, "cow": 0})


def test_the_matrix_is_normalised_by_row() -> None:
    streams = {"sky": errors(0.01, 0.1, 0.1), "road": errors(0.3, 0.03, 0.1)}
    matrix = stream_by_class(streams)
    assert matrix[:, :3].tolist() == [
        pytest.approx([1, 0, 0]),
        pytest.approx([0, 1, np.log10(3) / 1]),
    ]


def test_sizes_that_differ_are_told() -> None:
    with pytest.raises(InputError, match="differ"):
        ClassErrors(("sky",)).add(CLEAN, CLEAN[:2], LABELS)

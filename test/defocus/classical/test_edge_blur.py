"""The ratio of two re-blurs tells the blur of steps."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from defocus_scenes import blocks

from ddff_perception.defocus.classical.edge_blur import edge_blur
from ddff_perception.optics.defocus import disc_blur


def steps(side: int = 40) -> np.ndarray:
    """Far edges of two directions, 0..1."""
    y, x = np.mgrid[:160, :160]
    return (0.2 + 0.5 * ((x // side + y // side) % 2)).astype(np.float32)


@pytest.mark.parametrize("disc", [2.0, 4.0, 8.0, 12.0])
def test_a_disc_is_measured_at_steps(disc: float) -> None:
    # Pixels alone blur by nearly 2 px.
    found = edge_blur(disc_blur(steps(), disc / 2), residual_px=1.8)
    sure = found.weight > 0.5 * found.weight.max()
    assert np.median(found.disc_px[sure]) == pytest.approx(disc, rel=0.1, abs=0.4)


def test_noise_moves_the_measure_little_and_makes_no_edges() -> None:
    rng = np.random.default_rng(0)
    noisy = disc_blur(steps(), 2.5) + rng.normal(0, 0.01, (160, 160)).astype(np.float32)
    found = edge_blur(noisy.astype(np.float32), residual_px=1.8)
    sure = found.weight > 0.5 * found.weight.max()
    assert np.median(found.disc_px[sure]) == pytest.approx(5.0, rel=0.2)
    plain = edge_blur(rng.normal(0.5, 0.02, (160, 160)).astype(np.float32))
    assert len(plain.rows) < 0.01 * plain.rows.size + 260


def test_what_the_camera_blurs_anyway_is_taken_away() -> None:
    image = cv2.GaussianBlur(steps(), (0, 0), 0.5)
    whole, less = edge_blur(image), edge_blur(image, residual_px=2.5)
    assert np.median(whole.disc_px) == pytest.approx(2.5, abs=0.5)
    assert np.median(less.disc_px) < 1.0


def test_sharper_texture_is_found_sharper() -> None:
    plane = cv2.cvtColor(blocks(120, 160), cv2.COLOR_BGR2GRAY)
    discs = [np.median(edge_blur(disc_blur(plane, radius)).disc_px) for radius in (0.0, 1.5, 3.0)]
    assert discs[0] < discs[1] < discs[2]

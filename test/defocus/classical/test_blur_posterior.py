"""Edges against what scenes have: the prior where nothing is seen, the measurement where it is."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from defocus_scenes import scene

from ddff_perception.defocus.classical.blur_posterior import (
    blur_posterior,
    disc_states,
    lens_states,
)
from ddff_perception.defocus.classical.edge_blur import EdgeBlur
from ddff_perception.defocus.pipeline import DefocusPipeline
from ddff_perception.evaluation.depth.evaluation import DepthEvaluation

SCALE, FOCUS, USUAL = 10.0, 1.25, 0.4
GUIDE = np.full((96, 128), 0.5, np.float32)


def line(column: int, disc_px: float, spread_px: float) -> EdgeBlur:
    """An upright edge down the guide."""
    rows = np.arange(GUIDE.shape[0])
    same = np.full(len(rows), 1.0, np.float32)
    gradient = np.stack([same, 0 * same], axis=1)
    place = rows, np.full_like(rows, column)
    return EdgeBlur(*place, disc_px * same, same, gradient, spread_px * same)


def dioptres(edges: EdgeBlur, side: str = "far", strength: float = 4.0) -> np.ndarray:
    states = lens_states(SCALE, FOCUS, side, USUAL)
    return FOCUS - blur_posterior(edges, GUIDE, states, strength).defocus / SCALE


NOTHING = EdgeBlur(*(getattr(line(0, 1.0, 1.0), name)[:0] for name in EdgeBlur.__slots__))


def test_a_plain_picture_gives_what_is_usual_at_every_pixel() -> None:
    states = lens_states(SCALE, FOCUS, "far", USUAL)
    found = blur_posterior(NOTHING, GUIDE, states, 4.0)
    assert np.ptp(found.defocus) < 1e-3
    # The log-normal's median, somewhat less since nothing lies before the plane in focus.
    assert dioptres(NOTHING) == pytest.approx(USUAL, abs=0.05)
    assert found.spread.min() > 1.5
    assert found.behind == pytest.approx(1.0)


def test_precise_edges_move_what_is_near_them_and_faint_ones_hardly() -> None:
    # Edges of 3.2 px have been blurred by 3.3 px: 0.92 dioptres.
    precise, faint = (dioptres(line(64, 3.2, spread)) for spread in (0.8, 30.0))
    assert precise[:, 64].mean() == pytest.approx(0.92, abs=0.1)
    assert abs(faint[:, 64].mean() - USUAL) < 0.15
    assert dioptres(line(64, 3.2, 0.8), strength=0.0) == pytest.approx(dioptres(NOTHING), abs=1e-3)


def test_a_disc_that_fits_both_sides_is_answered_by_what_is_usual() -> None:
    states = lens_states(SCALE, FOCUS, "both", USUAL)
    found = blur_posterior(line(64, 4.0, 0.8), GUIDE, states, 4.0)
    assert 0.5 < found.behind[:, 64].mean() < 1.0
    assert blur_posterior(line(64, 25.0, 0.8), GUIDE, states, 4.0).behind[:, 64].mean() < 0.2


def test_without_a_lens_discs_are_told_alone() -> None:
    found = blur_posterior(line(64, 6.0, 0.8), GUIDE, disc_states(), 4.0)
    assert found.defocus[:, 64].mean() == pytest.approx(6.8, abs=0.8)
    assert found.defocus.min() >= 0


def test_depth_is_no_further_off_than_the_best_constant_map_on_drawn_scenes() -> None:
    shares, trust = [], []
    for near_m, far_m, scale in ((0.8, 2.0, 10.0), (1.0, 3.0, 8.0), (0.8, 5.0, 6.0)):
        shown = scene(near_m, far_m, near_m, scale)
        # The right quarter is plain.
        image = shown.image.copy()
        image[:, -48:] = cv2.GaussianBlur(image, (0, 0), 30.0)[:, -48:]
        lens = {"lens.focus_distance_m": near_m, "lens.blur_per_dioptre_px": scale, "side": "far"}
        pipeline = DefocusPipeline(lens)
        pipeline.add_image(1, image)
        found = pipeline.estimate().found
        evaluation = DepthEvaluation(domains=("dioptres",))
        evaluation.add(found.depth, shown.depth)
        filled = evaluation.scores("filled", "dioptres").mae
        shares.append(filled / evaluation.scores("best_constant", "dioptres").mae)
        trust.append(found.confidence[:, 20:70].mean() - found.confidence[:, -20:].mean())
    assert max(shares) < 1.0 and np.mean(shares) < 0.7
    assert min(trust) > 0.1

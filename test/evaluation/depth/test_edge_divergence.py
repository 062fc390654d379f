"""Edges of a depth map against the truth's, by the sub-bands of a steerable pyramid."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest

from ddff_perception.evaluation.depth.edge_divergence import edge_divergence, steerable_bands
from ddff_perception.evaluation.depth.evaluation import DepthEvaluation


def steps() -> np.ndarray:
    truth = np.full((64, 96), 2.0, np.float32)
    truth[10:40, 20:60] = 1.0
    truth[30:60, 50:80] = 0.7
    return truth


def test_alike_is_zero_and_the_more_edges_are_smoothed_the_more_they_differ() -> None:
    truth = steps()
    assert edge_divergence(truth, truth) == 0.0
    found = [edge_divergence(cv2.GaussianBlur(truth, (0, 0), s), truth) for s in (1.0, 3.0)]
    assert 0.01 < found[0] < found[1]


def test_an_offset_in_dioptres_is_no_edge_and_noise_is() -> None:
    truth = steps()
    moved = (1 / (1 / truth + 0.3)).astype(np.float32)
    assert edge_divergence(moved, truth) < 1e-3
    rough = truth + np.random.default_rng(0).normal(0, 0.05, truth.shape).astype(np.float32)
    assert edge_divergence(rough, truth) > 0.03


def test_unknown_pixels_take_their_neighbours_value() -> None:
    truth, holes = steps(), steps()
    holes[:4, :4] = np.nan
    assert edge_divergence(holes, truth) < 1e-3
    assert math.isnan(edge_divergence(np.full_like(truth, np.nan), truth))


def test_each_orientation_answers_to_its_own_grating() -> None:
    y, x = np.mgrid[:64, :64]
    for number in range(4):
        angle = math.pi * number / 4
        wave = np.sin(2 * math.pi * 0.3 * (x * math.cos(angle) + y * math.sin(angle)))
        energy = [float(np.square(band).mean()) for band in steerable_bands(wave)[:4]]
        assert int(np.argmax(energy)) == number


def test_the_sub_bands_hold_the_energy_of_their_two_octaves() -> None:
    wave = np.cos(2 * math.pi * 0.25 * np.arange(128))[None].repeat(128, 0)
    energy = sum(float(np.square(band).mean()) for band in steerable_bands(wave))
    assert energy == pytest.approx(float(np.square(wave).mean()), rel=0.1)
    assert len(steerable_bands(wave)) == 8


def test_an_evaluation_has_it_where_it_is_asked_for() -> None:
    truth = steps()
    asked = DepthEvaluation(edges=True)
    for blur in (1.0, 3.0):
        asked.add(cv2.GaussianBlur(truth, (0, 0), blur), truth)
    assert asked.to_json()["edge_divergence"] == pytest.approx(asked.edge_divergence)
    assert (asked + asked).edge_divergence == pytest.approx(asked.edge_divergence)
    plain = DepthEvaluation()
    plain.add(truth, truth)
    assert plain.to_json()["edge_divergence"] is None

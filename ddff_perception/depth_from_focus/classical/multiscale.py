"""The default method: a multi-scale matched filter over the focus curve, no learning.

A pixel's sharpness over the slices follows a known law. A thin lens of aperture A images a point
at inverse depth p, focused at p_k, as a disc of diameter b |p - p_k| pixels, b = A f_x. A band-pass
measure of natural texture falls with that disc as 1 / (1 + (r / r_l)^1.5), where r_l belongs to
the band l. So instead of the sharpest slice alone, *all* slices vote: each candidate inverse depth
predicts a curve, and its correlation with the measured curve, relative to the noise of the measure,
is its log-likelihood ratio against "no texture here". Log-likelihoods add: over the bands, and
over neighbourhoods, so that a pixel without texture listens to a wider window while a textured
one decides for itself.

The measures are gathered on a grid of cells, once per slice. The step over the slices is a matrix
product per band on that grid: its cost hardly grows with the number of slices.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from ...parameters import Settings, parameter
from ...types import FloatArray, ImageArray
from ..solution import Solution
from .band_measures import REFERENCE_CELL, cell_size, measured
from .outlines import FINER, Grey, refined_outlines
from .upsampling import upsample, upsample_position


@dataclass(frozen=True)
class MultiscaleSettings(Settings):
    """Values of `MultiscaleMethod`."""

    cell: int = parameter(
        0,
        "side of the cells in which sharpness is gathered, a power of two; 0 fits it to the "
        "image: 8 at 640x480",
        "px",
        (0, 64),
    )
    levels: int = parameter(
        3,
        "bands of the focus measure, each an octave coarser; cells above 8 px add one each",
        limits=(1, 5),
    )
    blur_scale: float = parameter(
        0.0,
        "blur disc diameter per dioptre of defocus (aperture x focal length in pixels); "
        "0 finds it from the stack",
        "px/dpt",
        (0.0, 1e5),
    )
    candidates: int = parameter(
        24, "least number of candidate distances over the sweep", limits=(8, 256)
    )
    model_tolerance: float = parameter(
        0.2,
        "deviation of real focus curves from the lens law, relative to their amplitude",
        limits=(0.01, 2.0),
    )
    outlines: str = parameter(
        "image",
        "outlines of near things: drawn where the image has them, a quarter of a cell fine, or as "
        "the cells say alone, which is up to twice as fast",
        choices=("image", "cells"),
    )


# Radius in pixels of the finest band at which its response has fallen to half (1/f textures).
HALF_RESPONSE_RADIUS = 0.95
FALL_EXPONENT = 1.5
# Standard deviation of a cell's measure over the slices without texture, relative to its level,
# per band; every coarser band averages fewer samples.
NOISE_SHARE = (0.06, 0.08, 0.12, 0.2, 0.3)
QUANTISATION = 0.4
# Cells on which the blur scale is found.
BLUR_SCALE_CELLS = 100
TRIAL_CANDIDATES = 24
# Slices whose blur radii differ by less than this look alike in every band.
MERGE_RADIUS = 0.75
MINIMUM_BINS = 12
# Offset, slope over the posterior's log-odds, slope over the neighbours' spread.
CONFIDENCE_CURVE = (0.8, 0.35, -1.09)
# Log-likelihood, nats, by which the best candidate must stand out to count as found.
LEAST_EVIDENCE = 0.1
# Sharpness of the finest band, grey levels, under which there is nothing to see.
LEAST_SHARPNESS = 0.02
TRACE_OF_HEIGHT = 1e-3
# A step over 3 cells, as a share of the sweep's range, that is a depth edge and no slope.
DEPTH_STEP = 0.25
_NEIGHBOURS = np.ones((3, 3), np.uint8)
# Windows (side in cells, weight) that share log-likelihood between neighbours.
WINDOWS = ((1, 1.0), (7, 1.0), (31, 1.0))


class MultiscaleMethod:
    """Streaming multi-scale depth from focus; see the module's text."""

    def __init__(self, settings: MultiscaleSettings) -> None:
        self._settings = settings
        self._cell, self._levels = REFERENCE_CELL, settings.levels
        self._measures: dict[int, FloatArray] = {}
        self._guides: dict[int, Grey] = {}
        self._size = (0, 0)

    def add(self, slot: int, image: ImageArray) -> None:
        height, width = image.shape[:2]
        if (width, height) != self._size:
            self._size = (width, height)
            self._cell = cell_size(self._settings.cell, width, height)
            octaves = max(0, round(math.log2(self._cell / REFERENCE_CELL)))
            self._levels = min(self._settings.levels + octaves, len(NOISE_SHARE))
        finer = FINER if self._cell >= FINER else 1
        self._measures[slot], guide = measured(image, self._levels, self._cell, finer)
        if self._settings.outlines == "image":
            self._guides[slot] = guide

    def remove(self, slot: int) -> None:
        self._measures.pop(slot, None)
        self._guides.pop(slot, None)

    def solve(self, order: list[int], positions: NDArray[np.float64]) -> Solution:
        kept = [self._measures[slot] for slot in order]
        if len(kept) == 1:
            shape = self._size[::-1]
            return Solution(np.full(shape, positions[0], np.float32), np.zeros(shape, np.float32))
        settings, tolerance = self._settings, self._settings.model_tolerance
        blur_scale = settings.blur_scale or estimate_blur_scale(
            kept, positions, tolerance, self._cell
        )
        merged, places = merge_close_slices(kept, positions, blur_scale)
        measures = np.stack(merged, axis=1)
        count = max(settings.candidates, len(places))
        templates = focus_templates(tuple(places.tolist()), count, blur_scale, len(measures))
        evidence = share_evidence(log_likelihood(measures, templates, tolerance, self._cell))
        candidates = np.linspace(places[0], places[-1], count).astype(np.float32)
        position, posterior, gain = peak_of(evidence, candidates)
        decided = decisiveness(gain)
        confidence = calibrated_confidence(position, posterior) * decided
        confidence *= shows_something(measures)
        step = DEPTH_STEP * float(candidates[-1] - candidates[0])
        cell, size = self._cell, self._size
        if settings.outlines == "image":
            guides = [self._guides[slot] for slot in order]
            sure = posterior * decided
            grown = refined_outlines(position, sure, guides, positions, cell, size, step)
        else:
            grown = upsample_position(position, cell, size, step)
        return Solution(grown, upsample(confidence, self._cell, self._size))


def log_likelihood(
    measures: FloatArray, templates: FloatArray, tolerance: float, cell: int = REFERENCE_CELL
) -> FloatArray:
    """Log-likelihood ratio of every candidate against "no texture": float32 rows x columns x D.

    `measures`: levels x S x rows x columns; `templates`: levels x S x D, zero mean and unit norm
    over S. Deviations from a template are Gaussian: noise in proportion to the measure's floor,
    and `tolerance` times the curve's own amplitude. A larger `cell` (px) averages more samples.
    """
    slices = measures.shape[1]
    mean = measures.mean(axis=1)
    energy = np.einsum("lsij,lsij->lij", measures, measures) - slices * np.square(mean)
    shares = np.array(NOISE_SHARE[: len(measures)], np.float32)[:, None, None]
    shares *= np.float32(REFERENCE_CELL / cell)
    noise = np.square(shares * (measures.min(axis=1) + np.float32(QUANTISATION)))
    precision = 0.5 / (noise + np.float32(tolerance**2) * np.maximum(energy, 0))
    # A scaled measure squares to a scaled log-likelihood: scale S numbers per cell, not D.
    scaled = (measures * np.sqrt(precision)[:, None]).transpose(0, 2, 3, 1)
    total: FloatArray | None = None
    for level, template in zip(scaled, templates, strict=True):
        # One small product per row: a single large one would wake BLAS threads, which
        # costs more than the product itself where the cores are busy.
        match = np.matmul(level, template)
        np.maximum(match, 0, out=match)
        np.square(match, out=match)
        total = match if total is None else np.add(total, match, out=total)
    assert total is not None
    return total


def share_evidence(evidence: FloatArray) -> FloatArray:
    """Adds to each cell's log-likelihoods (rows x columns x D) the means of wider windows."""
    shared = evidence.copy()
    for side, weight in WINDOWS[1:]:
        window = cv2.boxFilter(evidence, cv2.CV_32F, (side, side))
        cv2.scaleAdd(window, weight, shared, shared)
    return shared


def peak_of(
    evidence: FloatArray, candidates: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """The best candidate with sub-step precision, the probability that it is within 10 %, and how
    far its log-likelihood stands above the mean of all candidates.

    `evidence`: rows x columns x D; `candidates`: D ascending, evenly spaced. Returns three
    float32 arrays of rows x columns.
    """
    rows, columns, count = evidence.shape
    step = candidates[1] - candidates[0]
    flat = evidence.reshape(-1, count)
    best = np.argmax(flat, axis=1)
    inner = np.clip(best, 1, count - 2)
    base = np.arange(0, flat.size, count) + inner
    before, middle, after = flat.take(base - 1), flat.take(base), flat.take(base + 1)
    bend = np.minimum(before - 2 * middle + after, np.float32(-1e-6))
    offset = np.clip(0.5 * (before - after) / bend, -1, 1)
    position = candidates[best] + np.where(best == inner, offset * step, 0)
    top = flat.take(np.arange(0, flat.size, count) + best)
    gain = np.maximum(top - np.einsum("nd->n", flat) / np.float32(count), 0)
    weights = flat - top[:, None]
    # exp() of very negative numbers gives subnormal floats, with which processors are slow.
    np.exp(np.maximum(weights, np.float32(-30), out=weights), out=weights)
    near = _near_candidates(float(candidates[0]), float(candidates[-1]), count)
    inside = np.einsum("nd,nd->n", weights, near[best])
    confidence = inside / np.einsum("nd->n", weights)
    shape = (rows, columns)
    position = position.astype(np.float32)
    return position.reshape(shape), confidence.reshape(shape), gain.reshape(shape)


def calibrated_confidence(position: FloatArray, posterior: FloatArray) -> FloatArray:
    """Probability that the depth is within 10 %: the posterior, less where neighbours disagree.

    Near a depth edge a cell holds two distances, which the posterior of one cannot know. A
    logistic curve over the posterior's log-odds and the spread of the 3 x 3 neighbours, in tenths
    of the position, fitted on path-traced stacks (`benchmarks/confidence.py`).
    """
    highest, lowest = cv2.dilate(position, _NEIGHBOURS), cv2.erode(position, _NEIGHBOURS)
    tenth = np.float32(0.1) * np.maximum(position, np.float32(1e-3))
    spread = np.log1p((highest - lowest) / tenth)
    odds = np.clip(posterior, 1e-4, 1 - 1e-4)
    log_odds = np.clip(np.log(odds / (1 - odds)), -6, 6)
    offset, slope, spread_slope = CONFIDENCE_CURVE
    confidence: FloatArray = 1 / (1 + np.exp(-(offset + slope * log_odds + spread_slope * spread)))
    return confidence.astype(np.float32, copy=False)


def decisiveness(gain: FloatArray) -> FloatArray:
    """0 where no candidate is likelier than another (blank slices), else nearly 1.

    There every candidate ties, neighbours agree on the same one, and no calibration curve can
    tell. `gain`: the peak's log-likelihood over the mean, any shape, as `peak_of` gives it.
    """
    decided: FloatArray = 1 - np.exp(gain * np.float32(-1.0 / LEAST_EVIDENCE))
    return decided


def shows_something(measures: FloatArray) -> FloatArray:
    """1, and 0 where no slice has any sharpness at all, rows x columns: no camera's noise is so
    low, but what is black, burnt out or drawn is. `measures`: levels x S x rows x columns.
    """
    return np.asarray(measures[0].max(axis=0) > LEAST_SHARPNESS, np.float32)


@lru_cache(maxsize=64)
def _near_candidates(first: float, last: float, count: int) -> FloatArray:
    """Row i is 1 where a candidate lies within 10 % (or half a step) of candidate i: D x D."""
    candidates = np.linspace(first, last, count)
    reach = np.maximum(0.1 * candidates, 0.5 * (candidates[1] - candidates[0]) * 1.001)
    near = np.abs(candidates[None, :] - candidates[:, None]) <= reach[:, None]
    return np.asarray(near, np.float32)


@lru_cache(maxsize=64)
def focus_templates(
    positions: tuple[float, ...], count: int, blur_scale: float, levels: int
) -> FloatArray:
    """The focus curve of each candidate: float32 levels x S x D, zero mean, unit norm over S.

    Curves over two slices differ by nothing but their height, which the norm takes away: a trace
    of it is left, so that the sharper slice is the peak, and not the first of many equals.
    """
    places = np.array(positions)
    candidates = np.linspace(places[0], places[-1], count)
    radius = 0.5 * blur_scale * np.abs(candidates[None, :] - places[:, None])
    curves = []
    for level in range(levels):
        curve = 1.0 / (1.0 + (radius / (HALF_RESPONSE_RADIUS * 2**level)) ** FALL_EXPONENT)
        curve -= curve.mean(axis=0)
        norm = np.linalg.norm(curve, axis=0)
        if len(places) == 2:
            norm += TRACE_OF_HEIGHT * norm.max()
        curves.append(curve / np.maximum(norm, 1e-9))
    return np.stack(curves).astype(np.float32)


def estimate_blur_scale(
    kept: list[FloatArray],
    positions: NDArray[np.float64],
    tolerance: float,
    cell: int = REFERENCE_CELL,
) -> float:
    """The blur disc's diameter per unit of position that explains the stack best.

    `kept`: S times levels x rows x columns. Tried on a fixed subset of cells, over powers of
    sqrt(2) of the disc at full sweep.
    """
    rows, columns = kept[0].shape[1:]
    every = max(1, round((rows * columns / BLUR_SCALE_CELLS) ** 0.5))
    sample = np.stack([item[:, every // 2 :: every, every // 2 :: every] for item in kept], axis=1)
    scales, templates = _trial_templates(tuple(positions.tolist()), len(sample))
    likelihood = log_likelihood(sample, templates, tolerance, cell)
    best = likelihood.reshape(-1, len(scales), TRIAL_CANDIDATES).max(axis=2).sum(axis=0)
    return float(scales[int(np.argmax(best))])


@lru_cache(maxsize=16)
def _trial_templates(
    positions: tuple[float, ...], levels: int
) -> tuple[NDArray[np.float64], FloatArray]:
    scales = 2.0 ** (np.arange(2, 14) / 2) / (positions[-1] - positions[0])
    count = TRIAL_CANDIDATES
    parts = [focus_templates(positions, count, float(scale), levels) for scale in scales]
    return scales, np.concatenate(parts, axis=2)


def merge_close_slices(
    kept: list[FloatArray], positions: NDArray[np.float64], blur_scale: float
) -> tuple[list[FloatArray], NDArray[np.float64]]:
    """Slices within a fraction of the depth of field of each other count as one, their mean.

    A sweep of many slices then costs no more than the lens can tell apart, and the mean has less
    noise. `kept`: S times levels x rows x columns; `positions`: S ascending. Returns both with
    S' <= S; the ends of the sweep stay slices of their own.
    """
    span = positions[-1] - positions[0]
    bins = max(MINIMUM_BINS, math.ceil(0.5 * blur_scale * span / MERGE_RADIUS))
    if len(positions) <= 1.5 * bins:
        return kept, positions
    group = np.floor((positions - positions[0]) / span * bins * (1 - 1e-9)).astype(np.intp) + 1
    group[0], group[-1] = 0, bins + 1
    members = [np.flatnonzero(group == number) for number in np.unique(group)]
    merged = [_mean([kept[i] for i in indices]) for indices in members]
    return merged, np.array([positions[indices].mean() for indices in members])


def _mean(items: list[FloatArray]) -> FloatArray:
    if len(items) == 1:
        return items[0]
    total = items[0] + items[1]
    for item in items[2:]:
        total += item
    total *= np.float32(1.0 / len(items))
    return total

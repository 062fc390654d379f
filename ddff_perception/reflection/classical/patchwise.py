"""Incidence and axis that vary over the image: near panes, wide lenses, curved glass."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ...optics.polarization import Stokes, stokes_from_images
from ...parameters import parameter
from ...types import FloatArray, LayerPair, PolarizedImages
from .layers import (
    AnalysisSettings,
    Light,
    SurfaceSettings,
    axis_deg,
    bounded_layers,
    reduced_light,
    reflectances,
    saturated,
    stokes_weights,
    transmission_gains,
    unseparated,
)
from .uniform import IncidenceSettings

_STEP_DEG = 2.0
# Cells of the grid of patches are this many pixels of the reduced images wide.
CELL = 4
# Share of the whole image's statistics in every patch: what a patch without texture goes by.
_PRIOR = 0.1
# Departure from the surroundings that costs `smoothness`, per pass; the last is the described one.
_REACHES_DEG = (40.0, 20.0, 10.0, 10.0)


@dataclass(frozen=True)
class KongSettings(AnalysisSettings, IncidenceSettings, SurfaceSettings):
    """Values of `kong`."""

    patch: float = parameter(
        0.12,
        "Size (standard deviation of the window) of a patch, as a share of the width",
        limits=(0.02, 1.0),
    )
    smoothness: float = parameter(
        0.5,
        "Weight of one step of 10 degrees between neighbouring patches against a layer "
        "that is a copy of the other",
        limits=(0.0, 100.0),
    )


@dataclass(frozen=True, slots=True)
class GeometryMap:
    """Incidence and φ⊥, degrees, each h x w float32 on a grid over the image; `overlap`: how far
    the layers that they give share gradients, 0..1.
    """

    incidence_deg: FloatArray
    perpendicular_deg: FloatArray
    overlap: FloatArray


def kong(images: PolarizedImages, settings: KongSettings) -> LayerPair:
    """Layers of a surface whose incidence and plane of incidence vary slowly over the image.

    Source: after Kong, Tai, Shin, "A physically-based approach to reflection separation: from
    physical modeling to constrained optimization", TPAMI 36 (2014): incidence and φ⊥ per patch,
    smooth over patches, such that the gradients of the layers exclude each other. Here windows
    overlap, the statistic is Σ|∇T ∇R| / sqrt(Σ|∇T|² Σ|∇R|²) per patch and incidence, and a
    search with a quadratic pull towards the neighbours stands in for the paper's optimization of
    both full layers, which takes hours.

    Assumes: as `schechner`, but flatness; edges of both layers in most patches.
    Ambiguity: scale and sign as `schechner`; which of two axes reflects is decided once for the
    image. Where a patch has no texture its surroundings decide.
    Confidence: what the noise leaves; 0 where saturated, and all over where nothing is polarized.
    Cost at 640 x 512: 13 ms grey, 33 ms colour (two cores of a server).
    """
    light = reduced_light(images, settings)
    axis = axis_deg(images, light, settings.plane)
    if not light.polarized:
        return unseparated(images)
    found = find_geometry_map(light, axis, settings)
    g, h = transmission_gains(*reflectances(found.incidence_deg, settings))
    double = np.radians(2 * found.perpendicular_deg)
    rows = np.stack([g, -h * np.cos(double), -h * np.sin(double)]).astype(np.float32) / 2
    weights = stokes_weights(images.angles_deg)
    spread = np.sqrt(np.einsum("ihw,ij,jhw->hw", rows, weights @ weights.T, rows))
    height, width = images.images[0].shape[:2]
    full = [_enlarged(part, width, height) for part in (*rows, settings.noise * spread)]
    stokes = stokes_from_images(images.images, images.angles_deg)
    return _mixed(stokes, full, saturated(images))


def _mixed(stokes: Stokes, full: list[FloatArray], clipped: NDArray[np.bool_]) -> LayerPair:
    gains = full[:3] if stokes.s0.ndim == 2 else [cv2.merge([part] * 3) for part in full[:3]]
    transmission = stokes.s0 * gains[0]
    transmission += np.multiply(stokes.s1, gains[1], out=stokes.s1)
    transmission += np.multiply(stokes.s2, gains[2], out=stokes.s2)
    mean = stokes.s0 * np.float32(0.5)
    return bounded_layers(mean, transmission, full[3], clipped)


def find_geometry_map(light: Light, axis: float, settings: KongSettings) -> GeometryMap:
    """Incidence and φ⊥ per patch of `light`, φ⊥ near `axis` or (plane "search") across it."""
    height, width = light.usable.shape
    window = settings.patch * width / CELL
    axes = _local_axes(light, axis, window)
    double = np.radians(2 * _enlarged(axes, width, height))
    stokes = light.stokes
    difference = (stokes.s1 * np.cos(double) + stokes.s2 * np.sin(double)) / np.float32(2)
    edges = slopes(stokes.s0 * np.float32(0.5), difference, light.usable)
    low, high = settings.min_incidence, settings.max_incidence
    angles = np.arange(low, high + 1e-9, _STEP_DEG)
    sides = (1, -1) if settings.plane == "search" else (1,)
    gains = [transmission_gains(*reflectances(float(angle), settings)) for angle in angles]
    costs = {side: _overlap(edges, side, gains, window) for side in sides}
    side = min(sides, key=lambda s: float(costs[s].min(axis=0).mean()))
    incidence = _smooth_minimum(costs[side], angles, window, settings.smoothness)
    return GeometryMap(
        incidence,
        axes if side > 0 else axes + np.float32(90),
        np.asarray(costs[side].min(axis=0), np.float32),
    )


def _local_axes(light: Light, axis: float, window: float) -> FloatArray:
    """Per cell, the axis within 45 degrees of `axis` along or across which light is polarized."""
    double = np.radians(4 * axis)
    x, y = light.stokes.s1 * light.usable, light.stokes.s2 * light.usable
    along = pooled(x * x - y * y, window)
    across = pooled(2 * x * y, window)
    cosine, sine = np.float32(np.cos(double)), np.float32(np.sin(double))
    turned = np.arctan2(across * cosine - along * sine, along * cosine + across * sine)
    return np.asarray(axis + np.degrees(turned) / 4, np.float32)


def _overlap(
    slopes: list[tuple[FloatArray, FloatArray]],
    side: int,
    gains: list[tuple[NDArray[np.floating], NDArray[np.floating]]],
    window: float,
) -> FloatArray:
    """Σ|∇T ∇R| / sqrt(Σ|∇T|² Σ|∇R|²) per candidate (g, h) and cell: (K, h, w). `side` is -1 for
    φ⊥ across the axis that d was taken along.
    """
    (m_down, d_down), (m_right, d_right) = slopes
    mm = pooled(m_down * m_down + m_right * m_right, window)
    md = pooled(m_down * d_down + m_right * d_right, window)
    dd = pooled(d_down * d_down + d_right * d_right, window)
    costs = []
    for gain_m, gain_d in gains:
        g, h = np.float32(gain_m), np.float32(side * gain_d)
        down = (g * m_down - h * d_down) * ((1 - g) * m_down + h * d_down)
        right = (g * m_right - h * d_right) * ((1 - g) * m_right + h * d_right)
        shared = np.abs(down) + np.abs(right)
        first = g * g * mm - 2 * g * h * md + h * h * dd
        second = (1 - g) ** 2 * mm + 2 * (1 - g) * h * md + h * h * dd
        scale = np.sqrt(np.maximum(first * second, np.float32(1e-20)))
        costs.append(pooled(shared, window) / scale)
    return np.stack(costs)


def slopes(
    mean: FloatArray, difference: FloatArray, usable: NDArray[np.bool_]
) -> list[tuple[FloatArray, FloatArray]]:
    """Differences of (m, d) to the lower and to the right neighbour, h x w, 0 where not usable."""
    both = []
    for axis in (0, 1):
        known = usable & np.roll(usable, -1, axis=axis)
        parts = (np.diff(p, axis=axis, append=p.take([-1], axis=axis)) for p in (mean, difference))
        m, d = (np.asarray(part * known, np.float32) for part in parts)
        both.append((m, d))
    return both


def pooled(image: FloatArray, window: float) -> FloatArray:
    """Means over windows (standard deviation `window` cells) and a share of the whole mean."""
    size = tuple(max(1, length // CELL) for length in image.shape[::-1])
    cells = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    local = cv2.GaussianBlur(cells, (0, 0), window, borderType=cv2.BORDER_REFLECT)
    return np.asarray(local + np.float32(_PRIOR) * cells.mean(), np.float32)


def _smooth_minimum(
    costs: FloatArray, angles: NDArray[np.float64], window: float, smoothness: float
) -> FloatArray:
    """Per cell the angle of least cost plus a pull towards the mean angle around it.

    From the whole image's angle on, with a pull that gets tighter: a patch often has a second
    minimum, steep against grazing incidence.
    """
    column = angles.astype(np.float32)[:, None, None]
    # Sharper minima weigh more in the mean around them.
    weight = costs.mean(axis=0) - costs.min(axis=0) + np.float32(1e-6)
    around = np.full(weight.shape, angles[costs.mean(axis=(1, 2)).argmin()], np.float32)
    for reach in _REACHES_DEG:
        pulled = costs + np.float32(smoothness) * np.square((column - around) / np.float32(reach))
        found = _between_steps(pulled, angles)
        around = _blurred(found * weight, window) / _blurred(weight, window)
    return np.asarray(around, np.float32)


def _between_steps(costs: FloatArray, angles: NDArray[np.float64]) -> FloatArray:
    """Per cell, the vertex of the parabola through the least of `costs` (K, h, w) and its two
    neighbours; the least itself at either end.
    """
    best = costs.argmin(axis=0)[None]
    last = len(angles) - 1
    before, least, after = (
        np.take_along_axis(costs, np.clip(best + step, 0, last), axis=0)[0] for step in (-1, 0, 1)
    )
    curvature = before - 2 * least + after
    inside = (best[0] > 0) & (best[0] < last) & (curvature > 0)
    offset = np.where(inside, (before - after) / np.where(inside, 2 * curvature, 1), 0)
    return np.asarray(angles[0] + (best[0] + offset) * _STEP_DEG, np.float32)


def _blurred(image: FloatArray, window: float) -> FloatArray:
    return np.asarray(cv2.GaussianBlur(image, (0, 0), max(window, 0.5)), np.float32)


def _enlarged(image: FloatArray, width: int, height: int) -> FloatArray:
    return np.asarray(
        cv2.resize(image.astype(np.float32), (width, height), interpolation=cv2.INTER_LINEAR)
    )

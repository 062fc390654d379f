"""The surface in a training sample: its geometry, its index, and the ghost of its second face."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from ...optics.pane_geometry import PaneGeometry, pane_view, parabola_view
from ...types import FloatArray

Rng = np.random.Generator


@dataclass(frozen=True, slots=True)
class SurfaceSettings:
    """`curved` (LCG): share of the samples whose surface is not flat. `incidence_deg`: range of
    the incidence in the middle. `face`: share with one face (water) in place of a pane of two.
    `ghost_px`: largest shift between the reflections of a pane's two faces. `bordered`: share of
    views past the border of the surface (`data_device_surface` alone).
    """

    curved: float = 0.5
    incidence_deg: tuple[float, float] = (8.0, 80.0)
    face: float = 0.0
    ghost_px: float = 1.5
    bordered: float = 0.0


@dataclass(frozen=True, slots=True)
class Surface:
    """`ghost_px`: (x, y) that the second face shifts its reflection; 0 of a single face."""

    geometry: PaneGeometry
    refractive_index: float
    pane: bool
    ghost_px: tuple[float, float]


def random_surface(rng: Rng, size: int, settings: SurfaceSettings) -> Surface:
    """A flat pane before a pinhole camera, a bent one, or a parabola (the paper's), on a grid of
    `size` x `size` points.
    """
    incidence = rng.uniform(*settings.incidence_deg)
    # All around: half of it would let the incidence rise to one side of the images only.
    axis = rng.uniform(0, 360)
    view = float(np.exp(rng.uniform(np.log(2), np.log(40))))
    curved = rng.random() < settings.curved
    if curved and rng.random() < 0.4:
        geometry = _random_parabola(rng, size, axis)
    else:
        bend = rng.uniform(-20, 20) if curved else 0.0
        geometry = pane_view((size, size), view, incidence, axis, bend)
    pane = rng.random() >= settings.face
    shift = rng.uniform(0, settings.ghost_px) if pane else 0.0
    across = np.radians(geometry.perpendicular_deg[size // 2, size // 2] + 90)
    ghost = (float(shift * np.cos(across)), float(shift * np.sin(across)))
    index = rng.uniform(1.45, 1.55) if pane else rng.uniform(1.3, 1.55)
    return Surface(geometry, index, pane, ghost)


def shifted(layer: FloatArray, shift_px: tuple[float, float]) -> FloatArray:
    """`layer` moved by (x, y) pixels, mirrored at the border."""
    if shift_px == (0.0, 0.0):
        return layer
    matrix = np.array([[1, 0, shift_px[0]], [0, 1, shift_px[1]]])
    size = layer.shape[1], layer.shape[0]
    return np.asarray(
        cv2.warpAffine(layer, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT),
        np.float32,
    )


def _random_parabola(rng: Rng, size: int, axis: float) -> PaneGeometry:
    """A piece of y = x^2 that the camera sees at incidences of a spread that glass has."""
    for _ in range(20):
        start, length = rng.uniform(-1.5, 1.5), rng.uniform(0.1, 1.0)
        # From inside (above) it is concave, from outside convex.
        away = rng.uniform(0.5, 4.0) * rng.choice([-1.0, 1.0])
        middle = start + length / 2
        turn = np.radians(rng.uniform(-80, 80))
        normal = np.array([-2 * middle, 1.0]) / np.hypot(2 * middle, 1.0)
        tangent = np.array([normal[1], -normal[0]])
        place = np.array([middle, middle**2]) + away * (
            np.cos(turn) * normal + np.sin(turn) * tangent
        )
        found = parabola_view((size, size), (place[0], place[1]), (start, start + length), axis)
        if np.ptp(found.incidence_deg) < 45 and found.incidence_deg.max() < 84:
            break
    return found

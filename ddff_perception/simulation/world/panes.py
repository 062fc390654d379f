"""Panes of glass right before a camera: tilted over the whole view, or with borders in it."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...optics.pane_geometry import pane_frame
from ...types import FloatArray
from ..rendering.shapes import Mesh, quad
from .cameras import Viewpoint

_PARTLY = 0.4
_FARTHEST_M = 0.5
_NEAREST_M = 0.03
_STEEPEST_DEG = 72.0
_MARGIN_DEG = 6.0


def pane_before(
    viewpoint: Viewpoint, depth: FloatArray, rng: np.random.Generator
) -> tuple[Mesh, dict[str, Any]]:
    """A flat pane that stands before most of what has that `depth` (H x W, metres), and its facts.

    `incidence_deg` of the ray through its middle, `plane_deg` (direction perpendicular to the plane
    of incidence, from the image's x axis towards y down; level or upright in most cases),
    `partly`: whether it has borders in the view.
    """
    near = np.percentile(np.minimum(depth, 100.0), 5)
    distance = float(np.clip(near * rng.uniform(0.2, 0.7), _NEAREST_M, _FARTHEST_M))
    half_view = np.radians(viewpoint.fov_deg / 2)
    partly = bool(rng.random() < _PARTLY)
    incidence = float(rng.triangular(5, 52, _STEEPEST_DEG))
    if not partly:
        # A pane that rays at the rim miss would end in the view.
        most = 90 - np.degrees(np.arctan(1.25 * np.tan(half_view))) - _MARGIN_DEG
        incidence = min(incidence, float(most))
    upright = float(rng.choice([0.0, 90.0]) + rng.normal(0, 8))
    plane = (upright if rng.random() < 0.7 else float(rng.uniform(0, 180))) % 180
    frame = pane_frame(incidence, plane if rng.random() < 0.5 else plane + 180)
    middle = np.array([0.0, 0.0, distance])
    reach = distance * np.tan(half_view)
    if partly:
        middle += reach * np.array([*rng.uniform(-0.7, 0.7, 2), 0.0])
        # Borders run in any direction.
        turn = rng.uniform(0, np.pi)
        c, s = np.cos(turn), np.sin(turn)
        frame = frame @ np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]])
        sides = reach * rng.uniform(0.5, 1.6, 2)
    else:
        sides = np.full(2, 40 * reach)
    along, up = (2 * side * frame[:, axis] for axis, side in enumerate(sides))
    mesh = quad(list(middle - (along + up) / 2), list(along), list(up))
    mesh = mesh.rotated(viewpoint.pose[:3, :3]).moved(*viewpoint.pose[:3, 3])
    facts = {"incidence_deg": incidence, "plane_deg": plane, "partly": partly}
    return mesh, {**facts, "distance_m": distance}

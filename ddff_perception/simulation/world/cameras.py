"""Where cameras stand: on robots, in hands, on benches; and whether a view is worth rendering."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...types import CameraModel, FloatArray
from ..classes import UNLABELLED
from .maker import Maker
from .plan import FloorPlan

CARRIERS = ("robot", "hand", "bench")
_NEAREST_M = 0.25
_MOST_NEAR = 0.1
_MOST_ONE_CLASS = 0.62
_FEWEST_CLASSES = 4


@dataclass(frozen=True, slots=True)
class Viewpoint:
    """A camera's `pose` (4, 4: its optical frame to the world), its intrinsics for an image of any
    size as horizontal field of view in degrees, and what carries it.
    """

    pose: NDArray[np.float64]
    fov_deg: float
    carrier: str

    def camera(self, width: int, height: int, aperture_m: float | None = None) -> CameraModel:
        """The intrinsics for that image size."""
        focal = width / 2 / np.tan(np.radians(self.fov_deg) / 2)
        middle = ((width - 1) / 2, (height - 1) / 2)
        return CameraModel(width, height, float(focal), float(focal), *middle, aperture_m)


def look_at(
    eye: tuple[float, float, float], target: tuple[float, float, float], roll: float = 0.0
) -> NDArray[np.float64]:
    """The pose of a camera at `eye` that looks at `target`, its horizon turned by `roll` rad."""
    forward = np.asarray(target, np.float64) - eye
    forward /= np.linalg.norm(forward)
    up = np.array([0.0, 0.0, 1.0]) if abs(forward[2]) < 0.999 else np.array([0.0, 1.0, 0.0])
    right = np.cross(forward, up)
    right /= np.linalg.norm(right)
    down = np.cross(forward, right)
    c, s = np.cos(roll), np.sin(roll)
    pose = np.eye(4)
    pose[:3, :3] = np.stack([c * right + s * down, c * down - s * right, forward], axis=1)
    pose[:3, 3] = eye
    return pose


def room_viewpoint(maker: Maker, plan: FloorPlan, carrier: str) -> Viewpoint:
    """A random viewpoint in a room, looking at something that stands there or anywhere."""
    target = _target(maker, plan, carrier)
    farthest = maker.uniform(1.3, max(6.0, 0.9 * max(plan.width, plan.depth)))
    for _ in range(60):
        x, y = maker.uniform(0.12, plan.width - 0.12), maker.uniform(0.12, plan.depth - 0.12)
        if carrier == "robot":
            z = maker.uniform(0.15, 1.8)
        else:
            z = maker.uniform(1.0, 1.8) if carrier == "hand" else maker.uniform(0.6, 1.4)
        z = min(z, plan.height - 0.2)
        blocked = any(
            t.x0 - 0.15 < x < t.x1 + 0.15 and t.y0 - 0.15 < y < t.y1 + 0.15 and t.height > z - 0.2
            for t in plan.taken
        )
        if not blocked and np.hypot(target[0] - x, target[1] - y) < farthest:
            break
    if np.hypot(target[0] - x, target[1] - y) < 0.3:
        target = (plan.width - x, plan.depth - y, target[2])
    lean = {"robot": 0.03, "hand": 0.12, "bench": 0.01}[carrier]
    roll = float(maker.rng.normal(0, lean))
    if carrier == "robot" and maker.chance(0.08):
        roll += float(maker.rng.choice([-1, 1])) * maker.uniform(0.1, 0.4)
    shift = maker.rng.normal(0, 0.12, 3) * np.hypot(target[0] - x, target[1] - y)
    aimed = (target[0] + shift[0], target[1] + shift[1], target[2] + shift[2])
    return Viewpoint(look_at((x, y, z), aimed, roll), maker.uniform(45, 90), carrier)


def _target(maker: Maker, plan: FloorPlan, carrier: str) -> tuple[float, float, float]:
    if plan.outlooks and maker.chance(0.2):
        return plan.outlooks[0]
    if plan.taken and maker.chance(0.85):
        # By the root of what they cover: beds and sofas are looked at more than bins are.
        sizes = np.array([(t.x1 - t.x0) * (t.y1 - t.y0) for t in plan.taken])
        weights = np.sqrt(np.maximum(sizes, 0.01))
        chosen = plan.taken[int(maker.rng.choice(len(plan.taken), p=weights / weights.sum()))]
        high = 1.0 if carrier == "bench" else maker.uniform(0.2, 1.0)
        x, y = (chosen.x0 + chosen.x1) / 2, (chosen.y0 + chosen.y1) / 2
        return x, y, chosen.height * high
    z = maker.uniform(0.1, plan.height - 0.3)
    return maker.uniform(0, plan.width), maker.uniform(0, plan.depth), z


def view_penalty(depth: FloatArray, classes: NDArray[np.uint8], labelled: bool) -> float:
    """How far a view is from one worth rendering, 0 if it is: too much is too near, or, where
    scenes are `labelled`, one class fills the image or there are few.
    """
    near = float((depth < _NEAREST_M).mean())
    penalty = max(0.0, near - _MOST_NEAR) * 4
    if labelled:
        share = np.bincount(classes.ravel(), minlength=256) / classes.size
        known = share[:UNLABELLED]
        penalty += max(0.0, float(known.max()) - _MOST_ONE_CLASS)
        penalty += 0.2 * max(0, _FEWEST_CLASSES - int((known > 0.01).sum()))
        penalty += max(0.0, float(share[UNLABELLED]) - 0.3)
    return penalty

"""Bursts to learn from of recorded frames and their sharp ones: crops that follow the motion."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..capture.rolling_burst import RollingBurst
from ..capture.settings import BurstSettings
from .exposures import Burst

_STEP_NS = 10_000_000
Frame = NDArray[np.uint8]


def recorded_burst(
    frames: Sequence[tuple[Frame, Frame]], size: int, rng: np.random.Generator
) -> Burst | None:
    """A burst of blurred and sharp frames in time (H x W x 3 uint8 BGR), each `size` pixels wide;
    how they lie is found as a camera's capture finds it. None where they do not lie over each
    other (a cut), or are smaller.
    """
    height, width = frames[0][0].shape[:2]
    if min(height, width) < size:
        return None
    rolling = RollingBurst(
        BurstSettings(frames=len(frames), sharp_below=0.0, hopeless_above=1.0, max_age_s=60.0)
    )
    for number, (image, _) in enumerate(frames):
        rolling.take((number + 1) * _STEP_NS, image)
    sources = rolling.seen().sources
    if len(sources) < len(frames):
        return None
    middle = np.array([*(rng.uniform(size / 2, n - size / 2) for n in (width, height)), 1.0])
    blurred, sharp, matrices, corners = [], [], [], []
    for (image, truth), source in zip(frames, reversed(sources), strict=True):
        there = source.matrix @ middle
        corner = np.rint(there[:2] / there[2] - size / 2)
        x, y = (int(v) for v in np.clip(corner, 0, (width - size, height - size)))
        crop = np.eye(3)
        crop[:2, 2] = (-x, -y)
        blurred.append(image[y : y + size, x : x + size])
        sharp.append(truth[y : y + size, x : x + size])
        matrices.append((crop @ source.matrix).astype(np.float32))
        corners.append(np.array([x, y], np.float32))
    return Burst(np.stack(blurred), np.stack(sharp), np.stack(matrices), np.stack(corners))

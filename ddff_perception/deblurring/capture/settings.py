"""What can be set about the burst."""

from __future__ import annotations

from dataclasses import dataclass

from ...capture.alignment_settings import flow_smoothing
from ...parameters import Settings, parameter

ALIGNMENTS = ("none", "homography", "flow")


@dataclass(frozen=True)
class BurstSettings(Settings):
    """Which frames are used together, and how they are laid over the newest one."""

    frames: int = parameter(
        3,
        "newest frames that are used together, at most",
        limits=(1, 32),
    )
    max_age_s: float = parameter(1.0, "frames older than this are left out", "s", (0.0, 60.0))
    alignment: str = parameter(
        "homography",
        "how frames are laid over the newest one: none (camera at rest), homography (rotation, or "
        "a scene far away or flat) or flow (dense optical flow after it)",
        choices=ALIGNMENTS,
    )
    alignment_size: int = parameter(
        480, "frames are shrunken to this longest side to find how they lie", "px", (64, 4096)
    )
    flow_smoothing: float = flow_smoothing()
    sharp_below: float = parameter(
        0.35,
        "a frame whose blur score is below is sharp, where none of the others is clearly sharper: "
        "it is handed on untouched; 0: none is",
        limits=(0.0, 1.0),
    )
    hopeless_above: float = parameter(
        0.15,
        "earlier frames whose blur score is higher than the newest frame's by more are left out",
        limits=(0.0, 1.0),
    )
    exposure_limit: float = parameter(
        1.5,
        "frames brighter or darker than the newest by more than this factor are forgotten; up to "
        "it they are scaled to its brightness",
        limits=(1.0, 100.0),
    )
    difference_limit: float = parameter(
        0.04,
        "difference of smoothed frames, 1 is full range, at which a pixel counts half: what moves "
        "by itself differs by more",
        limits=(0.001, 1.0),
    )

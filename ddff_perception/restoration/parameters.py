"""Which of the node's parameters the restoration pipeline reads."""

from __future__ import annotations

from dataclasses import dataclass

from ..parameters import ParameterTable, Settings, parameter
from .classical.enlargement import EnlargementSettings
from .estimation.seen import SeenSettings
from .methods import METHODS


@dataclass(frozen=True)
class OutputSettings(Settings):
    """What becomes of what a method finds."""

    strength: float = parameter(
        1.0,
        "share of the change that is made: 0 hands the image on, 1 is the method's own result",
        limits=(0.0, 1.0),
    )
    keep_clean: bool = parameter(
        True,
        "images with which nothing is wrong are handed on as they came, unless a method is told "
        "what is; of a network, those in which it finds nothing itself. Without it "
        "seen.noise_least and seen.blur_least_px do not hold: the least is undone",
    )
    bit_depth: int = parameter(
        0,
        "bits that the camera fills of 16, counted from the lowest; 0 is all, and what has 8",
        "bit",
        (0, 16),
    )


def pipeline_parameters(*methods: str) -> ParameterTable:
    """What says how images are restored, where the method is one of these (all if none).

    `method` itself is not among it.
    """
    return (
        OutputSettings.table()
        + SeenSettings.table().prefixed("seen")
        + EnlargementSettings.table().prefixed("enlarge")
        + METHODS.parameters(*methods)
    )

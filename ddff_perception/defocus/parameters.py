"""What can be set about the lens and what is assumed, and which parameters the pipeline reads."""

from __future__ import annotations

from dataclasses import dataclass

from ..parameters import ParameterTable, Settings, parameter
from .methods import METHODS
from .sharpening import SharpeningSettings
from .solution import SIDES

# A lens set to so far shows infinity.
AT_INFINITY_M = 1e6


@dataclass(frozen=True)
class LensSettings(Settings):
    """What is known of the lens; `ddff calibrate defocus` measures it."""

    focus_distance_m: float = parameter(
        0.0,
        "distance that the lens is focused at, 1e6 at infinity; 0: focus_state tells",
        "m",
        (0.0, AT_INFINITY_M),
        dynamic=False,
    )
    aperture_m: float = parameter(
        0.0,
        "diameter of the entrance pupil (focal length / f-number); with the focal length of "
        "camera_info it tells how much is blurred; 0: not known",
        "m",
        (0.0, 1.0),
    )
    blur_per_dioptre_px: float = parameter(
        0.0,
        "diameter of the blur disc per dioptre of defocus, in pixels of the images as they come, "
        "in place of aperture_m; 0: not known",
        "px",
        (0.0, 1e6),
    )
    residual_px: float = parameter(
        1.8, "disc that the camera blurs by what is in focus", "px", (0.0, 20.0)
    )


@dataclass(frozen=True)
class AssumptionSettings(Settings):
    """What one image alone does not tell."""

    side: str = parameter(
        "both",
        "side of the plane in focus on which all lies: near (before it), far (behind it), or "
        "both: as the method finds, and where it cannot tell, behind with half the confidence",
        choices=SIDES,
    )
    motion_limit: float = parameter(
        1.5,
        "how much more one direction may be blurred than the one across it; over it the image "
        "counts as blurred by motion, and confidence is 0",
        limits=(1.0, 100.0),
    )


def pipeline_parameters(*methods: str) -> ParameterTable:
    """What says how an image becomes an estimate, where the method is one of these (all if none).

    `method` itself is not among it.
    """
    return (
        AssumptionSettings.table()
        + LensSettings.table().prefixed("lens")
        + SharpeningSettings.table().prefixed("sharpening")
        + METHODS.parameters(*methods)
    )

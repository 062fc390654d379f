"""What the node `depth_from_defocus` says of its lens and images, and what to do."""

from __future__ import annotations

from ..ros.health import Causes
from .solution import DefocusEstimate

CAUSES = Causes(
    inputs={
        "image_rect": "start the camera driver, or check its topic "
        "(`ros2 topic info --verbose image_rect`)",
        "focus_state": "let the driver publish it, or set lens.focus_distance_m",
    },
    faults={
        "capture: focus_invalid": "focus_state names no usable distance {count} times: set "
        "lens.focus_distance_m, or calibrate the lens (`ddff calibrate focus`)",
        "capture: motion_blurred": "{count} images are blurred by motion, not by defocus: their "
        "confidence is 0 (shorter exposure, more light, or burst_deblurring before this node)",
        "capture: time_jumps": "the images' stamps went back {count} times: starting anew",
        "capture: stamps_from_future": "{count} stamps lie far in the future, their images are "
        "left out: check the clock of the camera driver",
    },
    blocks={
        "capture: dropped_moving": "the lens moves in every image: let it rest",
        "dropped: engine not ready": "the engine is not ready (see the value engine): images are "
        "dropped until it is",
    },
)
# Discs under which all is sharp, and over which nothing is.
_ALL_SHARP_PX, _ALL_BLURRED_PX = 1.0, 6.0
_MOST_BEYOND = 0.1


def conditions(found: DefocusEstimate) -> dict[str, str]:
    """What is wrong with an image's lens or focus, by name; empty texts where nothing is."""
    lens, noticed = found.photograph.lens, found.noticed
    unknown = beyond = blurred = sharp = ""
    if not lens.complete:
        unknown = (
            "the lens is not known, so there is a defocus map but no depth: give its focus "
            "distance (focus_state or lens.focus_distance_m) and its aperture (lens.aperture_m "
            "with camera_info, or lens.blur_per_dioptre_px from `ddff calibrate defocus`)"
        )
    if noticed.beyond > _MOST_BEYOND:
        beyond = (
            f"{100 * noticed.beyond:.0f} % of the image is blurred more than anything behind the "
            "plane in focus can be: the focus distance or the blur scale is wrong, or side should "
            "not be far"
        )
    if noticed.sharpest_px > _ALL_BLURRED_PX:
        blurred = (
            f"nothing is in focus (discs from {noticed.sharpest_px:.0f} px on): check the focus "
            "distance"
        )
    if noticed.widest_px < _ALL_SHARP_PX:
        sharp = (
            "everything is sharp: depth is only known to lie within the depth of field (a wider "
            "aperture tells more)"
        )
    return {
        "lens unknown": unknown,
        "focus distance": beyond,
        "out of focus": blurred,
        "all sharp": sharp,
    }

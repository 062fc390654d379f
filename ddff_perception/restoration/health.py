"""What the node `image_restoration` says of its images, and what to do."""

from __future__ import annotations

from ..ros.health import Causes
from .solution import Degradation

CAUSES = Causes(
    faults={
        "capture: exposure_changes": "the brightness changed {count} times by more than a tenth: "
        "each time it was looked anew for what is wrong; fix the camera's exposure and gain if it "
        "goes on",
        "capture: size_changes": "the images changed their size or type {count} times",
        "capture: time_jumps": "the images' stamps went back {count} times: starting anew",
        "capture: stamps_from_future": "{count} stamps lie far in the future, their images are "
        "left out: check the clock of the camera driver",
    },
    blocks={
        "dropped: engine not ready": "the engine is not ready (see the value engine): images are "
        "dropped until it is",
    },
)
_MOST_LOST = 0.5


def conditions(seen: Degradation) -> dict[str, str]:
    """What no method can undo, by name; empty texts where there is nothing."""
    dark = saturated = unfilled = ""
    if seen.black > _MOST_LOST:
        dark = (
            f"{100 * seen.black:.0f} % of the image is black: there is nothing to restore (lens "
            "cap, exposure, gain)"
        )
    if seen.clipped > _MOST_LOST:
        saturated = (
            f"{100 * seen.clipped:.0f} % of the image is saturated: there is nothing to restore "
            "(shorter exposure, less gain)"
        )
    if seen.bits:
        unfilled = (
            f"the image holds {seen.bits} of 16 bits, and what is wrong with so dark a one is "
            f"hardly seen: set bit_depth to {seen.bits} if the camera has no more"
        )
    return {"black": dark, "saturated": saturated, "bits": unfilled}


def described(seen: Degradation) -> str:
    """What is wrong, in words."""
    names = {
        "demosaicking": "bilinear demosaicking",
        "noise": f"noise of {seen.noise_levels:.1f} steps",
        "jpeg": f"JPEG of quality {seen.compression.quality}",
        "blur": f"blur of {seen.blur_px:.1f} px",
    }
    return ", ".join(names[kind] for kind in seen.kinds) or "nothing"

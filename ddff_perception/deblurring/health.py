"""What the counters of `burst_deblurring` mean to its user, and what to do."""

from __future__ import annotations

from ..ros.health import Causes

CAUSES = Causes(
    faults={
        "capture: cuts": "{count} images could not be laid over the one before (a cut, fast motion "
        "or too little texture): each began a new burst (capture.alignment none for a camera at "
        "rest)",
        "capture: exposure_jumps": "the brightness changed {count} times by more than "
        "capture.exposure_limit: each began a new burst; fix the camera's exposure and gain",
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

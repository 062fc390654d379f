"""What the counters of `video_alignment` mean to its user, and what to do."""

from __future__ import annotations

from ..ros.health import Causes

NO_ROUTE = "no reference"
LOST = "lost"

CAUSES = Causes(
    faults={
        "capture: blank": "{count} images show nothing (black, white or fogged): check lens cap "
        "and exposure, or lower blank",
        "capture: time_jumps": "the images' stamps went back {count} times: starting anew",
        "capture: stamps_from_future": "{count} stamps lie far in the future, what carries them is "
        "left out: check the clock of the camera driver",
    },
    blocks={
        f"dropped: {NO_ROUTE}": "there is no reference: set the parameter reference, or call "
        "~/set_reference",
        "dropped: engine not ready": "the engine is not ready (see the value engine): images are "
        "dropped until it is",
    },
)

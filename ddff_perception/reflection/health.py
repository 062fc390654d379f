"""What the counters of `reflection_separation` mean to its user, and what to do."""

from __future__ import annotations

from ..ros.health import Causes

INCOMPLETE = "no images of the other angles"

CAUSES = Causes(
    inputs={
        "filter_state": "start what turns the filter, or check its topic "
        "(`ros2 topic info --verbose filter_state`)",
    },
    faults={
        "capture: dropped_unpaired": "{count} images have no reading of the filter near their "
        "stamp: check that filter_state comes with the camera's clock, or raise "
        "rotating.pairing_tolerance_s",
        "capture: alignment_failed": "{count} images could not be laid over the one before: the "
        "view changed too much, or there is too little texture (alignment none for a "
        "camera at rest)",
        "capture: time_jumps": "the images' stamps went back {count} times: starting anew",
        "capture: stamps_from_future": "{count} stamps lie far in the future, what carries them is "
        "left out: check the clock of the camera driver and of filter_state",
    },
    blocks={
        f"dropped: {INCOMPLETE}": "the angles' images do not make sets: check that "
        "their stamps are one instant's, or raise slop_s",
        "dropped: too few polarizer angles yet": "there are fewer than three polarizer angles: "
        "check that the filter turns",
        "capture: dropped_turning": "the filter turns too far between two readings in every "
        "image: let filter_state come more often, or raise rotating.turn_limit_deg",
        "dropped: engine not ready": "the engine is not ready (see the value engine): images are "
        "dropped until it is",
    },
)

"""What the counters of `rgbd_segmentation` mean to its user, and what to do."""

from __future__ import annotations

from ..ros.health import Causes

UNPAIRED = "no image of the other kind at its instant"

CAUSES = Causes(
    inputs={
        "color/image_rect": "start the camera, remap the topic, or set input to depth",
        "depth/image_rect": "start the camera, switch its depth on, remap the topic, or set input "
        "to color",
    },
    faults={
        "capture: time_jumps": "the images' stamps went back {count} times: starting anew",
        "capture: stamps_from_future": "{count} stamps lie far in the future, what carries them is "
        "left out: check the clock of the camera driver",
        "capture: not_measured": "{count} images of depth had no measured pixel between "
        "depth.minimum_m and depth.maximum_m: check range and lens of the camera, and depth.unit_m",
        "capture: not_calibrated": "{count} images of depth came without a camera_info, which what "
        "is made of depth needs: let the driver publish it",
        "alone: color/image_rect": "{count} images of colour were labelled alone: no depth came "
        "with them",
        "alone: depth/image_rect": "{count} images of depth were labelled alone: no colour came "
        "with them",
    },
    blocks={
        f"dropped: {UNPAIRED}": "the stamps of colour and depth are too far apart: let the driver "
        "synchronise them, or raise slop_s",
        "dropped: engine not ready": "the engine is not ready (see the value engine): images are "
        "dropped until it is",
    },
)

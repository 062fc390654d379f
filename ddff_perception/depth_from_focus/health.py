"""What the counters of `depth_from_focus` mean to its user, and what to do."""

from __future__ import annotations

from ..ros.health import Causes

CAUSES = Causes(
    inputs={
        "image_rect": "start the camera driver, or check its topic "
        "(`ros2 topic info --verbose image_rect`)",
        "focus_state": "start focus_sweeper or let the driver publish it",
        "focal_stack": "check who publishes it (`ros2 topic info --verbose focal_stack`)",
    },
    faults={
        "capture: dropped_waiting_for_focus": "images come but no focus_state: start "
        "focus_sweeper or let the driver publish it",
        "capture: focus_invalid": "focus_state has no usable distance: set lens_table, or "
        "capture.allow_unknown for relative depth",
        "capture: held_back": "the camera moves too much for its sweep, depth is held back: sweep "
        "faster, or set alignment to ecc",
        "capture: exposure_left_out": "{count} slices are too dark or burnt out and left out: fix "
        "the exposure of the camera",
        "capture: stamps_from_future": "{count} stamps lie far in the future, what carries them is "
        "left out: check the clock of the camera driver and of focus_state",
    },
    blocks={
        "capture: dropped_unpaired": "images and focus_state are further apart in time than "
        "capture.pairing_tolerance_s: check that both are stamped by one clock",
        "capture: dropped_moving": "the lens moves in every image: let it settle, or set "
        "capture.keep_moving",
        "dropped: too few slices yet": "there are fewer slices than minimum_slices: check that the "
        "lens sweeps and focus_state names its distances",
        "dropped: engine not ready": "the engine is not ready (see the value engine): images are "
        "dropped until it is",
    },
    aside=frozenset({"focal_stack"}),
)


def lens_at_rest(still_s: float, limit_s: float) -> str:
    """What to say of a lens that has rested for `still_s` seconds; empty where it may.

    `limit_s`: how long it may, 0 for ever.
    """
    if not limit_s or still_s <= limit_s:
        return ""
    return f"the lens has not moved for {still_s:.0f} s: without a sweep depth is not renewed"

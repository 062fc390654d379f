"""What is wrong with a sweep, told from what capture has counted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Complaint(NamedTuple):
    """A name for counting, and a sentence that says what to do."""

    name: str
    text: str


def complaints(
    counters: Mapping[str, int], before: Mapping[str, int], still_s: float, limit_s: float
) -> list[Complaint]:
    """What a user should know about the sweep.

    `counters` and `before` are the pipeline's now and at the last look; `still_s`: how long the
    lens has rested; `limit_s`: how long it may, 0 for ever.
    """

    def grew(name: str) -> bool:
        return counters.get(name, 0) > before.get(name, 0)

    found = []
    if grew("dropped_waiting_for_focus"):
        found.append(
            Complaint(
                "no focus_state",
                "images come but no focus_state: start focus_sweeper or let the driver publish it",
            )
        )
    if grew("focus_invalid"):
        found.append(
            Complaint(
                "focus_state",
                "focus_state has no usable distance: set lens_table, or capture.allow_unknown for "
                "relative depth",
            )
        )
    if grew("held_back"):
        found.append(
            Complaint(
                "motion",
                "the camera moves too much for its sweep, depth is held back: sweep faster, or set "
                "alignment to ecc",
            )
        )
    if limit_s and still_s > limit_s:
        found.append(
            Complaint(
                "lens at rest",
                f"the lens has not moved for {still_s:.0f} s: without a sweep depth is not renewed",
            )
        )
    return found

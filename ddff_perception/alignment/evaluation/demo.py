"""The demo: a camera goes a route again, on another day, and is laid over the first drive."""

from __future__ import annotations

from ...evaluation.demo import Demo

ALIGNMENT_DEMO = Demo(
    title="Route alignment, live over DDS",
    sensor="sim_route_camera",
    recorded=("image", "truth/route_match", "route_match", "reference/image"),
    sent=("image", "route_match", "reference/image"),
    shown="route_match",
    given={"reference": "demo"},
)

"""The demo: a polarization camera before a glass pane, its layers apart while it looks."""

from __future__ import annotations

from ...evaluation.demo import Demo

REFLECTION_DEMO = Demo(
    title="Reflection separation, live over DDS",
    sensor="sim_polarizer_camera",
    recorded=(
        "image_raw",
        "camera_info",
        "truth/transmission",
        "truth/reflection",
        "transmission/image",
        "transmission/camera_info",
        "reflection/image",
        "polarization/degree",
    ),
    sent=("image_raw", "transmission/image", "reflection/image", "polarization/degree"),
    shown="transmission/image",
    given={"method": "schechner"},
)

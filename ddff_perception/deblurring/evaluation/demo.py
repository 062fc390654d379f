"""The demo: a camera that shakes before a room, its images sharpened while they come."""

from __future__ import annotations

from ...evaluation.demo import Demo

DEBLURRING_DEMO = Demo(
    title="Deblurring, live over DDS",
    sensor="sim_moving_camera",
    recorded=(
        "image_rect",
        "camera_info",
        "truth/image",
        "deblurred/image",
        "deblurred/camera_info",
        "deblurred/confidence",
        "blur_score",
    ),
    sent=("image_rect", "deblurred/image", "deblurred/confidence", "blur_score"),
    shown="deblurred/image",
)

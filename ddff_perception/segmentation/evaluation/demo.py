"""The demo: an RGB-D camera in a furnished room, labelled while it looks around."""

from __future__ import annotations

from ...evaluation.demo import Demo

SEGMENTATION_DEMO = Demo(
    title="RGB-D segmentation, live over DDS",
    sensor="sim_rgbd_camera",
    recorded=(
        "color/image_rect",
        "color/camera_info",
        "depth/image_rect",
        "depth/camera_info",
        "truth/labels",
        "segmentation/image",
        "segmentation/confidence",
        "segmentation/overlay",
        "segmentation/points",
    ),
    sent=(
        "color/image_rect",
        "segmentation/image",
        "segmentation/confidence",
        "segmentation/overlay",
        "segmentation/points",
    ),
    shown="segmentation/image",
    given={"points.stride": 2},
)

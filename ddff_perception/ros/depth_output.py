"""What goes out of a depth estimate, for any capability that makes one."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from std_msgs.msg import Header

from ..types import CameraModel, DepthEstimate
from .interface import PointSettings
from .messages import depth_message

COLOURED = frozenset({"image_all_in_focus", "points"})
"""The outputs that need the estimate's image."""


def send_depth(
    node: Any, result: DepthEstimate, header: Header, sharp: str = "image_all_in_focus"
) -> None:
    """Sends `depth/image_rect`, `depth/camera_info`, `depth/confidence`, `points` and, on the topic
    `sharp`, the sharp image of `node`, a `PipelineNode` with the parameters `depth_encoding` and
    `points.*`.
    """
    camera = node.send_camera_info("depth/camera_info", result.depth, header)
    if node.wanted("depth/image_rect"):
        image, too_far = depth_message(result.depth, header, node.settings["depth_encoding"])
        node.send("depth/image_rect", image)
        if too_far:
            node.diagnostics.count("pixels beyond 65.535 m", too_far)
    node.send_image("depth/confidence", result.confidence, header)
    node.send_image(sharp, result.all_in_focus, header)
    if node.wanted("points") and camera is not None and not result.relative:
        _send_points(node, result, camera, header)


def _send_points(node: Any, result: DepthEstimate, camera: CameraModel, header: Header) -> None:
    started, depth = time.perf_counter(), result.depth
    settings = PointSettings.of(node.settings.values, "points")
    if settings.minimum_confidence > 0.0:
        unsure = result.confidence < settings.minimum_confidence
        depth = np.where(unsure, np.float32(np.nan), depth)
    grid = node.camera.grid(camera, settings.stride)
    cloud = node.camera.cloud(grid)
    limits = settings.minimum_m, settings.maximum_m
    grid.points(depth, result.all_in_focus, *limits, out=cloud.points)
    cloud.message.header = header
    node.send("points", cloud.message)
    node.diagnostics.stages({"points": (time.perf_counter() - started) * 1e3})

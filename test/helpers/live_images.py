"""A camera before a node that makes an image of an image, over live DDS."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from live_ros import RosSession
from node_battery import node_class
from rclpy.parameter import Parameter
from sensor_msgs.msg import CameraInfo, Image

from ddff_perception.ros import messages
from ddff_perception.ros.nodes import node_interface
from ddff_perception.types import CameraModel

FRAME = "camera_optical_frame"


class LiveImages:
    """The node called `name`, shown an image every `step_ns`; `heard`: by topic.

    `outputs`: the types of what is listened to.
    """

    def __init__(
        self,
        ros: RosSession,
        name: str,
        outputs: Mapping[str, type],
        step_ns: int,
        **given: Any,
    ) -> None:
        overrides = {"diagnostics_period_s": 0.1, **given}
        self.ros, self._step_ns = ros, step_ns
        self.node = ros.add(
            node_class(node_interface(name))(
                parameter_overrides=[Parameter(n, value=v) for n, v in overrides.items()]
            )
        )
        assert self.node.start()
        self.heard = {topic: ros.listen(kind, topic) for topic, kind in outputs.items()}
        self.image = ros.talk(Image, "image_rect")
        self.info = ros.talk(CameraInfo, "camera_info")
        for talker in (self.image, self.info):
            ros.wait_met(talker)

    def shoot(
        self, number: int, image: np.ndarray, wait_for: str, camera: CameraModel | None = None
    ) -> Any:
        """Shows an image with its calibration and waits for what comes of it on that topic."""
        header = messages.header_at((number + 1) * self._step_ns, FRAME)
        size = (image.shape[1], image.shape[0])
        camera = camera or CameraModel.centred(*size, 100.0)
        self.info.publish(messages.camera_info_message(camera, header, size))
        known = self.node.camera
        self.ros.wait_for(lambda: getattr(known.info, "header", 0) == header, "camera_info")
        self.image.publish(messages.image_message(image, header))
        heard = self.heard[wait_for]
        self.ros.wait_for(lambda: heard and heard[-1].header == header, wait_for)
        return heard[-1]

"""A polarization camera before the small pane and the node that listens, over live DDS."""

from __future__ import annotations

from typing import Any

import numpy as np
from diagnostic_msgs.msg import DiagnosticArray
from live_ros import Heard, RosSession
from panes import pane_camera
from rclpy.parameter import Parameter
from sensor_msgs.msg import CameraInfo, Image, JointState

from ddff_perception.reflection.node import ReflectionSeparationNode
from ddff_perception.ros import messages

FRAME = "camera_optical_frame"
STEP_NS = 100_000_000
LAYERS = ("transmission/image", "reflection/image")
MAPS = ("polarization/degree", "polarization/angle")
_NAME = "/reflection_separation: stream"


class LivePane:
    """Frames by number in, what the node sends and says out."""

    def __init__(
        self,
        ros: RosSession,
        camera: str = "mosaic",
        listen: tuple[str, ...] = (*LAYERS, *MAPS),
        settings: dict[str, Any] | None = None,
        **parameters: Any,
    ) -> None:
        self.ros = ros
        self.kind = camera
        self.camera = pane_camera(camera, **(settings or {}))
        values = {"input": camera, "diagnostics_period_s": 0.1, **parameters}
        if camera == "angles" and "angles_deg" not in values:
            values["angles_deg"] = list(self.camera.angles_deg)
        overrides = [Parameter(k.replace("__", "."), value=v) for k, v in values.items()]
        self.node: ReflectionSeparationNode = ros.add(
            ReflectionSeparationNode(parameter_overrides=overrides)
        )
        assert self.node.start()
        self.heard: dict[str, Heard] = {name: ros.listen(Image, name) for name in listen}
        self.said: Heard = ros.listen(DiagnosticArray, "/diagnostics")
        self.stamp_ns = 1_000 * 10**9
        frame = self.camera.frame(0)
        self.images = {name: ros.talk(Image, name) for name in frame.images}
        self.infos = ros.talk(CameraInfo, "camera_info")
        self.states = ros.talk(JointState, "filter_state")
        self.with_info = True
        self.with_state = True

    def wait(self) -> LivePane:
        """Until the node subscribes to its inputs."""
        publishers = [*self.images.values(), self.infos]
        publishers += [self.states] if self.kind == "rotating" else []
        for publisher in publishers:
            self.ros.wait_met(publisher)
        return self

    def shoot(
        self,
        number: int = 0,
        *,
        without: tuple[str, ...] = (),
        instead: dict[str, Image] | None = None,
    ) -> int:
        """Publishes one instant and waits until the node has worked on it; returns its stamp."""
        self.stamp_ns += STEP_NS
        header = messages.header_at(self.stamp_ns, FRAME)
        frame = self.camera.frame(number)
        if self.with_info:
            size = self.camera.size
            info = messages.camera_info_message(self.camera.camera, header, size)
            self.infos.publish(info)
            self.ros.wait_for(
                lambda: getattr(self.node.camera.info, "header", None) == header, "camera_info"
            )
        if frame.filter_rad is not None and self.with_state:
            state = JointState(header=header, name=["polarizer"], position=[frame.filter_rad])
            self._sent(self.states, state, "filter_state in")
        for name, image in frame.images.items():
            if name in without:
                continue
            message = messages.image_message(image, header)
            if instead is not None and name in instead:
                message = instead[name]
                message.header = header
            self._sent(self.images[name], message, f"{name} in")
        self.settle()
        return self.stamp_ns

    def at(self, name: str, stamp_ns: int) -> Image:
        """The message on an output that carries `stamp_ns`."""
        found: list[Image] = []

        def there() -> bool:
            found[:] = [
                m for m in self.heard[name] if messages.stamp_ns(m.header.stamp) == stamp_ns
            ]
            return bool(found)

        self.ros.wait_for(there, f"{name} at {stamp_ns}")
        assert found[0].header.frame_id == FRAME
        return found[0]

    def array(self, name: str, stamp_ns: int) -> np.ndarray:
        return messages.image_array(self.at(name, stamp_ns))

    def settle(self) -> None:
        """Until the node has done its work."""
        worker = self.node._worker
        assert worker is not None and worker.wait_idle(60.0)

    def total(self, counter: str) -> int:
        return self.node.diagnostics.total(counter)

    def values(self) -> dict[str, str]:
        """What /diagnostics said last."""
        for message in reversed(self.said):
            for status in message.status:
                if status.name == _NAME:
                    return {item.key: item.value for item in status.values}
        return {}

    def reports(self, counter: str, count: int) -> None:
        """Waits until /diagnostics counts `counter` up to `count`."""
        before = len(self.said)

        def told() -> bool:
            return len(self.said) > before and int(self.values().get(counter, 0)) >= count

        self.ros.wait_for(told, f"{counter} in /diagnostics, now: {self.values()}")
        assert int(self.values()[counter]) == count

    def works(self, first: int = 0) -> int:
        """Good frames give layers again; returns the stamp of the last."""
        frames = 4 if self.kind == "rotating" else 1
        for number in range(first, first + frames):
            stamp = self.shoot(number)
        name = next(iter(self.heard))
        assert self.array(name, stamp).size
        assert "rejected: internal error" not in self.node.diagnostics.totals
        return stamp

    def _sent(self, publisher: Any, message: Any, counter: str) -> None:
        before = self.total(counter)
        publisher.publish(message)
        self.ros.wait_for(lambda: self.total(counter) > before, counter)

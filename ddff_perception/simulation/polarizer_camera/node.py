"""The node `sim_polarizer_camera`: a polarization folder as a live polarization camera."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sensor_msgs.msg import JointState
from std_msgs.msg import Header

from ...ros.interface import Topic
from ...ros.lifecycle import PerceptionNode, run_node
from ...ros.messages import camera_info_message, image_message, stamp_ns
from .frames import PolarizerCamera, PolarizerSettings, open_polarization
from .interface import IMAGE_TOPICS, SIM_POLARIZER_CAMERA

_JOINT = "polarizer"


class SimPolarizerCamera(PerceptionNode):
    """Publishes one frame per period: images, camera_info, filter and truth with one stamp."""

    def __init__(self, **node_arguments: Any) -> None:
        self._camera: PolarizerCamera | None = None
        self._number = 0
        self._timer: Any = None
        super().__init__(SIM_POLARIZER_CAMERA, **node_arguments)

    def outputs(self) -> Sequence[Topic]:
        kind = str(self.settings["camera"])
        hidden = {name for names in IMAGE_TOPICS.values() for name in names}
        hidden -= set(IMAGE_TOPICS[kind])
        if kind != "rotating":
            hidden.add("filter_state")
        return [topic for topic in self.interface.outputs if topic.name not in hidden]

    def configure(self) -> None:
        settings = self.settings
        source = settings["source"]
        self._camera = PolarizerCamera(
            open_polarization(Path(source).expanduser() if source else None),
            PolarizerSettings(
                camera=settings["camera"],
                layout=settings["layout"],
                angles_deg=tuple(settings["angles_deg"]),
                noise=settings["noise"],
                sway_px=settings["sway_px"],
                seed=settings["seed"],
            ),
        )

    def activate(self) -> None:
        self._number = 0
        self._run_timer()

    def deactivate(self) -> None:
        if self._timer is not None:
            self.destroy_timer(self._timer)
            self._timer = None

    def values_changed(self, changed: frozenset[str]) -> None:
        if "rate_hz" in changed and self._timer is not None:
            self._run_timer()

    def _run_timer(self) -> None:
        self.deactivate()
        self._timer = self.create_timer(1.0 / self.settings["rate_hz"], self._tick)

    def _tick(self) -> None:
        camera = self._camera
        names = IMAGE_TOPICS[str(self.settings["camera"])]
        listeners = max(self.subscribers(name) for name in names)
        if camera is None or listeners < self.settings["wait_for_subscribers"]:
            return
        stamp = self.get_clock().now().to_msg()
        header = Header(stamp=stamp, frame_id=self.settings["frame_id"])
        frame = camera.frame(self._number)
        self._number += 1
        # The reading and the calibration first: whoever takes all has them when the image comes.
        if frame.filter_rad is not None:
            state = JointState(header=header, name=[_JOINT], position=[frame.filter_rad])
            self.send("filter_state", state)
        self.send("camera_info", camera_info_message(camera.camera, header, camera.size))
        if frame.truth is not None:
            for name, layer in zip(("transmission", "reflection"), frame.truth, strict=True):
                if self.wanted(f"truth/{name}"):
                    self.send(f"truth/{name}", image_message(layer, header))
        for name, image in frame.images.items():
            if self.wanted(name):
                self.send(name, image_message(image, header))
        now_ns = self.get_clock().now().nanoseconds
        self.diagnostics.count_output(stamp_ns(header.stamp), now_ns)


def main(arguments: list[str] | None = None) -> int:
    """Runs the node; see `ros.lifecycle.run_node` for the status."""
    return run_node(SimPolarizerCamera, arguments)


if __name__ == "__main__":
    raise SystemExit(main())

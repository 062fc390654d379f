"""The node `sim_polarizer_camera`: a polarization folder as a live polarization camera."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import count
from pathlib import Path

from sensor_msgs.msg import JointState
from std_msgs.msg import Header

from ...ros.interface import Topic
from ...ros.lifecycle import run_node
from ...ros.messages import camera_info_message
from ...ros.sensor_node import SensorNode
from .frames import PolarizerCamera, PolarizerFrame, PolarizerSettings, open_polarization
from .interface import IMAGE_TOPICS, SIM_POLARIZER_CAMERA

_JOINT = "polarizer"


class SimPolarizerCamera(SensorNode[PolarizerFrame]):
    """Publishes one frame per period: images, camera_info, filter and truth with one stamp."""

    interface = SIM_POLARIZER_CAMERA
    _camera: PolarizerCamera | None = None

    def outputs(self) -> Sequence[Topic]:
        hidden = {name for names in IMAGE_TOPICS.values() for name in names}
        hidden -= set(self.image_topics())
        if self.settings["camera"] != "rotating":
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
        self._numbers = count()
        super().activate()

    def image_topics(self) -> tuple[str, ...]:
        return tuple(IMAGE_TOPICS[str(self.settings["camera"])])

    def next_frame(self) -> PolarizerFrame | None:
        return None if self._camera is None else self._camera.frame(next(self._numbers))

    def publish(self, frame: PolarizerFrame, header: Header) -> None:
        camera = self._camera
        if camera is None:
            return
        # The reading and the calibration first: whoever takes all has them when the image comes.
        if frame.filter_rad is not None:
            state = JointState(header=header, name=[_JOINT], position=[frame.filter_rad])
            self.send("filter_state", state)
        self.send("camera_info", camera_info_message(camera.camera, header, camera.size))
        if frame.truth is not None:
            for name, layer in zip(("transmission", "reflection"), frame.truth, strict=True):
                self.send_image(f"truth/{name}", layer, header)
        for name, image in frame.images.items():
            self.send_image(name, image, header)


main = partial(run_node, SimPolarizerCamera)

if __name__ == "__main__":
    raise SystemExit(main())

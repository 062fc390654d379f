"""The node `burst_deblurring`: messages in, `DeblurringPipeline` on its own thread, out."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from ..msg import BlurScore
from ..parameters import Value
from ..ros import messages
from ..ros.camera import Transforms
from ..ros.interface import Topic
from ..ros.lifecycle import run_node
from ..ros.pipeline_node import PipelineNode
from ..types import InputError
from .confidence import confidence
from .gyroscope import Gyroscope
from .health import CAUSES
from .interface import BURST_DEBLURRING, IMU
from .pipeline import DeblurringPipeline, Sharpened


class BurstDeblurringNode(PipelineNode[DeblurringPipeline, Sharpened]):
    """Works on the newest image and those before it."""

    interface = BURST_DEBLURRING
    causes = CAUSES
    early = frozenset({"blur_score"})

    def __init__(self, **node_arguments: Any) -> None:
        self._gyroscope = Gyroscope()
        super().__init__(**node_arguments)
        self._transforms = Transforms(self)

    def inputs(self) -> Sequence[Topic]:
        known = self.settings["exposure_s"] > 0
        return [topic for topic in self.interface.inputs if topic is not IMU or known]

    def make_pipeline(self, values: Mapping[str, Value]) -> DeblurringPipeline:
        return DeblurringPipeline(values)

    def cleanup(self) -> None:
        super().cleanup()
        self._gyroscope.clear()

    def take(self, name: str, message: Any) -> bool:
        if name != IMU.name:
            return super().take(name, message)
        rate = message.angular_velocity
        stamp = messages.stamp_ns(message.header.stamp)
        self._gyroscope.add(stamp, message.header.frame_id, (rate.x, rate.y, rate.z))
        return False

    def engine_needed(self, wanted: frozenset[str]) -> bool:
        return bool(wanted)

    def publish_early(self, header: Any) -> None:
        newest = self.pipeline.newest
        if newest is None or not self.wanted("blur_score"):
            return
        moved = self._motion_px(header)
        score = BlurScore(header=header, blur=newest.blur, motion=moved, sharp=newest.sharp)
        self.send("blur_score", score)

    def compute(self, wanted: frozenset[str]) -> Sharpened:
        return self.pipeline.estimate()

    def publish(self, result: Sharpened, header: Any) -> None:
        self.send_image("deblurred/image", result.found.image, header)
        self.send_camera_info("deblurred/camera_info", result.found.image, header)
        if self.wanted("deblurred/confidence"):
            self.send_image("deblurred/confidence", confidence(result.found), header)

    def look(self) -> None:
        newest = self.pipeline.newest
        if newest is not None:
            self.diagnostics.set("blur score", newest.blur)
        if self._result is not None:
            self.diagnostics.set("images used", len(self._result.image.blur))

    def _motion_px(self, header: Any) -> float:
        exposure = float(self.settings["exposure_s"])
        camera = self.camera.of_images(*self.source.size)[1]
        if exposure <= 0 or camera is None or not self._gyroscope.frame_id:
            return math.nan
        try:
            frames = header.frame_id, self._gyroscope.frame_id
            turn = self._transforms.stand(*frames, header.stamp).rotation
        except InputError as error:
            self.reject(IMU.name, str(error))
            return math.nan
        stamp = messages.stamp_ns(header.stamp)
        return self._gyroscope.motion_px(stamp, exposure, camera.fx, turn)


main = partial(run_node, BurstDeblurringNode)


if __name__ == "__main__":
    raise SystemExit(main())

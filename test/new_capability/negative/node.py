"""The node `negative_image`: messages in, `NegativePipeline` on its own thread, messages out."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from ddff_perception.frame_pipeline import FrameResult
from ddff_perception.parameters import Value
from ddff_perception.ros.lifecycle import run_node
from ddff_perception.ros.pipeline_node import PipelineNode
from ddff_perception.types import ImageArray

from .interface import NEGATIVE_IMAGE
from .pipeline import NegativePipeline


class NegativeNode(PipelineNode[NegativePipeline, FrameResult[ImageArray]]):
    """Works on the newest image."""

    interface = NEGATIVE_IMAGE

    def make_pipeline(self, values: Mapping[str, Value]) -> NegativePipeline:
        return NegativePipeline(values)

    def compute(self, wanted: frozenset[str]) -> FrameResult[ImageArray]:
        return self.pipeline.estimate()

    def publish(self, result: FrameResult[ImageArray], header: Any) -> None:
        self.send_image("negative/image", result.found, header)
        self.send_camera_info("negative/camera_info", result.image, header)


main = partial(run_node, NegativeNode)

if __name__ == "__main__":
    raise SystemExit(main())

"""The node `negative_image`: messages in, `NegativePipeline` on its own thread, messages out."""

from collections.abc import Mapping
from typing import Any

from ddff_perception.frame_pipeline import FrameResult
from ddff_perception.parameters import Value
from ddff_perception.ros import messages
from ddff_perception.ros.lifecycle import run_node
from ddff_perception.ros.pipeline_node import PipelineNode
from ddff_perception.types import ImageArray

from .interface import NEGATIVE_IMAGE
from .pipeline import NegativePipeline


class NegativeNode(PipelineNode[NegativePipeline, FrameResult[ImageArray]]):
    """Works on the newest image."""

    def __init__(self, **node_arguments: Any) -> None:
        super().__init__(NEGATIVE_IMAGE, **node_arguments)

    def make_pipeline(self, values: Mapping[str, Value]) -> NegativePipeline:
        return NegativePipeline(values)

    def compute(self, chosen: Any) -> FrameResult[ImageArray]:
        return self.pipeline.estimate()

    def publish(self, result: FrameResult[ImageArray], header: Any) -> None:
        self.send("negative/image", messages.image_message(result.found, header))
        self.send_camera_info("negative/camera_info", result.image, header)


def main(arguments: list[str] | None = None) -> int:
    """Runs the node; see `ros.lifecycle.run_node` for the status."""
    return run_node(NegativeNode, arguments)


if __name__ == "__main__":
    raise SystemExit(main())

"""The node `image_restoration`: messages in, `RestorationPipeline` on its own thread, out."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from ..parameters import Value
from ..ros.lifecycle import run_node
from ..ros.pipeline_node import PipelineNode
from .confidence import confidence
from .health import CAUSES, conditions, described
from .interface import IMAGE_RESTORATION
from .pipeline import RestorationPipeline, RestoredFrame


class ImageRestorationNode(PipelineNode[RestorationPipeline, RestoredFrame]):
    """Works on the newest image."""

    interface = IMAGE_RESTORATION
    causes = CAUSES

    def make_pipeline(self, values: Mapping[str, Value]) -> RestorationPipeline:
        return RestorationPipeline(values)

    def compute(self, wanted: frozenset[str]) -> RestoredFrame:
        return self.pipeline.estimate()

    def publish(self, result: RestoredFrame, header: Any) -> None:
        made = result.found.image
        self.send_image("image_restored", made, header)
        if self.wanted("restoration/camera_info"):
            size = (made.shape[1], made.shape[0])
            info = self.camera.resized(self.source.size, size, header)
            if info is not None:
                self.send("restoration/camera_info", info)
        if self.wanted("restoration/confidence"):
            self.send_image("restoration/confidence", confidence(result.found), header)

    def look(self) -> None:
        if self._result is None:
            return
        seen = self._result.image.seen
        for name, text in conditions(seen).items():
            self.diagnostics.set_condition(name, text)
        self.diagnostics.set("seen", described(seen))
        self.diagnostics.set("noise", seen.noise_levels)
        self.diagnostics.set("blur", seen.blur_px)
        self.diagnostics.set("handed on as it came", self._result.found.untouched)


main = partial(run_node, ImageRestorationNode)


if __name__ == "__main__":
    raise SystemExit(main())

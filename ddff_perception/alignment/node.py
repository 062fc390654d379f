"""The node `video_alignment`: messages in, `RoutePipeline` on its own thread, messages out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from rclpy.parameter import Parameter

from ..msg import RouteMatch
from ..parameters import Value
from ..ros import messages
from ..ros.lifecycle import run_node
from ..ros.pipeline_node import PipelineNode
from ..types import ImageArray
from .capture.folder import reference_file
from .health import CAUSES, NO_ROUTE
from .interface import VIDEO_ALIGNMENT
from .pipeline import Located, RoutePipeline

_PICTURE = "reference/image"


@dataclass(frozen=True, slots=True)
class _Result:
    """A place, its picture where that is wanted, and what it took."""

    located: Located
    picture: ImageArray | None
    timings_ms: Mapping[str, float]


class VideoAlignmentNode(PipelineNode[RoutePipeline, _Result]):
    """Works on the newest image."""

    interface = VIDEO_ALIGNMENT
    causes = CAUSES

    def service_callbacks(self) -> Mapping[str, Any]:
        laid = self._slow.callback(self._set_reference)

        async def answer(request: Any, response: Any) -> Any:
            response = await laid(request, response)
            if response.success:
                # Here on the executor's thread, as any other parameter is set.
                (kept,) = self.set_parameters([Parameter("reference", value=self.pipeline.source)])
                if not kept.successful:
                    response.success, response.message = False, kept.reason
            return response

        return {"~/set_reference": answer}

    def make_pipeline(self, values: Mapping[str, Value]) -> RoutePipeline:
        return RoutePipeline(values)

    def waits_for(self) -> str:
        return NO_ROUTE if self.pipeline.reference is None else ""

    def compute(self, wanted: frozenset[str]) -> _Result:
        located, timings = self.pipeline.locate()
        reference, picture = self.pipeline.reference, None
        if reference is not None and _PICTURE in wanted and not located.match.lost:
            picture = reference.picture(located.match.row)
        return _Result(located, picture, timings)

    def publish(self, result: _Result, header: Any) -> None:
        found, match = result.located, result.located.match
        message = RouteMatch(header=header, lost=match.lost, frame=-1)
        if not match.lost:
            message.reference_stamp = messages.stamp_message(found.reference_ns)
            message.frame = found.number
            message.confidence, message.rate = match.confidence, match.rate
        self.send("route_match", message)
        if result.picture is not None:
            self.send_image(_PICTURE, result.picture, header)
        elif match.lost:
            # It comes when the place is found: nobody misses it.
            self.diagnostics.sent(_PICTURE)

    def look(self) -> None:
        reference = self.pipeline.reference
        self.diagnostics.set("reference", self.pipeline.source or "none")
        self.diagnostics.set("reference frames", 0 if reference is None else len(reference))
        if self._result is None:
            return
        match = self._result.located.match
        self.diagnostics.set("lost", match.lost)
        self.diagnostics.set("confidence", match.confidence)
        self.diagnostics.set("rate", match.rate)

    def _set_reference(self, request: Any) -> str:
        """Loads another route beside the one that is followed; in the thread of the service."""
        path = reference_file(str(self.settings["reference_folder"]), request.name)
        change = self.pipeline.prepare_reference(str(path))
        self.on_worker(change.apply).result()
        return f"{path.name} is the reference"


main = partial(run_node, VideoAlignmentNode)

if __name__ == "__main__":
    raise SystemExit(main())

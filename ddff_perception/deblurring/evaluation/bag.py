"""Recorded frames of a moving camera: what is made of them, and how that is scored."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...evaluation.image_metrics import unit_image
from ...evaluation.image_results import ImageFolder, shown_confidence
from ...evaluation.image_run import AS_IT_CAME, OFFLINE, FrameRun, FrameTopics
from ...frame_pipeline import FrameResult
from ...parameters import ParameterTable
from ..burst import Deblurred
from ..confidence import confidence
from ..parameters import pipeline_parameters
from ..pipeline import DeblurringPipeline

FOLDER = ImageFolder(
    title="Deblurring",
    command="ddff deblur",
    made="deblurred",
    image_of=lambda result: result.image.newest,
    made_of=lambda result: result.found.image,
    more={"confidence": shown_confidence(confidence)},
)
DEBLURRING_RESULTS = FOLDER.kind()


class DeblurringRun(FrameRun):
    """Deblurred frames of a bag, against sharp ones and against those made live."""

    node = "burst_deblurring"
    frames = DeblurringPipeline
    results = FOLDER
    ends = FrameTopics(image="image_rect", truth="truth/image", live="deblurred/image")
    shown_by = ("truth", "live")
    lacking = (
        "sharp or deblurred images beside the camera's: for its images alone give --capability "
        "deblurring --topic image=/name"
    )

    @classmethod
    def used(cls, method: str) -> ParameterTable:
        return pipeline_parameters(method)

    def score(self, item: FrameResult[Deblurred], references: Mapping[str, Any]) -> None:
        super().score(item, references)
        self.compare(AS_IT_CAME, OFFLINE, unit_image(item.image.newest), references.get("truth"))

"""Recorded images: what is made of them, and how that is scored."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...evaluation.image_metrics import unit_image
from ...evaluation.image_results import ImageFolder, shown_confidence
from ...evaluation.image_run import AS_IT_CAME, OFFLINE, FrameRun, FrameTopics
from ...frame_pipeline import FrameResult
from ...parameters import ParameterTable
from ..confidence import confidence
from ..parameters import pipeline_parameters
from ..pipeline import RestorationPipeline
from ..solution import Restored

FOLDER = ImageFolder(
    title="Restoration",
    command="ddff restore",
    made="restored",
    image_of=lambda result: result.image.came,
    made_of=lambda result: result.found.image,
    more={"confidence": shown_confidence(confidence)},
)
RESTORATION_RESULTS = FOLDER.kind()


class RestorationRun(FrameRun):
    """Restored images of a bag, against clean ones and against those made live."""

    node = "image_restoration"
    frames = RestorationPipeline
    results = FOLDER
    ends = FrameTopics(image="image_rect", truth="truth/image", live="image_restored")
    shown_by = ("live",)
    lacking = (
        "restored images beside the camera's: for its images alone give --capability restoration "
        "--topic image=/name"
    )

    @classmethod
    def used(cls, method: str) -> ParameterTable:
        return pipeline_parameters(method)

    def score(self, item: FrameResult[Restored], references: Mapping[str, Any]) -> None:
        same = item.found.image.shape == item.image.came.shape
        # What is enlarged is scored where the true image is as large.
        truth = references.get("truth")
        if same or (truth is not None and truth.shape == item.found.image.shape):
            super().score(item, references)
        if same:
            self.compare(AS_IT_CAME, OFFLINE, unit_image(item.image.came), truth)

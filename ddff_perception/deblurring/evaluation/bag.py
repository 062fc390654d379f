"""Recorded frames of a moving camera: what is made of them, and how that is scored."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ...evaluation.bag_run import Chosen, Topics
from ...evaluation.image_metrics import unit_image
from ...evaluation.image_results import ImageFolder
from ...evaluation.image_run import OFFLINE, FrameRun, FrameTopics
from ...files.bag_topics import MissingTopicsError
from ...files.bags import BagTopic
from ...frame_pipeline import FrameResult
from ...parameters import ParameterTable, Value
from ...types import ImageArray
from ..burst import Deblurred
from ..confidence import confidence
from ..parameters import pipeline_parameters
from ..pipeline import DeblurringPipeline


def _confidence_image(result: FrameResult[Deblurred]) -> ImageArray:
    return np.asarray(np.rint(255 * confidence(result.found)), np.uint8)


FOLDER = ImageFolder(
    title="Deblurring",
    command="ddff deblur",
    made="deblurred",
    image_of=lambda result: result.image.newest,
    made_of=lambda result: result.found.image,
    more={"confidence": _confidence_image},
)
DEBLURRING_RESULTS = FOLDER.kind()
# What came, in the scores: what a method has to be better than.
_BLURRED = "as it came"


class DeblurringRun(FrameRun):
    """Deblurred frames of a bag, against sharp ones and against those made live."""

    node = "burst_deblurring"
    frames = DeblurringPipeline
    results = FOLDER
    ends = FrameTopics(image="image_rect", truth="truth/image", live="deblurred/image")

    @classmethod
    def find(
        cls, topics: Mapping[str, BagTopic], chosen: Chosen, given: Mapping[str, Value]
    ) -> Topics:
        found = super().find(topics, chosen, given)
        if set(found) == {"image"} and "image" not in chosen:
            # Images alone say nothing of what a bag is for.
            raise MissingTopicsError(
                "the bag holds no sharp or deblurred images beside the camera's: for its images "
                "alone give --capability deblurring --topic image=/name",
                topics,
            )
        return found

    @classmethod
    def used(cls, method: str) -> ParameterTable:
        return pipeline_parameters(method)

    def score(self, item: FrameResult[Deblurred], references: Mapping[str, Any]) -> None:
        super().score(item, references)
        self.compare(_BLURRED, OFFLINE, unit_image(item.image.newest), references.get("truth"))

"""Recorded images: what is made of them, and how that is scored."""

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
from ..confidence import confidence
from ..parameters import pipeline_parameters
from ..pipeline import RestorationPipeline
from ..solution import Restored


def _confidence_image(result: FrameResult[Restored]) -> ImageArray:
    return np.asarray(np.rint(255 * confidence(result.found)), np.uint8)


FOLDER = ImageFolder(
    title="Restoration",
    command="ddff restore",
    made="restored",
    image_of=lambda result: result.image.image,
    made_of=lambda result: result.found.image,
    more={"confidence": _confidence_image},
)
RESTORATION_RESULTS = FOLDER.kind()
# What came, in the scores: what a method has to be better than.
_DEGRADED = "as it came"


class RestorationRun(FrameRun):
    """Restored images of a bag, against clean ones and against those made live."""

    node = "image_restoration"
    frames = RestorationPipeline
    results = FOLDER
    ends = FrameTopics(image="image_rect", truth="truth/image", live="image_restored")

    @classmethod
    def find(
        cls, topics: Mapping[str, BagTopic], chosen: Chosen, given: Mapping[str, Value]
    ) -> Topics:
        found = super().find(topics, chosen, given)
        if "live" not in found and "image" not in chosen:
            # Images and true ones are a bag of deblurring as well.
            raise MissingTopicsError(
                "the bag holds no restored images: for the camera's alone give --capability "
                "restoration --topic image=/name",
                topics,
            )
        return found

    @classmethod
    def used(cls, method: str) -> ParameterTable:
        return pipeline_parameters(method)

    def score(self, item: FrameResult[Restored], references: Mapping[str, Any]) -> None:
        same = item.found.image.shape == item.image.image.shape
        # What is enlarged is scored where the true image is as large.
        truth = references.get("truth")
        if same or (truth is not None and truth.shape == item.found.image.shape):
            super().score(item, references)
        if same:
            self.compare(_DEGRADED, OFFLINE, unit_image(item.image.image), truth)

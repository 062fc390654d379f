"""Images in, their negatives out, without a clock."""

from ddff_perception.frame_pipeline import FramePipeline
from ddff_perception.types import ImageArray

from .methods import METHODS


class NegativePipeline(FramePipeline[ImageArray]):
    """What node, command and bag evaluation run."""

    methods = METHODS

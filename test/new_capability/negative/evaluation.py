"""Recorded images: their negatives against true ones, and what a report says of them."""

from ddff_perception.evaluation.image_results import ImageFolder
from ddff_perception.evaluation.image_run import FrameRun, FrameTopics

from .pipeline import NegativePipeline

FOLDER = ImageFolder(title="Negatives", command="ddff negative", made="negative")
NEGATIVE_RESULTS = FOLDER.kind()


class NegativeRun(FrameRun):
    """Negatives from a bag, against true ones and against those made live."""

    node = "negative_image"
    frames = NegativePipeline
    results = FOLDER
    ends = FrameTopics(image="image", truth="truth/negative", live="negative/image")

"""Bags whose estimates are images, scored against recorded ones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

from ..files.bag_topics import MissingTopicsError, image_topics
from ..files.bags import BagTopic
from ..files.bags_messages import image_of, stamp_of
from ..frame_pipeline import FramePipeline, FrameResult
from ..parameters import ParameterTable, Value
from ..types import FloatArray
from .bag_run import BagResult, BagRun, Chosen, Estimated, Topics
from .image_metrics import ImageScores, image_scores, mean_scores, unit_image
from .image_results import ImageFolder
from .reports.blocks import Column, Section, Table

# How an estimate is named in the scores: made here, made by a node while the bag was recorded, and
# the first against the second.
OFFLINE, LIVE, AGAINST_LIVE = "offline", "live", "against live"
# The image itself, in the scores: what a method has to be better than.
AS_IT_CAME = "as it came"
_NOTE = "Means over the images; 1 is full range. Live is what a node published while recorded."


@dataclass
class ImageResult(BagResult):
    """`scores[image][estimate]`: means over the scored images of that name against the truth, by
    `OFFLINE`, `LIVE` and what else a capability compares; by `AGAINST_LIVE` of offline against
    live. `compared`: those of each image. `last`: the last estimate.
    """

    scores: dict[str, dict[str, ImageScores]] = field(default_factory=dict)
    compared: dict[tuple[str, str], list[ImageScores]] = field(default_factory=dict)
    last: Any = None

    def to_json(self) -> dict[str, Any]:
        scores = {
            image: {name: asdict(one) for name, one in found.items()}
            for image, found in self.scores.items()
        }
        return {**super().to_json(), "scores": scores}


class ImageRun(BagRun):
    """A run whose `score` compares images; values are 0..1 of full range.

    `scored`, `caption`: of the table of errors, the first column and what stands above.
    """

    scored: ClassVar[str] = "image"
    caption: ClassVar[str] = "{count} images"
    result: ImageResult

    def make_result(self) -> ImageResult:
        return ImageResult(self.topics)

    def compare(self, image: str, name: str, estimate: Any, reference: Any) -> None:
        """Scores one estimate, where there are both; raises InputError where they do not fit."""
        if estimate is not None and reference is not None:
            scores = image_scores(estimate, reference)
            self.result.compared.setdefault((image, name), []).append(scores)

    def finish(self) -> None:
        for (image, name), scores in sorted(self.result.compared.items()):
            mean = mean_scores(scores)
            if mean is not None:
                self.result.scores.setdefault(image, {})[name] = mean

    def tables(self) -> list[Table]:
        """Errors of the images, where the bag says what is true or what was made live."""
        rows = [
            (
                image,
                "offline vs live" if name == AGAINST_LIVE else f"{name} vs truth",
                scores.images,
                scores.rmse,
                scores.psnr_db,
                scores.ssim,
            )
            for image, found in self.result.scores.items()
            for name, scores in found.items()
        ]
        columns: list[Column | str] = [
            self.scored,
            "",
            Column("images", decimals=0),
            Column("RMSE"),
            Column("PSNR", "dB", decimals=1),
            Column("SSIM", decimals=3),
        ]
        caption = self.caption.format(count=self.result.estimates)
        return [Table(columns, rows, caption, _NOTE)] if rows else []


class FrameTopics(NamedTuple):
    """How the names of topics end: of the images, of the true results, and of those made live."""

    image: str
    truth: str
    live: str


class FrameRun(ImageRun):
    """The run of a `FramePipeline` that makes an image of an image.

    A capability names its `node`, its pipeline `frames`, its `results` on disk, and the `ends` of
    its topics. `shown_by`: of `references`, those of which a bag holds one where it is the
    capability's, if images alone do not show it; `lacking`: what it holds none of, else, and what
    to do.
    """

    frames: ClassVar[type[FramePipeline[Any]]]
    results: ClassVar[ImageFolder]
    ends: ClassVar[FrameTopics]
    shown_by: ClassVar[tuple[str, ...]] = ()
    lacking: ClassVar[str] = ""
    inputs = ("image",)
    references = ("truth", "live")
    nothing = "no image could be used"
    least = "no image came"

    def __init_subclass__(cls) -> None:
        cls.default_method, cls.files = cls.frames.methods.default, cls.results.files

    @classmethod
    def find(
        cls, topics: Mapping[str, BagTopic], chosen: Chosen, given: Mapping[str, Value]
    ) -> Topics:
        found = image_topics(topics, chosen, cls.ends._asdict(), cls.inputs)
        if cls.shown_by and "image" not in chosen and not set(cls.shown_by) & set(found):
            raise MissingTopicsError(f"the bag holds no {cls.lacking}", topics)
        return found

    @classmethod
    def used(cls, method: str) -> ParameterTable:
        return cls.frames.methods.parameters(method)

    @classmethod
    def make_pipeline(cls, values: Mapping[str, Value]) -> FramePipeline[Any]:
        return cls.frames(values)

    def take(self, part: str, message: Any) -> Iterator[bool]:
        yield self.pipeline.add_image(stamp_of(message), image_of(message))

    def estimate(self) -> Estimated:
        self.result.last = found = self.pipeline.estimate()
        return Estimated(found.stamp_ns, found, found.timings_ms)

    def reference(self, part: str, message: Any) -> FloatArray:
        return unit_image(image_of(message))

    def score(self, item: FrameResult[Any], references: Mapping[str, Any]) -> None:
        made = unit_image(self.results.made_of(item))
        truth, live = references.get("truth"), references.get("live")
        for name, estimate, reference in (
            (OFFLINE, made, truth),
            (LIVE, live, truth),
            (AGAINST_LIVE, made, live),
        ):
            self.compare(self.results.made, name, estimate, reference)

    def write(self, folder: Path) -> Mapping[str, Any]:
        self.results.write(folder, self.result.last)
        return {}

    def sections(self, folder: Path) -> list[Section]:
        errors = [Section("Errors", self.tables())] if self.result.scores else []
        return [*errors, self.results.pictures(self.results.read(folder))]

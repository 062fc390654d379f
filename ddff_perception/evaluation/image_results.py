"""Result folders of what makes an image of an image: written, read again, on a report's page."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ..files.atomic import make_folder, remove, write_json
from ..files.images import read_image, read_json, write_image
from ..frame_pipeline import FrameResult
from ..types import FloatArray, ImageArray
from .image_metrics import ImageScores, image_scores, unit_image
from .machine import run_facts
from .reports.blocks import Block, Column, Picture, Pictures, Section, Slider, Table
from .reports.results import ResultKind

SUMMARY = "summary.json"
FromResult = Callable[[FrameResult[Any]], ImageArray]


def shown_confidence(confidence_of: Callable[[Any], FloatArray]) -> FromResult:
    """A picture, H x W uint8, of the confidence in what a result found."""
    return lambda result: np.asarray(np.rint(255 * confidence_of(result.found)), np.uint8)


@dataclass(frozen=True)
class ImagePair:
    """One result folder: the image, what was made of it, and the scores of that if there is a
    truth.
    """

    name: str
    image: ImageArray
    made: ImageArray
    summary: Mapping[str, Any] = field(default_factory=dict)
    scores: ImageScores | None = None
    more: Mapping[str, ImageArray] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ImageFolder:
    """image.png, `made`.png, a PNG of each of `more` and, last, summary.json.

    `title`: of a page about such folders; `command`: what writes them. `image_of`, `made_of`: the
    image that came and the one that was made, in a pipeline's result; `more`: others by name.
    """

    title: str
    command: str
    made: str
    image_of: FromResult = operator.attrgetter("image")
    made_of: FromResult = operator.attrgetter("found")
    more: Mapping[str, FromResult] = field(default_factory=dict)

    @property
    def files(self) -> tuple[str, ...]:
        """What the command and the bag evaluation write."""
        more = (f"{name}.png" for name in self.more)
        return ("image.png", f"{self.made}.png", *more, SUMMARY, "report.html")

    def write(
        self,
        folder: Path,
        result: FrameResult[Any],
        summary: Mapping[str, Any] | None = None,
    ) -> None:
        """Writes what was found, and how beside what the `summary` says; without one the caller
        writes summary.json.

        Raises InputError where the folder cannot be written.
        """
        make_folder(folder, self.files)
        remove(folder / SUMMARY)
        write_image(folder / "image.png", self.image_of(result))
        write_image(folder / f"{self.made}.png", self.made_of(result))
        for name, make in self.more.items():
            write_image(folder / f"{name}.png", make(result))
        if summary is not None:
            made = {
                "method": result.method,
                "parameters": result.parameters,
                "timings_ms": result.timings_ms,
            }
            write_json(folder / SUMMARY, {**run_facts(), **summary, **made})

    def recognises(self, folder: Path) -> bool:
        """Whether the folder holds such a result."""
        return (folder / f"{self.made}.png").is_file()

    def read(self, folder: Path, truth: Path | None = None) -> ImagePair:
        """The result, scored against the image `truth`; raises InputError where it cannot be."""
        image, made = read_image(folder / "image.png"), read_image(folder / f"{self.made}.png")
        scores = None
        if truth is not None:
            scores = image_scores(unit_image(made), unit_image(read_image(truth)))
        summary = read_json(folder / SUMMARY) if (folder / SUMMARY).is_file() else {}
        there = [name for name in self.more if (folder / f"{name}.png").is_file()]
        more = {name: read_image(folder / f"{name}.png") for name in there}
        return ImagePair(folder.resolve().name, image, made, summary, scores, more)

    def pictures(self, result: ImagePair) -> Section:
        """One image over the other, with a slider, where they have one size; then side by side."""
        before = Picture(result.image, "Image", photo=True)
        after = Picture(result.made, self.made.capitalize(), photo=True)
        more = [Picture(image, name.capitalize()) for name, image in result.more.items()]
        blocks: list[Block] = [Pictures([before, after, *more], columns=2)]
        if result.image.shape[:2] == result.made.shape[:2]:
            blocks.insert(0, Slider(before, after))
        return Section(result.name, blocks)

    def sections(self, results: Sequence[ImagePair]) -> list[Section]:
        """The sections of a page over `results`."""
        columns = [Column("Result"), Column("Size", "px"), Column("Method"), Column("PSNR", "dB")]
        rows = [
            (
                result.name,
                f"{result.image.shape[1]} × {result.image.shape[0]}",
                str(result.summary.get("method", "–")),
                math.nan if result.scores is None else result.scores.psnr_db,
            )
            for result in results
        ]
        glance = Section("At a glance", [Table(columns, rows)])
        return [glance, *(self.pictures(result) for result in results)]

    def kind(self) -> ResultKind:
        """What a capability hands over as its `results`."""
        return ResultKind(self.title, self.command, self.recognises, self.read, self.sections)

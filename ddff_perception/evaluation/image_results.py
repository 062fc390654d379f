"""Result folders of what makes an image of an image: written, read again, on a report's page."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..files.atomic import make_folder, remove, write_json
from ..files.images import read_image, read_json, write_image
from ..frame_pipeline import FrameResult
from ..types import ImageArray
from .image_metrics import ImageScores, image_scores, unit_image
from .machine import run_facts
from .reports.blocks import Column, Picture, Pictures, Section, Table
from .reports.results import ResultKind

SUMMARY = "summary.json"


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


@dataclass(frozen=True, slots=True)
class ImageFolder:
    """image.png, `made`.png and, last, summary.json.

    `title`: of a page about such folders; `command`: what writes them.
    """

    title: str
    command: str
    made: str

    @property
    def files(self) -> tuple[str, ...]:
        """What the command and the bag evaluation write."""
        return ("image.png", f"{self.made}.png", SUMMARY, "report.html")

    def write(
        self,
        folder: Path,
        result: FrameResult[ImageArray],
        summary: Mapping[str, Any] | None = None,
    ) -> None:
        """Writes what was found, and how beside what the `summary` says; without one the caller
        writes summary.json.

        Raises InputError where the folder cannot be written.
        """
        make_folder(folder, self.files)
        remove(folder / SUMMARY)
        write_image(folder / "image.png", result.image)
        write_image(folder / f"{self.made}.png", result.found)
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
        return ImagePair(folder.resolve().name, image, made, summary, scores)

    def pictures(self, result: ImagePair) -> Section:
        """Both images side by side."""
        shown = [
            Picture(result.image, "Image", photo=True),
            Picture(result.made, self.made.capitalize(), photo=True),
        ]
        return Section(result.name, [Pictures(shown, columns=2)])

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

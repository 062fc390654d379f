"""Recordings laid over a reference: one, or many of which an index proposes those worth it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ...evaluation.machine import run_facts
from ...files.atomic import write_json
from ...parameters import Value
from ..capture.reference import Reference
from ..evaluation.results import SUMMARY, begin_results, with_truth
from ..evaluation.scores import OffsetScores
from ..matching.alignment import align
from ..matching.pool import propose_pairs
from ..matching.settings import TourSettings
from ..matching.smoothing import SmoothingSettings
from ..parameters import recording_parameters
from .descriptor_map import Flattening
from .pictures import time_map, write_match

RECORDINGS = "recordings.json"
"""What many recordings laid over one come to."""


def unique_names(sources: Sequence[Path]) -> list[str]:
    """A name per recording, of its file's or folder's; later ones of the same name get a number."""
    names: list[str] = []
    for source in sources:
        stem = name = source.resolve().stem or "recording"
        number = 2
        while name in names:
            name, number = f"{stem}_{number}", number + 1
        names.append(name)
    return names


@dataclass(frozen=True)
class Recorded:
    """A recording under the name that its results bear."""

    name: str
    source: Path
    route: Reference


@dataclass(frozen=True)
class Laying:
    """How recordings are laid over a reference: parameters, method, pictures; `truth` by frame."""

    given: Mapping[str, Value]
    method: str
    flattening: Flattening
    video: bool
    truth: Mapping[int, float] | None = None

    def over(self, reference: Recorded, query: Recorded, output: Path) -> dict[str, Any]:
        """Writes the results of one recording into `output`; its summary."""
        first, second = reference.route, query.route
        settings = TourSettings.of(self.given, "matching")
        smoothing = SmoothingSettings.of(self.given, "smoothing")
        descriptors = first.descriptors, second.descriptors
        found = align(*descriptors, first.seconds, second.seconds, settings, smoothing)
        begin_results(output)
        shown = self.flattening, self.video
        write_match(output, first, second, found, settings.rank, *shown)
        matched = ~np.isnan(found.reference_s)
        summary: dict[str, Any] = {
            **run_facts(),
            "reference": str(reference.source),
            "query": str(query.source),
            "method": self.method,
            "parameters": recording_parameters(self.method).part(self.given),
            "frames": len(second),
            "matched": float(matched.mean()),
            "mean_confidence": float(found.confidence[matched].mean()) if matched.any() else 0.0,
        }
        if self.truth is not None:
            made = with_truth(time_map(first, second, found), self.truth)
            summary["scores"] = asdict(OffsetScores.of(made.reference_s, made.true_s))
        write_json(output / SUMMARY, summary)
        return summary

    def many_over(
        self, reference: Recorded, queries: Sequence[Recorded], output: Path
    ) -> list[dict[str, Any]]:
        """Each recording in a folder of its own; what an index of all frames proposes gets a cost
        matrix, of the others it is said that they have no place in common.
        """
        routes = [reference.route, *(query.route for query in queries)]
        pairs = propose_pairs([r.descriptors for r in routes], [r.seconds for r in routes])
        proposed = {pair.second for pair in pairs if pair.first == 0}
        rows: list[dict[str, Any]] = []
        for number, query in enumerate(queries, 1):
            row = {"recording": str(query.source), "folder": None, "matched": 0.0}
            row["frames"] = len(query.route)
            if number in proposed:
                summary = self.over(reference, query, output / query.name)
                row |= {"folder": query.name, "matched": summary["matched"]}
            rows.append(row)
        write_json(output / RECORDINGS, {"reference": str(reference.source), "recordings": rows})
        return rows

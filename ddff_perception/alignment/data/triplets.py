"""Anchor, positive, negative: which frames are to lie together (section 4.3, iterations 0 to 2)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray

from ...types import FloatArray
from ..matching.pool import classes_of, propose_pairs
from ..matching.settings import TourSettings
from ..matching.tours import find_tour

Pair = tuple[int, int]
Frame = tuple[int, int]
"""A recording's number and a frame's."""

_CANDIDATES = 32


@dataclass(frozen=True)
class TripletSettings:
    """Positives lie within `positive_s` in the same recording (15 frames of 30 Hz), negatives at
    least `negative_s` away; they are hard, the likest of some, with the probability `hard`.
    """

    positive_s: float = 0.5
    negative_s: float = 3.0
    hard: float = 0.5


@dataclass(frozen=True)
class Tours:
    """What is known of pairs of recordings: rows of the first per frame of the second, NaN where
    there are none; those found between the two (`direct`) and those by way of a third
    (`transitive`).
    """

    direct: Mapping[Pair, FloatArray] = field(default_factory=dict)
    transitive: Mapping[Pair, FloatArray] = field(default_factory=dict)


def find_tours(
    descriptors: Sequence[FloatArray],
    seconds: Sequence[NDArray[np.float64]],
    settings: TourSettings | None = None,
) -> Tours:
    """The tours of all pairs that an index proposes, and those by way of a third recording.

    "Shares a tour" is taken for an equivalence: within a class, X goes to Y by the V that reaches
    most of Y's frames from X (section 4.3.2).
    """
    direct: dict[Pair, FloatArray] = {}
    for proposal in propose_pairs(descriptors, seconds):
        a, b = proposal.first, proposal.second
        tour = find_tour(descriptors[a], descriptors[b], seconds[a], seconds[b], settings)
        if tour:
            direct[a, b] = tour.rows
            direct[b, a] = _inverse(tour.rows, len(descriptors[a]))
    transitive: dict[Pair, FloatArray] = {}
    for members in classes_of(len(descriptors), list(direct)):
        for x in members:
            for y in members:
                ways = [
                    _composed(direct[x, v], direct[v, y])
                    for v in members
                    if (x, v) in direct and (v, y) in direct and x != y
                ]
                if ways:
                    best = max(ways, key=lambda rows: int((~np.isnan(rows)).sum()))
                    if not np.isnan(best).all():
                        transitive[x, y] = best
    return Tours(direct, transitive)


class Sampler:
    """Draws triplets of frames with torch's generator, from recordings at `seconds` and their
    `tours`; `descriptors` say which negatives are hard.
    """

    def __init__(
        self,
        seconds: Sequence[NDArray[np.float64]],
        descriptors: Sequence[FloatArray],
        tours: Tours,
        settings: TripletSettings,
    ) -> None:
        self._seconds, self._descriptors = seconds, descriptors
        self._settings = settings
        self._maps = [list(found.items()) for found in (tours.direct, tours.transitive) if found]
        self._known = set(tours.direct) | set(tours.transitive)

    def draw(self) -> tuple[Frame, Frame, Frame]:
        """The next triplet."""
        if self._maps:
            # Half of what is found between two, half by way of a third (section 4.3.2).
            found = self._maps[_whole(len(self._maps))]
            (first, second), rows = found[_whole(len(found))]
            there = np.flatnonzero(~np.isnan(rows))
            frame = int(there[_whole(len(there))])
            anchor, positive = (second, frame), (first, round(float(rows[frame])))
        else:
            anchor, positive = self._neighbours()
        return anchor, positive, self._negative(anchor, positive)

    def _neighbours(self) -> tuple[Frame, Frame]:
        recording = _whole(len(self._seconds))
        clock = self._seconds[recording]
        frame = _whole(len(clock))
        near = np.flatnonzero(np.abs(clock - clock[frame]) <= self._settings.positive_s)
        return (recording, frame), (recording, int(near[_whole(len(near))]))

    def _negative(self, anchor: Frame, positive: Frame) -> Frame:
        """A frame far from the positive in its recording, or one of a recording that has nothing in
        common with the anchor's.
        """
        recording, frame = positive
        others = [
            number
            for number in range(len(self._seconds))
            if number not in (anchor[0], recording) and (number, anchor[0]) not in self._known
        ]
        if self._maps and others and _chance(0.5):
            recording = others[_whole(len(others))]
            far = np.arange(len(self._seconds[recording]))
        else:
            clock = self._seconds[recording]
            far = np.flatnonzero(np.abs(clock - clock[frame]) >= self._settings.negative_s)
            if not len(far):
                far = np.array([int(np.argmax(np.abs(clock - clock[frame])))])
        if not _chance(self._settings.hard):
            return recording, int(far[_whole(len(far))])
        drawn = far[torch.randint(len(far), (min(_CANDIDATES, len(far)),)).numpy()]
        likeness = self._descriptors[recording][drawn] @ self._descriptors[anchor[0]][anchor[1]]
        return recording, int(drawn[int(np.argmax(likeness))])


class TripletBatches(torch.utils.data.IterableDataset[dict[str, torch.Tensor]]):
    """Endless batches of `size` triplets: "anchor", "positive", "negative", each of what the trunk
    made of one of the `maps` (copies, n, ...) of the frame's recording, drawn by chance.
    """

    def __init__(self, sampler: Sampler, maps: Sequence[torch.Tensor], size: int) -> None:
        self._sampler, self._maps, self._size = sampler, maps, size

    def __iter__(self) -> Iterator[dict[str, torch.Tensor]]:
        while True:
            drawn = [self._sampler.draw() for _ in range(self._size)]
            parts = zip(("anchor", "positive", "negative"), zip(*drawn, strict=True), strict=True)
            yield {name: torch.stack([self._one(f) for f in frames]) for name, frames in parts}

    def _one(self, frame: Frame) -> torch.Tensor:
        copies = self._maps[frame[0]]
        return copies[_whole(len(copies)), frame[1]].float()


def _inverse(rows: FloatArray, count: int) -> FloatArray:
    """Columns per row, of rows per column; NaN where the row is on no path."""
    found = np.full(count, np.nan, np.float32)
    there = np.flatnonzero(~np.isnan(rows))
    found[np.round(rows[there]).astype(int)] = there
    return found


def _composed(first: FloatArray, second: FloatArray) -> FloatArray:
    """Rows of X per frame of Y, of rows of X per frame of V and rows of V per frame of Y."""
    found = np.full(len(second), np.nan, np.float32)
    there = np.flatnonzero(~np.isnan(second))
    found[there] = first[np.round(second[there]).astype(int)]
    return found


def _whole(count: int) -> int:
    return int(torch.randint(count, ()))


def _chance(share: float) -> bool:
    return bool(torch.rand(()) < share)

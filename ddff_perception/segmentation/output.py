"""What is handed on of a labelling: classes, least confidence, steadiness over time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..parameters import Settings, parameter
from ..simulation.classes import UNLABELLED
from ..types import FloatArray, InputError
from .types import CLASSES, Labelling

# A pixel whose depth changed by more shows something else.
_SAME_DEPTH = 0.05


def class_indices(names: list[str]) -> list[int]:
    """Indices of classes by name; raises InputError with those there are."""
    for name in names:
        if name not in CLASSES:
            raise InputError(f"there is no class {name!r}; there are: {', '.join(CLASSES)}")
    return [CLASSES.index(name) for name in names]


@dataclass(frozen=True)
class OutputSettings(Settings):
    """What is handed on."""

    classes: list[str] = parameter(list(CLASSES), "classes that are kept; others are unlabelled")
    minimum_confidence: float = parameter(
        0.0, "what is less sure than this is unlabelled", limits=(0.0, 1.0)
    )
    smoothing: float = parameter(
        0.0,
        "weight of earlier frames where the depth of a pixel stays, against flicker; 0 is none",
        limits=(0.0, 0.95),
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        class_indices(self.classes)


class Steadiness:
    """Labels of a stream, smoothed over time; forgets a pixel when its depth changes."""

    def __init__(self) -> None:
        self._votes: FloatArray | None = None
        self._depth: FloatArray | None = None

    def reset(self) -> None:
        """Forgets what came."""
        self._votes = self._depth = None

    def smoothed(self, found: Labelling, depth: FloatArray | None, weight: float) -> Labelling:
        """`found` with earlier frames counted by `weight`; the confidence is that of all."""
        height, width = found.labels.shape
        votes = np.zeros((len(CLASSES), height, width), np.float32)
        rows, columns = np.nonzero(found.labels != UNLABELLED)
        votes[found.labels[rows, columns], rows, columns] = found.confidence[rows, columns]
        before, self._depth, was = self._votes, depth, self._depth
        if before is not None and before.shape == votes.shape:
            kept = np.full((height, width), np.float32(weight))
            if depth is not None and was is not None and depth.shape == was.shape == kept.shape:
                with np.errstate(invalid="ignore"):
                    kept[np.abs(depth - was) > _SAME_DEPTH * depth] = 0
            votes = kept * before + (1 - kept) * votes
        self._votes = votes
        labels = votes.argmax(axis=0).astype(np.uint8)
        confidence = votes.max(axis=0)
        labels[confidence == 0] = UNLABELLED
        return Labelling(labels, confidence)

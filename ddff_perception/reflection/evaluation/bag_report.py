"""What a recorded polarization camera says: scores of the layers, as JSON and as a table."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from ...evaluation.image_run import AGAINST_LIVE, ImageResult
from ..pipeline import Separation

SCHEMA = "ddff-reflection-bag/1"
# How an estimate is named in the scores, beside the names of `image_run`.
PLAIN = "plain input"


@dataclass
class ReflectionBagResult(ImageResult):
    """`scores` of "transmission" and "reflection", also of `PLAIN`: the mean over the polarizer
    angles, nothing reflected.
    """

    last: Separation | None = None

    def to_json(self) -> dict[str, Any]:
        parts = dict(self.topics)
        state = parts.pop("filter_state", None)
        images = {part: parts.pop(part) for part in list(parts) if part.startswith("image_")}
        kind = "angles" if "image_a" in images else "mosaic" if state is None else "rotating"
        scores = {layer: dict(found) for layer, found in self.scores.items()}
        live = {layer: found.pop(AGAINST_LIVE, None) for layer, found in scores.items()}
        return {
            "schema": SCHEMA,
            **super().to_json(),
            "topics": {
                "kind": kind,
                "images": list(images.values()),
                "filter_state": state,
                "layers": parts,
            },
            "sets": self.changes,
            "separated": self.estimates,
            "complaint": self.complaint,
            "scores": {
                layer: {name: asdict(one) for name, one in found.items()}
                for layer, found in scores.items()
                if found
            },
            "against_live": {layer: asdict(one) for layer, one in live.items() if one is not None},
        }

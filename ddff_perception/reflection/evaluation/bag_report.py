"""What a recorded polarization camera says: scores of the layers, as JSON and as a table."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from ...evaluation.bag_run import BagResult
from ...evaluation.image_metrics import ImageScores
from ...evaluation.reports.blocks import Column, Table
from ..pipeline import Separation

SCHEMA = "ddff-reflection-bag/1"
# How an estimate is named in the scores.
PLAIN, OFFLINE, LIVE, AGAINST_LIVE = "plain input", "offline", "live", "against live"


@dataclass
class ReflectionBagResult(BagResult):
    """`scores[layer][estimate]`: means over the scored images of "transmission" and "reflection"
    against the truth, by `PLAIN` (the mean over the polarizer angles, nothing reflected), `OFFLINE`
    (separated here) and `LIVE` (recorded); by `AGAINST_LIVE` of offline against live.
    """

    scores: dict[str, dict[str, ImageScores]] = field(default_factory=dict)
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
            "scores": {
                layer: {name: asdict(one) for name, one in found.items()}
                for layer, found in scores.items()
                if found
            },
            "against_live": {layer: asdict(one) for layer, one in live.items() if one is not None},
        }


def score_table(result: ReflectionBagResult) -> list[Table]:
    """Errors of the layers, where the bag says what is true or what was separated live."""
    rows = [
        (
            layer,
            "offline vs live" if name == AGAINST_LIVE else f"{name} vs truth",
            scores.images,
            scores.rmse,
            scores.psnr_db,
            scores.ssim,
        )
        for layer, found in result.scores.items()
        for name, scores in found.items()
    ]
    columns: list[Column | str] = [
        "layer",
        "",
        Column("images", decimals=0),
        Column("RMSE"),
        Column("PSNR", "dB", decimals=1),
        Column("SSIM", decimals=3),
    ]
    caption = f"Layers of {result.estimates} sets of polarizer images"
    note = "Means over the images; 1 is full range. Live is what a node published while recorded."
    return [Table(columns, rows, caption, note)] if rows else []

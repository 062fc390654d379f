"""Errors of depth from a bag: estimated here, estimated live, and of nothing but a constant."""

from __future__ import annotations

from ..reports.blocks import Column, Row, Table
from .evaluation import DepthEvaluation, Variant

_NOTE = (
    "Means over {over}. Live is the recorded depth topic, offline the estimate from the recorded "
    "images; filled has every unknown pixel set to its nearest known one; best constant is the "
    "median true dioptre of each image, which says nothing of the scene."
)


def bag_errors(
    offline: DepthEvaluation | None,
    live: DepthEvaluation | None,
    both: DepthEvaluation | None,
    caption: str,
    over: str = "the images",
) -> list[Table]:
    """The table of what was scored: `offline` and `live` against the truth, and (`both`) offline as
    if live was the truth; empty where nothing was. `over`: what means are taken over.
    """
    kinds: tuple[tuple[str, DepthEvaluation | None, Variant], ...] = (
        ("live vs truth", live, "covered"),
        ("offline vs truth", offline, "covered"),
        ("filled", offline, "filled"),
        ("best constant", offline, "best_constant"),
        ("offline vs live", both, "covered"),
    )
    rows = []
    for name, evaluation, variant in kinds:
        if evaluation is None:
            continue
        dioptres = evaluation.scores(variant, "dioptres")
        metres = evaluation.scores(variant, "depth")
        errors = (dioptres.mae, metres.mae, metres.abs_rel, metres.delta_1)
        cells = (name, evaluation.images, *errors, 100.0 * dioptres.coverage)
        rows.append(Row(cells, "reference" if variant == "best_constant" else "normal"))
    columns: list[Column | str] = [
        "",
        Column("images", decimals=0),
        Column("MAE", "1/m"),
        Column("MAE", "m"),
        Column("Abs rel"),
        Column("δ<1.25", "%"),
        Column("coverage", "%"),
    ]
    return [Table(columns, rows, caption, _NOTE.format(over=over))] if rows else []

"""The model card of a separation network."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ...engines.model_zoo import ModelCard, TensorCard, card_path, write_card
from ...training.command import training_command
from ..networks.encoder_decoder import SIZE_MULTIPLE
from ..networks.export import LARGEST_SIDE, MOST_ANGLES, OPSET

LICENCE = "Apache-2.0"
LIMITS = (
    "One pane of glass per view (index 1.45 to 1.55); unpolarized light on both sides; linear "
    "images. Where surfaces meet whose planes of incidence differ by 90 degrees (a window above a "
    "wet floor), a seam of about a fifth of the view's longer side belongs to neither; no such "
    "view was learned from. Polarized light behind the pane (screens, other reflections, the sky) "
    "is taken for reflected. "
)


def write_separation_card(
    path: Path, description: str, channels: int | None, precision: str, record: Mapping[str, Any]
) -> Path:
    """Writes the card beside the ONNX file at `path`; returns the card's path.

    `record`: the JSON beside the weights, as training leaves it.
    """
    image = (channels or "channels", "height", "width")
    axes = {
        "angles": (3, 4, MOST_ANGLES),
        "height": (8 * SIZE_MULTIPLE, 512, LARGEST_SIDE),
        "width": (8 * SIZE_MULTIPLE, 640, LARGEST_SIDE),
    }
    if channels is None:
        axes["channels"] = (1, 1, 3)
    card = ModelCard(
        name=path.stem,
        description=f"{description}; sides a multiple of {SIZE_MULTIPLE}",
        inputs=(
            TensorCard(
                "images",
                ("angles", *image),
                "float32",
                "NCHW",
                "one linear image per polarizer angle, grey or BGR, full range as 1",
            ),
            TensorCard(
                "angles_deg",
                ("angles",),
                "float32",
                "N",
                "the polarizer's transmission axis of each image",
                unit="deg",
            ),
        ),
        outputs=tuple(
            TensorCard(name, (1, *image), "float32", "NCHW", f"{text}, mean over all angles")
            for name, text in (
                ("transmission", "what lies behind the pane"),
                ("reflection", "what the pane reflects"),
            )
        ),
        opset=OPSET,
        precision=precision,
        training_command=training_command("reflection", record, "PHOTOGRAPHS"),
        seed=int(record["settings"]["seed"]),
        data=str(record["data_source"]),
        metrics=dict(record.get("judge") or record.get("losses") or {}),
        limits=LIMITS + _learned_from(record),
        licence=LICENCE,
        axes=axes,
        parameters=int(record["parameters"]),
        minimum_precision="float32" if precision == "float32" else "bfloat16",
    )
    write_card(path, card)
    return card_path(path)


def _learned_from(record: Mapping[str, Any]) -> str:
    """What the weights have seen, in a sentence."""
    pictures = "photographs" if record.get("data") else "procedural pictures"
    size = int(record["network_parameters"]["size"])
    captures = "" if record.get("data") else ": no real capture was seen"
    return f"Trained on {pictures}, {size} pixels of each at a time{captures}."

"""FocusStream's two ONNX files with their cards."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ...engines.model_zoo import ModelCard, TensorCard, write_card
from ..networks.focus_stream import GUIDES, LEVELS, FocusStream
from ..networks.focus_stream_export import OPSET, export_encoder, export_head

_SIDE = (32, 480, 4096)
_CELLS = (4, 60, 512)


def write_networks(
    network: FocusStream, folder: Path, name: str, precision: str, record: Mapping[str, Any]
) -> list[Path]:
    """`name`_encoder.onnx and `name`_head.onnx (with _float16 where that is the precision) and
    their cards into `folder`. `record`: command, seed, data, metrics of the training.
    """
    suffix = "" if precision == "float32" else f"_{precision}"
    encoder, head = folder / f"{name}_encoder{suffix}.onnx", folder / f"{name}_head{suffix}.onnx"
    export_encoder(network, encoder, precision)
    export_head(network, head, precision)
    shared: dict[str, Any] = {
        "opset": OPSET,
        "precision": precision,
        "training_command": str(record["command"]),
        "seed": int(record["seed"]),
        "data": str(record["data"]),
        "metrics": dict(record["metrics"]),
        "licence": "Apache-2.0",
    }
    channels = LEVELS + GUIDES + network.settings.features
    write_card(encoder, _encoder_card(network, encoder.stem, channels, shared))
    write_card(head, _head_card(network, head.stem, channels, shared))
    return [encoder, head]


def _encoder_card(
    network: FocusStream, name: str, channels: int, shared: Mapping[str, Any]
) -> ModelCard:
    image = TensorCard(
        "image", (1, "height", "width", 3), "uint8", "NHWC", "one slice, BGR; sides multiples of 32"
    )
    encoding = TensorCard(
        "encoding",
        (1, channels, "rows", "columns"),
        "float32",
        "NCHW",
        "per cell of 8 x 8 px: contrast in three octaves (grey levels), a guide at 4 px, features",
    )
    return ModelCard(
        name=name,
        description="FocusStream's encoder: what is kept of one slice of a focus sweep",
        inputs=(image,),
        outputs=(encoding,),
        limits="Only for the head that it was trained with.",
        axes={"height": _SIDE, "width": (32, 640, 4096)},
        parameters=sum(p.numel() for p in network.encoder.parameters()),
        **shared,
    )


def _head_card(
    network: FocusStream, name: str, channels: int, shared: Mapping[str, Any]
) -> ModelCard:
    cells, bins = ("rows", "columns"), network.settings.bins
    return ModelCard(
        name=name,
        description="FocusStream's head: from all slices of a sweep to position and its error",
        inputs=(
            TensorCard(
                "encodings", ("slices", channels, *cells), "float32", "SCHW", "of the encoder"
            ),
            TensorCard(
                "positions",
                ("slices",),
                "float32",
                "S",
                "inverse focus distance along the sweep, ascending from 0 to 1",
                range=(0.0, 1.0),
            ),
            TensorCard(
                "templates",
                (LEVELS, "slices", bins),
                "float32",
                "LSD",
                "focus curves that the lens's law predicts, zero mean and unit norm over slices",
            ),
        ),
        outputs=(
            TensorCard("base", cells, "float32", "HW", "number of the likeliest candidate"),
            TensorCard(
                "offset",
                (4, *cells),
                "float32",
                "CHW",
                "of the 2 x 2 subcells from there; (base + offset) / "
                f"{bins - 1} is the position along the sweep",
                unit="candidates",
            ),
            TensorCard(
                "log_scale", (4, *cells), "float32", "CHW", "logarithm of the position's error"
            ),
        ),
        limits=(
            "Depth within the sweep only. Trained on blurred simulated scenes: strong motion "
            "between slices, lens errors and translucent things were not among them."
        ),
        axes={"slices": (2, 10, 256), "rows": _CELLS, "columns": (4, 80, 512)},
        parameters=sum(p.numel() for p in network.head.parameters()),
        **shared,
    )

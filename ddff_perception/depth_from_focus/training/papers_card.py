"""The model card of a network over whole stacks."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ...engines.model_zoo import ModelCard, TensorCard, card_path, write_card
from ...training.command import training_command
from ..networks.common import FocusNetwork, parameter_count
from ..networks.export import LARGEST_SIDE, OPSET, SMALLEST_SIDE

TYPICAL = (480, 640)
LICENCE = "Apache-2.0"
_IMAGE = ("height", "width")


def write_stack_card(
    path: Path,
    description: str,
    network: FocusNetwork,
    slices: int,
    precision: str,
    record: Mapping[str, Any],
) -> Path:
    """Writes the card beside the ONNX file at `path`; returns the card's path.

    `record`: the JSON beside the weights, as training leaves it.
    """
    card = ModelCard(
        name=path.stem,
        description=f"{description}; {slices} slices",
        inputs=_inputs(slices),
        outputs=_outputs(),
        opset=OPSET,
        precision=precision,
        # In bfloat16 positions move by up to 10 %.
        minimum_precision="float32",
        training_command=training_command("depth_from_focus", record),
        seed=int(record["settings"]["seed"]),
        data=str(record["data_source"]),
        metrics=dict(record.get("metrics") or record.get("losses") or {}),
        limits=(
            "For comparison with the papers: smaller and trained far shorter than theirs, on sweeps"
            " and lenses as in the data, with hardly any motion between slices. Other "
            f"numbers of slices than {slices} are thinned or repeated. No confidence comes out."
        ),
        licence=LICENCE,
        axes={
            name: (SMALLEST_SIDE, typical, LARGEST_SIDE)
            for name, typical in zip(_IMAGE, TYPICAL, strict=True)
        },
        parameters=parameter_count(network),
    )
    write_card(path, card)
    return card_path(path)


def _inputs(slices: int) -> tuple[TensorCard, ...]:
    return (
        TensorCard(
            "images",
            (1, slices, 3, *_IMAGE),
            "float32",
            "BSCHW",
            "the slices, BGR, nearest focus first, evenly spaced in dioptres",
            range=(0.0, 1.0),
        ),
        TensorCard(
            "dioptres",
            (1, slices),
            "float32",
            "BS",
            "inverse focus distance of each slice, or any other linear coordinate",
            unit="1/m",
        ),
    )


def _outputs() -> tuple[TensorCard, ...]:
    return (
        TensorCard(
            "position",
            (1, *_IMAGE),
            "float32",
            "BHW",
            "where along the sweep each pixel is sharp: 0 farthest, 1 nearest focus",
        ),
        TensorCard(
            "disparity",
            (1, *_IMAGE),
            "float32",
            "BHW",
            "the same in the unit of dioptres",
            unit="1/m",
        ),
    )

"""The ONNX file of a network that labels pixels, for any image size."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import nn

from ...engines.model_zoo import TensorCard
from ...training.onnx_file import OnnxFile
from ..networks.labeller import Labeller

_SMALLEST_SIDE, _LARGEST_SIDE = 32, 2048
LIMITS = (
    "Rooms with the 13 classes of NYU alone: people, machines, streets and what lies outside count "
    "for something that they are not. Learned from rendered rooms; no real capture was seen. "
)
_TEXTS = {
    "colour": "red, green, blue, 0..255",
    "hha": "disparity, height, angle as Hha.network_image makes them, 0..255, 0 unknown",
    "depth": "25.5 per metre, 0 unknown",
}
_PRESENT = "1 where colour and depth are there, 0 where one is missing"


def labelling_file(
    network: nn.Module,
    name: str,
    description: str,
    classes: Sequence[str],
    images: Mapping[str, int],
    precision: str,
    record: Mapping[str, Any],
) -> OnnxFile:
    """`network` with enlarging and softmax behind it: `images` (1 x channels x height x width
    float32 in 0..255) to `probabilities` (1 x `classes` x height x width float32).

    `images`: channels by name, out of `colour`, `hha`, `depth`, two of them stacked (joined by an
    underscore), and `present` (1 x 2). With float16 the weights compute in float16 between float32
    inputs and outputs.
    """
    temperature = float(record.get("temperature", 1.0))
    labeller = Labeller(copy.deepcopy(network), temperature).eval().cpu().float()
    if precision == "float16":
        labeller.halve()
    tensors = [_tensor(name, channels) for name, channels in images.items()]
    examples = tuple(
        torch.rand(1, channels, 64, 96) * 255 if channels else torch.ones(1, 2)
        for channels in images.values()
    )
    return OnnxFile(
        name=name,
        description=description,
        module=labeller,
        examples=examples,
        inputs=tuple(tensors),
        outputs=(
            TensorCard(
                "probabilities",
                (1, len(classes), "height", "width"),
                "float32",
                "NCHW",
                f"share of each class: {', '.join(classes)}",
            ),
        ),
        limits=LIMITS,
        axes={
            "height": (_SMALLEST_SIDE, 256, _LARGEST_SIDE),
            "width": (_SMALLEST_SIDE, 352, _LARGEST_SIDE),
        },
        by_tracing=True,
        half_storage=True,
    )


def _tensor(name: str, channels: int) -> TensorCard:
    if name == "present":
        return TensorCard(name, (1, 2), "float32", "NC", _PRESENT, "", (0.0, 1.0))
    shape = (1, channels, "height", "width")
    text = "; ".join(_TEXTS[part] for part in name.split("_"))
    return TensorCard(name, shape, "float32", "NCHW", text, "", (0.0, 255.0))

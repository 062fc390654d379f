"""FocusStream to ONNX: the encoder of one slice and the head over the slices that are there."""

from __future__ import annotations

import copy
import io
import warnings
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ...files.atomic import write_bytes
from .focus_stream import GUIDES, LEVELS, FocusStream, SliceEncoder, StreamHead

OPSET = 18


class _Encoder(nn.Module):
    """1 x H x W x 3 uint8 BGR, as a camera gives it, to 1 x C x H/8 x W/8."""

    def __init__(self, encoder: SliceEncoder) -> None:
        super().__init__()
        self.encoder = encoder

    def forward(self, image: Tensor) -> Tensor:
        return self.encoder(image.permute(0, 3, 1, 2).float())


class _Head(nn.Module):
    def __init__(self, head: StreamHead) -> None:
        super().__init__()
        self.head = head

    def forward(
        self, encodings: Tensor, positions: Tensor, templates: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        base, offset, scale, _ = self.head.placed(encodings[None], positions[None], templates[None])
        return base[0, 0], offset[0], scale[0]


def export_encoder(network: FocusStream, path: Path, precision: str = "float32") -> None:
    """`image` (1, height, width, 3) uint8 to `encoding` (1, channels, rows, columns) float32."""
    encoder = _Encoder(network_in_precision(network, precision).encoder)
    axes = {"image": {1: "height", 2: "width"}, "encoding": {2: "rows", 3: "columns"}}
    _export(encoder, path, {"image": torch.zeros(1, 96, 128, 3, dtype=torch.uint8)}, axes)


def export_head(network: FocusStream, path: Path, precision: str = "float32") -> None:
    """`encodings` (slices, channels, rows, columns), `positions` (slices,), `templates`
    (3, slices, bins) to `base` (rows, columns), `offset` and `log_scale` (4, rows, columns).
    """
    slices, settings = 5, network.settings
    inputs = {
        "encodings": torch.rand(slices, LEVELS + GUIDES + settings.features, 12, 16) + 1.0,
        "positions": torch.linspace(0, 1, slices),
        "templates": torch.randn(LEVELS, slices, settings.bins),
    }
    axes = {
        "encodings": {0: "slices", 2: "rows", 3: "columns"},
        "positions": {0: "slices"},
        "templates": {1: "slices"},
        "base": {0: "rows", 1: "columns"},
        "offset": {1: "rows", 2: "columns"},
        "log_scale": {1: "rows", 2: "columns"},
    }
    _export(_Head(network_in_precision(network, precision).head), path, inputs, axes)


def network_in_precision(network: FocusStream, precision: str) -> FocusStream:
    """A copy whose learned layers compute in `precision`, float32 or float16.

    Contrasts and likelihoods, which have a wider range than float16, stay as they are.
    """
    result: FocusStream = copy.deepcopy(network).eval().float()
    if precision == "float16":
        for part in (*result.encoder.children(), *result.head.children()):
            part.half()
    return result


def _export(
    module: nn.Module, path: Path, inputs: dict[str, Tensor], axes: dict[str, dict[int, str]]
) -> None:
    outputs = [name for name in axes if name not in inputs]
    buffer = io.BytesIO()
    arguments: dict[str, Any] = {
        "input_names": list(inputs),
        "output_names": outputs,
        "dynamic_axes": axes,
        "opset_version": OPSET,
        "dynamo": False,
    }
    with warnings.catch_warnings(), torch.no_grad():
        # Constants that tracing makes are meant to be constants.
        warnings.simplefilter("ignore")
        torch.onnx.export(module.eval(), tuple(inputs.values()), buffer, **arguments)
    write_bytes(path, buffer.getvalue())

"""FocusStream to ONNX: the encoder of one slice and the head over the slices that are there."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn

from .network_focus_stream import FocusStream, SliceEncoder, StreamHead

OPSET = 20


class _Encoder(nn.Module):
    """1 x H x W x 3 uint8 BGR, as a camera gives it, to 1 x C x H/8 x W/8."""

    def __init__(self, encoder: SliceEncoder) -> None:
        super().__init__()
        self.encoder = encoder

    def forward(self, image: Tensor) -> Tensor:
        pixels = image.permute(0, 3, 1, 2).to(self.encoder.octave_0.dtype)
        return self.encoder(pixels).float()


class _Head(nn.Module):
    def __init__(self, head: StreamHead) -> None:
        super().__init__()
        self.head = head

    def forward(
        self, encodings: Tensor, positions: Tensor, templates: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        base, offset, scale, _ = self.head.placed(encodings[None], positions[None], templates[None])
        return base[0, 0], offset[0], scale[0]


def export_encoder(network: FocusStream, path: Path) -> None:
    """`image` (1, height, width, 3) uint8 to `encoding` (1, channels, rows, columns) float32."""
    image = torch.zeros(1, 96, 128, 3, dtype=torch.uint8)
    torch.onnx.export(
        _Encoder(network.encoder).eval(),
        (image,),
        str(path),
        input_names=["image"],
        output_names=["encoding"],
        dynamic_axes={
            "image": {1: "height", 2: "width"},
            "encoding": {2: "rows", 3: "columns"},
        },
        opset_version=OPSET,
        dynamo=False,
    )


def export_head(network: FocusStream, path: Path) -> None:
    """`encodings` (slices, channels, rows, columns), `positions` (slices,), `templates`
    (3, slices, bins) to `base` (rows, columns), `offset` and `log_scale` (4, rows, columns).
    """
    slices, settings = 5, network.settings
    channels = 23 + settings.features
    encodings = torch.rand(slices, channels, 12, 16) + 1.0
    positions = torch.linspace(0, 1, slices)
    templates = torch.randn(3, slices, settings.bins)
    dynamic = {
        "encodings": {0: "slices", 2: "rows", 3: "columns"},
        "positions": {0: "slices"},
        "templates": {1: "slices"},
        "base": {0: "rows", 1: "columns"},
        "offset": {1: "rows", 2: "columns"},
        "log_scale": {1: "rows", 2: "columns"},
    }
    torch.onnx.export(
        _Head(network.head).eval(),
        (encodings, positions, templates),
        str(path),
        input_names=["encodings", "positions", "templates"],
        output_names=["base", "offset", "log_scale"],
        dynamic_axes=dynamic,
        opset_version=OPSET,
        dynamo=False,
    )

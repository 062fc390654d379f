"""FocusStream's two ONNX files: the encoder of one slice and the head over all that are there."""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn

from ...engines.model_zoo import TensorCard
from ...training.onnx_file import OnnxFile
from ..networks.focus_stream import GUIDES, LEVELS, FocusStream, SliceEncoder, StreamHead

_SIDES = {"height": (32, 480, 4096), "width": (32, 640, 4096)}
_CELLS = {"rows": (4, 60, 512), "columns": (4, 80, 512)}
_SLICES = 5  # of the example


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


def network_in_precision(network: FocusStream, precision: str) -> FocusStream:
    """A copy whose learned layers compute in `precision`, float32 or float16.

    Contrasts and likelihoods, which have a wider range than float16, stay as they are.
    """
    result: FocusStream = copy.deepcopy(network).eval().float()
    if precision == "float16":
        for part in (*result.encoder.children(), *result.head.children()):
            part.half()
    return result


def encoder_file(network: FocusStream) -> OnnxFile:
    """`image` (1, height, width, 3) uint8 to `encoding` (1, channels, rows, columns) float32."""
    channels = LEVELS + GUIDES + network.settings.features
    text = (
        "per cell of 8 x 8 px: contrast in three octaves (grey levels), a guide at 4 px, features"
    )
    shape = (1, channels, "rows", "columns")
    return OnnxFile(
        name="focus_stream_encoder",
        description="FocusStream's encoder: what is kept of one slice of a focus sweep",
        module=_Encoder(network.encoder).eval(),
        examples=(torch.zeros(1, 96, 128, 3, dtype=torch.uint8),),
        inputs=(
            TensorCard(
                "image",
                (1, "height", "width", 3),
                "uint8",
                "NHWC",
                "one slice, BGR; sides multiples of 32",
            ),
        ),
        outputs=(TensorCard("encoding", shape, "float32", "NCHW", text),),
        limits="Only for the head that it was trained with.",
        axes=_SIDES,
        by_tracing=True,
    )


def head_file(network: FocusStream) -> OnnxFile:
    """`encodings` (slices, channels, rows, columns), `positions` (slices,), `templates`
    (3, slices, bins) to `base` (rows, columns), `offset` and `log_scale` (4, rows, columns).
    """
    channels, bins = LEVELS + GUIDES + network.settings.features, network.settings.bins
    cells = ("rows", "columns")
    place = (
        f"of the 2 x 2 subcells from there; (base + offset) / {bins - 1} is the position along the "
        "sweep"
    )
    return OnnxFile(
        name="focus_stream_head",
        description="FocusStream's head: from all slices of a sweep to position and its error",
        module=_Head(network.head).eval(),
        examples=(
            torch.rand(_SLICES, channels, 12, 16) + 1.0,
            torch.linspace(0, 1, _SLICES),
            torch.randn(LEVELS, _SLICES, bins),
        ),
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
            TensorCard("offset", (4, *cells), "float32", "CHW", place, unit="candidates"),
            TensorCard(
                "log_scale", (4, *cells), "float32", "CHW", "logarithm of the position's error"
            ),
        ),
        limits=(
            "Depth within the sweep only. Trained on blurred simulated scenes: strong motion "
            "between slices, lens errors and translucent things were not among them."
        ),
        axes={"slices": (2, 10, 256), **_CELLS},
        by_tracing=True,
    )

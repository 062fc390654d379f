"""The ONNX file of a separation network, for any image size and number of polarizer angles."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

from ...engines.model_zoo import TensorCard
from ...training.onnx_file import OnnxFile
from ..networks.blending import Separation
from ..networks.encoder_decoder import SIZE_MULTIPLE

_LARGEST_SIDE = 4096
LIMITS = (
    "One pane of glass per view (index 1.45 to 1.55); unpolarized light on both sides; linear "
    "images. Where surfaces meet whose planes of incidence differ by 90 degrees (a window above a "
    "wet floor), a seam of about a fifth of the view's longer side belongs to neither; no such "
    "view was learned from. Polarized light behind the pane (screens, other reflections, the sky) "
    "is taken for reflected. "
)


def separation_file(
    network: nn.Module,
    name: str,
    description: str,
    channels: int | None,
    precision: str,
    record: Mapping[str, Any],
) -> OnnxFile:
    """`network` with the projection before it: `images` (angles x channels x height x width float32
    in 0..1) and `angles_deg` (angles float32) to `transmission` and `reflection` (1 x channels x
    height x width float32).

    `channels`: None for 1 or 3 at run time. With float16 the layers with weights compute in
    float16; the physics around them stays float32, in which the layers' small differences have
    room.
    """
    separation = Separation(copy.deepcopy(network)).eval().cpu().float()
    if precision == "float16":
        _halve(separation)
    image = (channels or "channels", "height", "width")
    images = "one linear image per polarizer angle, grey or BGR, full range as 1"
    angles = "the polarizer's transmission axis of each image"
    layers = {
        "transmission": "what lies behind the pane, mean over all angles",
        "reflection": "what the pane reflects, mean over all angles",
    }
    return OnnxFile(
        name=f"reflection_{name}",
        description=f"{description}; sides a multiple of {SIZE_MULTIPLE}",
        module=separation,
        examples=(torch.rand(4, channels or 3, 64, 96), torch.tensor([0.0, 45.0, 90.0, 135.0])),
        inputs=(
            TensorCard("images", ("angles", *image), "float32", "NCHW", images),
            TensorCard("angles_deg", ("angles",), "float32", "N", angles, unit="deg"),
        ),
        outputs=tuple(
            TensorCard(layer, (1, *image), "float32", "NCHW", text)
            for layer, text in layers.items()
        ),
        limits=LIMITS + _learned_from(record),
        axes={
            "angles": (3, 4, 16),
            "height": (8 * SIZE_MULTIPLE, 512, _LARGEST_SIDE),
            "width": (8 * SIZE_MULTIPLE, 640, _LARGEST_SIDE),
            **({} if channels else {"channels": (1, 1, 3)}),
        },
        minimum_precision="float32" if precision == "float32" else "bfloat16",
        multiples={"height": SIZE_MULTIPLE, "width": SIZE_MULTIPLE},
    )


class _Half(nn.Module):
    """A module that computes in float16 between float32 neighbours."""

    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner.half()

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        result: torch.Tensor = self.inner(values.half())
        return result.float()


def _halve(module: nn.Module) -> None:
    """Every layer with weights computes in float16."""
    for name, child in module.named_children():
        if isinstance(child, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
            setattr(module, name, _Half(child))
        else:
            _halve(child)


def _learned_from(record: Mapping[str, Any]) -> str:
    """What the weights have seen, in a sentence."""
    pictures = "photographs" if record.get("data") else "procedural pictures"
    size = int(record["network_parameters"]["size"])
    captures = "" if record.get("data") else ": no real capture was seen"
    return f"Trained on {pictures}, {size} pixels of each at a time{captures}."

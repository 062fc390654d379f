"""A separation network to one ONNX file for any image size and any number of polarizer angles."""

from __future__ import annotations

import copy
import logging
import warnings
from pathlib import Path

import torch
from torch import nn
from torch.export import Dim

from ...files.atomic import write_bytes
from ...types import InputError
from .blending import Separation
from .encoder_decoder import SIZE_MULTIPLE

OPSET = 18
PRECISIONS = ("float32", "float16")
LARGEST_SIDE = 4096
MOST_ANGLES = 16


def export_onnx(
    network: nn.Module, path: Path, channels: int | None = None, precision: str = "float32"
) -> Path:
    """Writes `network` in evaluation mode, with the projection before it, to `path`; returns it.

    Inputs `images` (angles x channels x height x width float32 in 0..1, sides a multiple of 8) and
    `angles_deg` (angles float32); outputs `transmission` and `reflection` (1 x channels x height x
    width float32). `channels`: None for 1 or 3 at run time. With float16 the layers with weights
    compute in float16; the physics around them stays float32, in which the layers' small
    differences have room.
    """
    if precision not in PRECISIONS:
        raise InputError(f"precision must be one of {', '.join(PRECISIONS)}, not {precision!r}")
    separation = Separation(copy.deepcopy(network)).eval().cpu().float()
    if precision == "float16":
        _halve(separation)
    example = (torch.rand(4, channels or 3, 64, 96), torch.tensor([0.0, 45.0, 90.0, 135.0]))
    angles = Dim("angles", min=3, max=MOST_ANGLES)
    sides = {
        axis: SIZE_MULTIPLE * Dim(name, min=2, max=LARGEST_SIDE // SIZE_MULTIPLE)
        for axis, name in ((2, "rows"), (3, "columns"))
    }
    shape = {0: angles, **sides}
    if channels is None:
        shape[1] = Dim("channels", min=1, max=3)
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            separation,
            example,
            dynamo=True,
            dynamic_shapes={"images": shape, "angles_deg": {0: angles}},
            input_names=["images", "angles_deg"],
            output_names=["transmission", "reflection"],
            opset_version=OPSET,
            external_data=False,
            verbose=False,
        )
    proto = program.model_proto
    _name_axes(proto)
    write_bytes(path, proto.SerializeToString())
    return path


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


def _name_axes(proto: object) -> None:
    """Calls the dynamic axes as the model card does."""
    graph = proto.graph  # type: ignore[attr-defined]
    names = {"images": ("angles", "channels", "height", "width"), "angles_deg": ("angles",)}
    for value in (*graph.input, *graph.output):
        wanted = names.get(value.name, ("", "channels", "height", "width"))
        for axis, name in zip(value.type.tensor_type.shape.dim, wanted, strict=True):
            if axis.HasField("dim_param"):
                axis.dim_param = name
    # Derived names of inner tensors would refer to the old ones; engines infer them anyway.
    del graph.value_info[:]

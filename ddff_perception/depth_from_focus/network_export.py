"""A network over focal stacks to one ONNX file of any image size."""

from __future__ import annotations

import copy
import logging
import warnings
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.export import Dim

from ..files.atomic import write_bytes
from ..types import InputError
from .network_common import FocusNetwork

OPSET = 18
PRECISIONS = ("float32", "float16")
# The image that the graph is traced with, in units of the network's multiple.
TRACED = (2, 3)
LARGEST_SIDE = 4096


def export_onnx(
    network: FocusNetwork, path: Path, slices: int | None = None, precision: str = "float32"
) -> Path:
    """Writes `network` in evaluation mode to `path`, atomically; returns it.

    Inputs `images` (1 x S x 3 x height x width float32, sides a multiple of the network's
    `multiple`) and `dioptres` (1 x S float32); outputs `position` and `disparity`, each 1 x height
    x width float32. S is fixed: the network's own, or `slices` where it takes any number. With
    `precision` float16 the layers compute in float16 and the file is half as large.
    """
    count = network.slices or slices
    if count is None:
        raise InputError("this network takes any number of slices: say how many the file is for")
    if precision not in PRECISIONS:
        raise InputError(f"precision must be one of {', '.join(PRECISIONS)}, not {precision!r}")
    traced = copy.deepcopy(network).eval().cpu()
    traced = traced.half() if precision == "float16" else traced.float()
    rows, columns = (number * network.multiple for number in TRACED)
    example = (torch.rand(1, count, 3, rows, columns), torch.linspace(2.0, 0.5, count)[None])
    sides = {
        axis: network.multiple * Dim(name, min=1, max=LARGEST_SIDE // network.multiple)
        for axis, name in ((3, "rows"), (4, "columns"))
    }
    _silence()
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            _Outputs(traced).eval(),
            example,
            dynamo=True,
            dynamic_shapes={"images": sides, "dioptres": None},
            input_names=["images", "dioptres"],
            output_names=["position", "disparity"],
            opset_version=OPSET,
            external_data=False,
            verbose=False,
        )
    proto = program.model_proto
    _name_axes(proto)
    write_bytes(path, proto.SerializeToString())
    return path


class _Outputs(nn.Module):
    """The network with a tuple in the place of its dict: ONNX outputs have an order."""

    def __init__(self, network: FocusNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: Tensor, dioptres: Tensor) -> tuple[Tensor, Tensor]:
        found = self.network(images, dioptres)
        return found["position"], found["disparity"]


def _name_axes(proto: object) -> None:
    """Calls the dynamic axes of inputs and outputs height and width, as the model card does."""
    graph = proto.graph  # type: ignore[attr-defined]
    for value in (*graph.input, *graph.output):
        shape = value.type.tensor_type.shape.dim
        for axis, name in zip(shape[-2:], ("height", "width"), strict=True):
            if axis.HasField("dim_param"):
                axis.dim_param = name
    # Derived names of inner tensors would refer to the old ones; engines infer them anyway.
    del graph.value_info[:]


def _silence() -> None:
    """The exporter tells each time which packages it does not find."""
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)

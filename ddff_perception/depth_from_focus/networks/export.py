"""A network over focal stacks to one ONNX file of any image size."""

from __future__ import annotations

import copy
import logging
import warnings
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.export import Dim

from ...files.atomic import write_bytes
from ...types import InputError
from .common import FocusNetwork

OPSET = 18
PRECISIONS = ("float32", "float16")
# The image that the graph is traced with; neither side is a special case.
TRACED = (70, 100)
SMALLEST_SIDE, LARGEST_SIDE = 8, 4096


def export_onnx(
    network: FocusNetwork, path: Path, slices: int | None = None, precision: str = "float32"
) -> Path:
    """Writes `network` in evaluation mode to `path`, atomically; returns it.

    Inputs `images` (1 x S x 3 x height x width float32, any size) and `dioptres` (1 x S float32);
    outputs `position` and `disparity`, each 1 x height x width float32. S is fixed: the network's
    own, or `slices` where it takes any number. With `precision` float16 the layers compute in
    float16 and the file is half as large.
    """
    count = network.slices or slices
    if count is None:
        raise InputError("this network takes any number of slices: say how many the file is for")
    if precision not in PRECISIONS:
        raise InputError(f"precision must be one of {', '.join(PRECISIONS)}, not {precision!r}")
    traced = copy.deepcopy(network).eval().cpu()
    traced = traced.half() if precision == "float16" else traced.float()
    example = (torch.rand(1, count, 3, *TRACED), torch.linspace(2.0, 0.5, count)[None])
    sides = {
        axis: Dim(name, min=SMALLEST_SIDE, max=LARGEST_SIDE)
        for axis, name in ((3, "height"), (4, "width"))
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
    write_bytes(path, program.model_proto.SerializeToString())
    return path


class _Outputs(nn.Module):
    """The network with a tuple in the place of its dict: ONNX outputs have an order."""

    def __init__(self, network: FocusNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: Tensor, dioptres: Tensor) -> tuple[Tensor, Tensor]:
        found = self.network(images, dioptres)
        return found["position"], found["disparity"]


def _silence() -> None:
    """The exporter tells each time which packages it does not find."""
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)

"""The ONNX file of a network over whole stacks, of any image size."""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn

from ...engines.model_zoo import TensorCard
from ...training.onnx_file import OnnxFile
from ...types import InputError
from ..networks.common import FocusNetwork

# The image that the graph is read with; neither side is a special case.
_EXAMPLE = (70, 100)
_IMAGE = ("height", "width")


class _Outputs(nn.Module):
    """The network with a tuple in the place of its dict: ONNX outputs have an order."""

    def __init__(self, network: FocusNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: Tensor, dioptres: Tensor) -> tuple[Tensor, Tensor]:
        found = self.network(images, dioptres)
        return found["position"], found["disparity"]


def stack_file(
    network: FocusNetwork,
    name: str = "network",
    description: str = "a network over focal stacks",
    slices: int | None = None,
    precision: str = "float32",
) -> OnnxFile:
    """`images` (1 x S x 3 x height x width float32, any size) and `dioptres` (1 x S float32) to
    `position` and `disparity`, each 1 x height x width float32.

    S is fixed: the network's own, or `slices` where it takes any number. With `precision` float16
    the layers compute in float16 and the file is half as large.
    """
    count = network.slices or slices
    if count is None:
        raise InputError("this network takes any number of slices: say how many the file is for")
    layers = copy.deepcopy(network).eval().cpu()
    layers = layers.half() if precision == "float16" else layers.float()
    images = "the slices, BGR, nearest focus first, evenly spaced in dioptres"
    dioptres = "inverse focus distance of each slice, or any other linear coordinate"
    position = "where along the sweep each pixel is sharp: 0 farthest, 1 nearest focus"
    shape = (1, count, 3, *_IMAGE)
    return OnnxFile(
        name=name,
        description=f"{description}; {count} slices",
        by_tracing=True,
        module=_Outputs(layers).eval(),
        examples=(torch.rand(1, count, 3, *_EXAMPLE), torch.linspace(2.0, 0.5, count)[None]),
        inputs=(
            TensorCard("images", shape, "float32", "BSCHW", images, range=(0.0, 1.0)),
            TensorCard("dioptres", (1, count), "float32", "BS", dioptres, unit="1/m"),
        ),
        outputs=(
            TensorCard("position", (1, *_IMAGE), "float32", "BHW", position),
            TensorCard(
                "disparity",
                (1, *_IMAGE),
                "float32",
                "BHW",
                "the same in the unit of dioptres",
                unit="1/m",
            ),
        ),
        limits=(
            "For comparison with the papers: smaller and trained far shorter than theirs, on sweeps"
            " and lenses as in the data, with hardly any motion between slices. Other "
            f"numbers of slices than {count} are thinned or repeated. No confidence comes out."
        ),
        axes={"height": (8, 480, 4096), "width": (8, 640, 4096)},
        # In bfloat16 positions move by up to 10 %.
        minimum_precision="float32",
    )

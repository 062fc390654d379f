"""The ONNX files of the networks that deblur."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from ...engines.model_zoo import TensorCard
from ...training.onnx_file import OnnxFile
from ..networks.burst_stream import MULTIPLE, SHRINK, BurstStream, WholeBurst
from ..networks.fourier_net import PATCH, SHARP, FourierNet
from ..networks.rdn import SIZE_MULTIPLE, DeblurBlock, Rdn

_LARGEST = 4096
_STREAM_LIMITS = "Motion blur of a camera or of things, up to about 25 pixels; not defocus."
_LIMITS = "Blur of camera shake that was made up; no real burst was seen."
_IMAGE = ("height", "width")


def stream_files(network: WholeBurst, record: Mapping[str, Any], precision: str) -> list[OnnxFile]:
    """What each frame costs, and what the newest one does: the encoder, and the step over all."""
    stream = copy.deepcopy(network.stream).eval().cpu().float()
    small, side = ("rows", "columns"), 64 // SHRINK
    about = f"of height and width over {SHRINK}"
    image = TensorCard("image", (1, 3, *_IMAGE), "float32", "NCHW", "BGR, encoded, 0..1")
    known = TensorCard("known", (1, stream.width, *small), "float32", "NCHW", about)
    plane = TensorCard("plane", (1, 1, *_IMAGE), "float32", "NCHW", "to be kept beside the image")
    sizes = {"height": (32, 480, _LARGEST), "width": (32, 640, _LARGEST)}
    quarters = {"rows": (8, 120, _LARGEST // SHRINK), "columns": (8, 160, _LARGEST // SHRINK)}
    shared: dict[str, Any] = {
        "limits": _STREAM_LIMITS, "minimum_precision": "float32", "by_tracing": True,
        "half_storage": True,
    }  # fmt: skip
    encoder = OnnxFile(
        name="burst_stream_encoder",
        description="What BurstStream knows and keeps of a frame",
        module=_Encoder(stream),
        examples=(torch.rand(1, 3, 64, 64),),
        inputs=(image,),
        outputs=(known, plane),
        axes=sizes,
        multiples={"height": MULTIPLE, "width": MULTIPLE},
        **shared,
    )
    step = OnnxFile(
        name="burst_stream_step",
        description="Deblurs the newest frame of a stream by what was kept of those before it",
        module=_Step(stream),
        examples=(
            torch.rand(1, stream.width, side, side),
            *(torch.rand(n, c, 64, 64) for n, c in ((1, 3), (1, 3), (2, 3), (2, 1))),
            *(torch.eye(3).repeat(2, 1, 1), torch.ones(2)),
        ),
        inputs=(
            known,
            image,
            TensorCard("base", (1, 3, *_IMAGE), "float32", "NCHW", "the burst accumulated, 0..1"),
            TensorCard("laid", ("frames", 3, *_IMAGE), "float32", "FCHW", "others, laid over it"),
            TensorCard("planes", ("frames", 1, *_IMAGE), "float32", "FCHW", "of them, so laid"),
            TensorCard("matrices", ("frames", 3, 3), "float32", "FRC", "homographies, pixels"),
            TensorCard("valid", ("frames",), "float32", "F", "1 where one counts, else 0"),
        ),
        outputs=(
            TensorCard("deblurred", (1, 3, "height", "width"), "float32", "NCHW", "like image"),
            TensorCard("confidence", (1, 1, "height", "width"), "float32", "NCHW", "0..1"),
        ),
        axes={"frames": (1, 4, 31), **sizes, **quarters},
        multiples=dict.fromkeys(sizes, MULTIPLE) | dict.fromkeys(quarters, MULTIPLE // SHRINK),
        **shared,
    )
    return [encoder, step]


def _without(stream: BurstStream, names: Sequence[str]) -> BurstStream:
    """A copy that lacks what a file does not run."""
    stream = copy.deepcopy(stream)
    for name in names:
        delattr(stream, name)
    return stream


class _Encoder(nn.Module):
    def __init__(self, stream: BurstStream) -> None:
        super().__init__()
        self.stream = _without(stream, ("own", "other", "gate", "value", "fuse", "direct"))

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        return self.stream.encode(image)


class _Step(nn.Module):
    """Without an axis for the batch of bursts."""

    def __init__(self, stream: BurstStream) -> None:
        super().__init__()
        self.stream = _without(stream, ("into", "encoder", "beside"))

    def forward(
        self,
        known: Tensor,
        image: Tensor,
        base: Tensor,
        laid: Tensor,
        planes: Tensor,
        matrices: Tensor,
        valid: Tensor,
    ) -> tuple[Tensor, Tensor]:
        others = (t[None] for t in (laid, planes, matrices, valid))
        return self.stream.step(known, image, base, *others)


class _First(nn.Module):
    """RDN's first turn, which has no features of one before."""

    def __init__(self, block: DeblurBlock) -> None:
        super().__init__()
        self.block = block

    def forward(self, observation: Tensor, estimate: Tensor) -> tuple[Tensor, ...]:
        better, features = self.block(2 * observation - 1, 2 * estimate - 1)
        return ((better + 1) / 2, *features)


class _Next(_First):
    """Every other turn."""

    def forward(self, observation: Tensor, estimate: Tensor, *before: Tensor) -> tuple[Tensor, ...]:
        better, features = self.block(2 * observation - 1, 2 * estimate - 1, before)
        return ((better + 1) / 2, *features)


def rdn_files(network: Rdn, record: Mapping[str, Any], precision: str) -> list[OnnxFile]:
    """The first turn, and any other: so that a roll-out may have any length."""
    block = copy.deepcopy(network.block).eval().cpu().float()
    images = tuple(
        TensorCard(name, (1, 3, *_IMAGE), "float32", "NCHW", "BGR, encoded, 0..1")
        for name in ("observation", "estimate")
    )
    width = block.first[0].out_channels * 2
    eighths = [("temporal_0", 4, 8), ("temporal_1", 2, 4), ("temporal_2", 1, 2)]
    states = [
        TensorCard(
            name, (1, times * width, f"rows_{n}", f"columns_{n}"), "float32", "NCHW",
            f"features, height and width over {n}",
        )
        for name, times, n in eighths
    ]  # fmt: skip
    axes: dict[str, tuple[int, int, int]] = {}
    axes |= {"height": (32, 480, _LARGEST), "width": (32, 640, _LARGEST)}
    turns = {
        f"{axis}_{n}": (32 // n, size // n, _LARGEST // n)
        for _, _, n in eighths
        for axis, size in (("rows", 480), ("columns", 640))
    }
    # Two: of one tensor twice tracing makes one input.
    example = (torch.rand(1, 3, 64, 64), torch.rand(1, 3, 64, 64))
    before = [torch.rand(1, times * width, 64 // n, 64 // n) for _, times, n in eighths]

    def file(name: str, module: nn.Module, first: bool) -> OnnxFile:
        made = [TensorCard(f"new_{s.name}", s.shape, *_rest(s)) for s in states]
        deblurred = TensorCard("deblurred", (1, 3, *_IMAGE), "float32", "NCHW", "better")
        return OnnxFile(
            name=name,
            description="One turn of the recurrent deblurring network of Wieschollek's thesis",
            module=module.eval(),
            examples=example if first else (*example, *before),
            inputs=images if first else (*images, *states),
            outputs=(deblurred, *made),
            axes=axes if first else axes | turns,
            limits=_LIMITS,
            minimum_precision="float32",
            multiples={"height": SIZE_MULTIPLE, "width": SIZE_MULTIPLE},
            by_tracing=True,
        )

    return [
        file("deblurring_rdn_first", _First(block), True),
        file("deblurring_rdn", _Next(block), False),
    ]


def _rest(card: TensorCard) -> tuple[str, str, str]:
    return card.dtype, card.layout, card.description


def fourier_files(network: FourierNet, record: Mapping[str, Any], precision: str) -> list[OnnxFile]:
    """Patches of a burst to sharp patches; they are cut and blended outside."""
    module = copy.deepcopy(network).eval().cpu().float()
    shape = ("patches", module.burst, PATCH, PATCH)
    return [
        OnnxFile(
            name="deblurring_fourier_net",
            description="FourierNet: patches of an aligned burst to sharp ones, channel by channel",
            module=module,
            examples=(torch.rand(3, module.burst, PATCH, PATCH),),
            inputs=(TensorCard("burst", shape, "float32", "NCHW", "grey, encoded, 0..1"),),
            outputs=(TensorCard("sharp", ("patches", SHARP, SHARP), "float32", "NHW", "middle"),),
            axes={"patches": (1, 64, 4096)},
            limits=_LIMITS,
            minimum_precision="float32",
            by_tracing=True,
        )
    ]


def whole_files(name: str) -> Callable[[Any, Mapping[str, Any], str], list[OnnxFile]]:
    """The file of an ablation, for five frames."""

    def files(network: nn.Module, record: Mapping[str, Any], precision: str) -> list[OnnxFile]:
        turns = copy.deepcopy(network).eval().cpu().float()
        with torch.no_grad():
            count = turns(torch.rand(1, 5, 3, 32, 32)).shape[1]
        return [
            OnnxFile(
                name=f"deblurring_{name}",
                description="Ablation of the recurrent deblurring network",
                module=turns,
                examples=(torch.rand(1, 5, 3, 64, 64),),
                inputs=(
                    TensorCard("frames", (1, 5, 3, *_IMAGE), "float32", "NFCHW", "newest first"),
                ),
                outputs=(
                    TensorCard(
                        "estimates", (1, count, 3, *_IMAGE), "float32", "NTCHW", "after each turn"
                    ),
                ),
                axes={"height": (32, 480, _LARGEST), "width": (32, 640, _LARGEST)},
                limits=_LIMITS,
                minimum_precision="float32",
                multiples={"height": SIZE_MULTIPLE, "width": SIZE_MULTIPLE},
                by_tracing=True,
            )
        ]

    return files

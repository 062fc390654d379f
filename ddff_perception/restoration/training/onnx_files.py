"""The ONNX files of the networks that restore."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from ...engines.model_zoo import TensorCard
from ...training.onnx_file import OnnxFile
from ..networks.restore_stream import (
    KINDS,
    MULTIPLE,
    TOLD,
    Estimator,
    Restorer,
    RestoreStream,
    with_one_branch,
)

_LARGEST = 4096
_IMAGE = (1, 3, "height", "width")
_LIMITS = "What it was degraded with in training, alone and mixed; other damage may get worse."
_SIZES = {"height": (32, 480, _LARGEST), "width": (32, 640, _LARGEST)}


def _image_card(name: str, about: str) -> TensorCard:
    return TensorCard(name, _IMAGE, "float32", "NCHW", about)


def stream_files(
    network: RestoreStream, record: Mapping[str, Any], precision: str
) -> list[OnnxFile]:
    """RestoreStream's: what is wrong with an image, now and then; and the image restored."""
    whole = copy.deepcopy(network).eval().cpu().float()
    told = TensorCard("told", (1, TOLD), "float32", "NC", "what is wrong with the whole image")
    strengths = f"how strong, 0..1: {', '.join(KINDS)}"
    kinds = TensorCard("kinds", (1, len(KINDS)), "float32", "NC", strengths)
    shared: dict[str, Any] = {
        "limits": _LIMITS, "minimum_precision": "float32", "by_tracing": True,
        "half_storage": True, "axes": _SIZES, "multiples": {"height": MULTIPLE, "width": MULTIPLE},
    }  # fmt: skip
    image = _image_card("image", "BGR, encoded, 0..1")
    return [
        OnnxFile(
            name="restore_stream_estimator",
            description="What RestoreStream takes to be wrong with an image",
            module=_Told(whole.estimator),
            examples=(torch.rand(1, 3, 64, 64),),
            inputs=(image,),
            outputs=(told, kinds),
            **shared,
        ),
        OnnxFile(
            name="restore_stream_restorer",
            description="Restores an image by what is wrong with it",
            module=_Restored(whole.restorer),
            examples=(torch.rand(1, 3, 64, 64), torch.rand(1, 3, 64, 64), torch.rand(1, TOLD)),
            inputs=(image, _image_card("base", "what `adaptive` makes of it"), told),
            outputs=(
                _image_card("restored", "like image"),
                TensorCard("confidence", (1, 1, *_IMAGE[2:]), "float32", "NCHW", "0..1"),
            ),
            **shared,
        ),
    ]


def image_files(
    name: str, network: nn.Module, multiple: int, labelled: bool = False
) -> list[OnnxFile]:
    """A network of the thesis: an image in, one out; `labelled`: labels beside."""
    image = _image_card("image", "BGR, encoded, 0..1")
    labels = TensorCard("labels", (1, *_IMAGE[2:]), "float32", "NHW", "class of each pixel")
    # Norms over all of the image: of a single innermost pixel there is nothing to normalise.
    side = 2 * multiple
    examples = (torch.rand(1, 3, side, side), torch.zeros(1, side, side))
    least = {"height": (side, max(side, 512), 2048), "width": (side, max(side, 512), 2048)}
    return [
        OnnxFile(
            name=name,
            description=f"Image restoration by {name} (Hazirbas, chapter 5)",
            module=copy.deepcopy(network).eval().cpu().float(),
            examples=examples[: 1 + labelled],
            inputs=(image, labels)[: 1 + labelled],
            outputs=(_image_card("restored", "like image"),),
            axes=least,
            limits=_LIMITS,
            minimum_precision="float32",
            multiples={"height": multiple, "width": multiple},
            by_tracing=True,
            half_storage=True,
        )
    ]


class _Told(nn.Module):
    def __init__(self, estimator: Estimator) -> None:
        super().__init__()
        self.estimator = estimator

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        told, kinds = self.estimator(image)
        return told, kinds


class _Restored(nn.Module):
    """Without the head that labels taught."""

    def __init__(self, restorer: Restorer) -> None:
        super().__init__()
        self.restorer = with_one_branch(restorer)

    def forward(self, image: Tensor, base: Tensor, told: Tensor) -> tuple[Tensor, Tensor]:
        found, sure, _, _ = self.restorer(image, base, told)
        return found, sure.sigmoid()

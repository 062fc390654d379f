"""Encoders of the package timm, which is needed for nothing else: the one place that imports it."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from ...types import InputError

STRIDES = (4, 8, 16, 32)


class TimmEncoder(nn.Module):
    """The stages of a timm network at strides 4, 8, 16 and 32; N x 3 x H x W in, four maps out.

    `name`: as in `timm.list_models()`; `legacy_senet154` is the SENet-154 of Hu et al., CVPR 2018.
    `channels`: of the four maps. `pretrained` loads the weights that timm knows for it, over the
    network.

    Raises InputError where timm is missing, does not know the name, or has no such stages.
    """

    strides = STRIDES

    def __init__(self, name: str, pretrained: bool = False) -> None:
        super().__init__()
        timm = import_timm()
        if not timm.is_model(name):
            near = ", ".join(timm.list_models(f"*{name}*")[:5])
            raise InputError(
                f"timm has no network {name!r}" + (f"; near it are: {near}" if near else "")
            )
        self.body = timm.create_model(name, pretrained=pretrained, features_only=True)
        reductions = list(self.body.feature_info.reduction())
        missing = [stride for stride in STRIDES if stride not in reductions]
        if missing:
            raise InputError(
                f"{name} has no features at stride {missing[0]}: choose an encoder with strides "
                "4, 8, 16 and 32"
            )
        self._chosen = [reductions.index(stride) for stride in STRIDES]
        channels = self.body.feature_info.channels()
        self.channels = tuple(int(channels[number]) for number in self._chosen)

    def forward(self, images: Tensor) -> list[Tensor]:
        maps = self.body(images)
        return [maps[number] for number in self._chosen]


def import_timm() -> Any:
    """The module timm; raises InputError with what to install where it does not load."""
    try:
        import timm
    except ImportError as error:
        raise InputError(_MISSING) from error
    except RuntimeError as error:
        # torchvision built for another torch fails while its operators are registered.
        raise InputError(f"timm does not load ({error}): {_MATCH}") from error
    return timm


_MATCH = "install the torchvision that belongs to the installed torch"
_MISSING = (
    "encoders of timm need the packages timm and torchvision: `pip install timm`, or use an "
    "encoder of this package (resnet18, ...)"
)

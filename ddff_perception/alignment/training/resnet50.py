"""How the paper's ResNet-50 learns: by the same turns, all of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from torch import Tensor, nn

from ...parameters import Value, parameter
from ..data.recordings import Recording
from ..networks.resnet50 import DIMENSIONS, SIDE, ResNet50
from .route_encoder import RouteTraining, TurnSettings, trunk_maps


@dataclass(frozen=True)
class ResNetSettings(TurnSettings):
    """What can be set about it beside the run."""

    dimensions: int = parameter(DIMENSIONS, "length of a descriptor", "", (8, 4096))


@dataclass(frozen=True)
class ResNetTraining(RouteTraining):
    """What `training.registry.TrainingModule` describes, for `resnet50` (section 4.2).

    The paper begins with ImageNet's weights, which are not to be had here: it begins with nothing,
    or with `--start`. Frames (128 x 160) are kept with their copies, 123 kB each.
    """

    PRESET_VALUES: Mapping[str, Mapping[str, Value]] = field(
        default_factory=lambda: {
            "cpu": {"copies": 2, "most_frames": 1000},
            "smoke": {"scale": 0.125, "dimensions": 32, "copies": 2, "rate_hz": 0.0},
        }
    )
    NAME: ClassVar[str] = "resnet50"
    SETTINGS: ClassVar[type[TurnSettings]] = ResNetSettings
    SIZE: ClassVar[tuple[int, int]] = (SIDE, SIDE)

    def network(self, values: Mapping[str, Value]) -> nn.Module:
        """The network without weights of its own."""
        own = ResNetSettings.of(values)
        return ResNet50(own.dimensions, own.scale)

    def begin(
        self,
        network: nn.Module,
        values: Mapping[str, Value],
        recordings: Sequence[Recording],
        seed: int,
    ) -> tuple[list[Tensor], tuple[str, ...]]:
        """The frames themselves, as the trunk makes nothing of them."""
        return trunk_maps(network, recordings, ResNetSettings.of(values).copies, seed), ()


RESNET50 = ResNetTraining()

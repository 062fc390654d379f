"""How a descriptor learns from recordings without labels, by turns of finding and learning.

A run is one iteration of section 4.3: `iteration=0` takes neighbours in one recording, 1 tours
between two, 2 those by way of a third as well. Tours and hard negatives are found with the weights
that the run starts from (`tours_by`), so that a run depends on nothing but its settings.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, Protocol, cast

import torch
from torch import Tensor, nn

from ...engines.model_zoo import TensorCard
from ...parameters import ParameterTable, Settings, Value, parameter
from ...simulation.assets.encoder import encoder_credits, imagenet_file
from ...training.efficientnet_lite import EfficientNetLite0, load_imagenet
from ...training.job import Batch, TrainingJob
from ...training.onnx_file import OnnxFile
from ...training.presets import FitSettings
from ...training.weights import load_weights
from ...types import FloatArray
from ..data.appearance import changed_appearance, warped
from ..data.recordings import Recording, drawn_recordings, read_recordings
from ..data.triplets import Sampler, Tours, TripletBatches, TripletSettings, find_tours
from ..networks.route_encoder import HEIGHT, WIDTH, RouteEncoder, triplet_loss
from .turns import SaliencyPicture, tours_found

_AT_ONCE = 32
_CPU = FitSettings(
    steps=3000, batch=32, precision="32", learning_rate=3e-4, weight_decay=1e-4,
    warm_up_steps=50, final_factor=0.05, gradient_clip=1.0, ema=0.995, log_every=50,
    validate_every=1000, picture_every=1000, checkpoint_every=500,
)  # fmt: skip
_SMOKE = replace(
    _CPU, steps=30, batch=16, learning_rate=2e-3, warm_up_steps=0, ema=0.0, log_every=5,
    picture_every=0, checkpoint_every=30,
)  # fmt: skip


class DescriptorNetwork(Protocol):
    """Images to unit vectors: a trunk that does not learn, and the rest on what it makes."""

    trunk: nn.Module

    def described(self, maps: Tensor) -> Tensor:
        """Unit vectors (N, d) of what the trunk made of N images."""


@dataclass(frozen=True)
class TurnSettings(Settings):
    """What can be set about a turn beside the run."""

    iteration: int = parameter(
        0,
        "0: positives are neighbours in one recording; 1: also tours between two; 2: also tours by "
        "way of a third (section 4.3)",
        limits=(0, 2),
    )
    tours_by: str = parameter(
        "", "weights (.safetensors) that tours are found with; empty: those at the beginning"
    )
    scale: float = parameter(1.0, "width of the encoder", "", (0.125, 1.0))
    dimensions: int = parameter(256, "length of a descriptor", "", (8, 4096))
    margin: float = parameter(0.5, "m of the triplet loss", "", (0.0, 2.0))
    hard: float = parameter(0.5, "share of hard negatives", "", (0.0, 1.0))
    positive_s: float = parameter(
        0.5, "how far apart frames of one place lie in one recording", "s", (0.0, 60.0)
    )
    negative_s: float = parameter(
        3.0, "how far apart frames of two places lie at least", "s", (0.0, 3600.0)
    )
    copies: int = parameter(
        4,
        "appearances of each frame: its own, and made-up ones by turns: seen from a little "
        "elsewhere, in another light and season, both; 1: none, and descriptors begin without "
        "knowing what changes of these do",
        "",
        (1, 64),
    )
    rate_hz: float = parameter(10.0, "frames per second that are used; 0: all", "Hz", (0.0, 1000.0))
    most_frames: int = parameter(3000, "frames of a recording at most", "", (8, 1_000_000))


@dataclass(frozen=True)
class RouteSettings(TurnSettings):
    """What can be set about `route_encoder` beside the run."""

    encoder: str = parameter(
        "imagenet",
        "weights of the encoder: imagenet (ddff assets fetch efficientnet-lite0)",
        choices=("imagenet", "none"),
    )


@dataclass(frozen=True)
class RouteTraining:
    """What `training.registry.TrainingModule` describes, for `route_encoder`."""

    PRESETS: Mapping[str, FitSettings] = field(
        default_factory=lambda: {"cpu": _CPU, "smoke": _SMOKE}
    )
    PRESET_VALUES: Mapping[str, Mapping[str, Value]] = field(
        default_factory=lambda: {
            "smoke": {
                "encoder": "none", "scale": 0.25, "dimensions": 32, "copies": 2, "rate_hz": 0.0
            }
        }
    )  # fmt: skip
    DATA_SOURCE: str = "drives along drawn walls"
    NAME: ClassVar[str] = "route_encoder"
    SETTINGS: ClassVar[type[TurnSettings]] = RouteSettings
    SIZE: ClassVar[tuple[int, int]] = (HEIGHT, WIDTH)  # of the images that the engine takes

    @property
    def PARAMETERS(self) -> ParameterTable:  # noqa: N802
        return self.SETTINGS.table()

    def network(self, values: Mapping[str, Value]) -> nn.Module:
        """The network without weights of its own."""
        own = RouteSettings.of(values)
        return RouteEncoder(own.dimensions, own.scale)

    def begin(
        self,
        network: nn.Module,
        values: Mapping[str, Value],
        recordings: Sequence[Recording],
        seed: int,
    ) -> tuple[list[Tensor], tuple[str, ...]]:
        """Gives the network what it begins with; what its trunk makes of the recordings, and the
        credits of what it began with.
        """
        assert isinstance(network, RouteEncoder)
        own = RouteSettings.of(values)
        if own.encoder == "imagenet":
            load_encoder(network, own.scale)
        network.trunk.requires_grad_(False)
        maps = trunk_maps(network, recordings, own.copies, seed)
        seen = [
            torch.cat([_by_parts(network.cells, own_maps[n]) for own_maps in maps])
            for n in range(own.copies)
        ]
        network.whiten(seen[0], torch.stack(seen[1:]) if seen[1:] else None)
        return maps, tuple(encoder_credits()) if own.encoder == "imagenet" else ()

    def job(
        self, settings: FitSettings, values: Mapping[str, Value], data: Sequence[Path]
    ) -> TrainingJob:
        """The run over recordings `data`, or drawn ones where there are none.

        Raises InputError where they cannot be read.
        """
        own = self.SETTINGS.of(values)
        recordings = (
            read_recordings(data, own.rate_hz, own.most_frames)
            if data
            else drawn_recordings(settings.seed)
        )
        network = self.network(values)
        maps, begun_with = self.begin(network, values, recordings, settings.seed)
        tours, batches = self.batches(network, values, recordings, maps, settings.batch)
        assets = {key for recording in recordings for key in recording.assets}
        assets |= set(begun_with)
        record: dict[str, Any] = {
            "frames": sum(len(recording) for recording in recordings),
            "assets": sorted(assets),
        }
        record |= {"tours": tours_found(tours, recordings)} if own.iteration else {}
        record |= {"training_data": "recordings", "data_source": ""} if data else {}
        loss = partial(_loss, margin=own.margin)
        pictures = SaliencyPicture(recordings)
        return TrainingJob(network, loss, batches, settings, pictures=pictures, record=record)

    def batches(
        self,
        network: nn.Module,
        values: Mapping[str, Value],
        recordings: Sequence[Recording],
        maps: Sequence[Tensor],
        size: int,
    ) -> tuple[Tours, TripletBatches]:
        """The tours that the iteration begins with, and its triplets, of what the trunk made of the
        recordings.
        """
        own = self.SETTINGS.of(values)
        judge = network
        if own.tours_by:
            judge = self.network(values)
            load_weights(judge, Path(own.tours_by))
        described = cast(DescriptorNetwork, judge.eval()).described
        # The trunk is everybody's: it never learns.
        descriptors: list[FloatArray] = [
            _by_parts(described, own_maps[0]).numpy() for own_maps in maps
        ]
        seconds = [recording.seconds for recording in recordings]
        tours = find_tours(descriptors, seconds) if own.iteration else Tours()
        if own.iteration == 1:
            tours = Tours(tours.direct)
        settings = TripletSettings(own.positive_s, own.negative_s, own.hard)
        return tours, TripletBatches(Sampler(seconds, descriptors, tours, settings), maps, size)

    def onnx_files(
        self, network: nn.Module, record: Mapping[str, Any], precision: str
    ) -> list[OnnxFile]:
        """The one file of the network."""
        dtype = getattr(torch, precision)
        own = self.SETTINGS.of(record.get("network_parameters", {}))
        shape: tuple[int | str, ...] = ("images", 3, *self.SIZE)
        return [
            OnnxFile(
                name=self.NAME,
                description="What a frame of a route looks like, as a unit vector",
                by_tracing=True,
                module=network.eval().to(dtype),
                examples=(torch.zeros(2, 3, *self.SIZE, dtype=dtype),),
                inputs=(
                    TensorCard(
                        "image", shape, precision, "NCHW",
                        "RGB of the whole image, (value - 127) / 128", "", (-1.0, 1.1),
                    ),
                ),
                outputs=(
                    TensorCard(
                        "descriptor", ("images", own.dimensions), precision, "NC", "unit vector"
                    ),
                ),
                axes={"images": (1, 1, 64)},
                limits="for one camera that goes a route again",
                half_storage=precision == "float32",
            )
        ]  # fmt: skip


def load_encoder(network: RouteEncoder, scale: float) -> None:
    """Gives trunk and tail the weights of ImageNet; raises InputError where they are missing."""
    whole = EfficientNetLite0(width=scale)
    load_imagenet(whole, imagenet_file())
    own = len(network.trunk) - 1
    trunk = nn.Sequential(whole.stem, *whole.stages[:own])
    network.trunk.load_state_dict(trunk.state_dict())
    network.tail.load_state_dict(whole.stages[own].state_dict())


def trunk_maps(
    network: nn.Module, recordings: Sequence[Recording], copies: int, seed: int
) -> list[Tensor]:
    """What the trunk makes of each recording's frames, (copies, n, channels, rows, columns)
    float16: of the frame itself, and by turns of what is made of it: seen from a little elsewhere,
    changed, both.
    """
    trunk = cast(DescriptorNetwork, network.eval()).trunk

    def changed(images: Tensor, turn: int, generator: torch.Generator) -> Tensor:
        images = images if turn == 1 else warped(images, generator)
        found: Tensor = trunk(images if turn == 0 else changed_appearance(images, generator))
        return found

    def maps(recording: Recording) -> Tensor:
        generator = torch.Generator().manual_seed(seed)
        images = torch.from_numpy(recording.images)
        made = [_by_parts(trunk, images).half()]
        for copy in range(copies - 1):
            made.append(
                _by_parts(partial(changed, turn=copy % 3, generator=generator), images).half()
            )
        return torch.stack(made)

    return [maps(recording) for recording in recordings]


@torch.no_grad()
def _by_parts(network: Callable[[Tensor], Tensor], values: Tensor) -> Tensor:
    """What the network makes of values (n, ...), some at a time."""
    starts = range(0, len(values), _AT_ONCE)
    return torch.cat([network(values[i : i + _AT_ONCE].float()) for i in starts])


def _loss(module: nn.Module, batch: Batch, margin: float) -> dict[str, Tensor]:
    # At once, so that all three are centred alike.
    maps = torch.cat([batch[name] for name in ("anchor", "positive", "negative")])
    described = cast(DescriptorNetwork, module).described(maps)
    anchor, positive, negative = described.float().chunk(3)
    loss = triplet_loss(anchor, positive, negative, margin)
    return {"loss": loss.mean(), "wrong": (loss > margin).float().mean()}


ROUTE_ENCODER = RouteTraining()

"""How `route_encoder` learns from recordings without labels, by turns of finding and learning.

A run is one iteration of section 4.3: `iteration=0` takes neighbours in one recording, 1 tours
between two, 2 those by way of a third as well. Tours and hard negatives are found with the weights
that the run starts from (`tours_by`), so that a run depends on nothing but its settings.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

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


@dataclass(frozen=True)
class RouteSettings(Settings):
    """What can be set about it beside the run."""

    iteration: int = parameter(
        0,
        "0: positives are neighbours in one recording; 1: also tours between two; 2: also tours by "
        "way of a third (section 4.3)",
        limits=(0, 2),
    )
    tours_by: str = parameter(
        "", "weights (.safetensors) that tours are found with; empty: those at the beginning"
    )
    encoder: str = parameter(
        "imagenet",
        "weights of the encoder: imagenet (ddff assets fetch efficientnet-lite0)",
        choices=("imagenet", "none"),
    )
    scale: float = parameter(1.0, "width of the encoder", "", (0.25, 1.0))
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

    @property
    def PARAMETERS(self) -> ParameterTable:  # noqa: N802
        return RouteSettings.table()

    def network(self, values: Mapping[str, Value]) -> RouteEncoder:
        """The network without weights of its own."""
        own = RouteSettings.of(values)
        return RouteEncoder(own.dimensions, own.scale)

    def job(
        self, settings: FitSettings, values: Mapping[str, Value], data: Sequence[Path]
    ) -> TrainingJob:
        """The run over recordings `data`, or drawn ones where there are none.

        Raises InputError where they cannot be read.
        """
        own = RouteSettings.of(values)
        recordings = (
            read_recordings(data, own.rate_hz, own.most_frames)
            if data
            else drawn_recordings(settings.seed)
        )
        network = RouteEncoder(own.dimensions, own.scale)
        if own.encoder == "imagenet":
            load_encoder(network, own.scale)
        network.trunk.requires_grad_(False)
        maps = [trunk_maps(network, r, own.copies, settings.seed) for r in recordings]
        seen = [
            torch.cat([_by_parts(network.cells, own_maps[n]) for own_maps in maps])
            for n in range(own.copies)
        ]
        network.whiten(seen[0], torch.stack(seen[1:]) if seen[1:] else None)
        tours, batches = self.batches(network, own, recordings, maps, settings.batch)
        assets = {key for recording in recordings for key in recording.assets}
        assets |= set(encoder_credits() if own.encoder == "imagenet" else ())
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
        network: RouteEncoder,
        own: RouteSettings,
        recordings: Sequence[Recording],
        maps: Sequence[Tensor],
        size: int,
    ) -> tuple[Tours, TripletBatches]:
        """The tours that the iteration begins with, and its triplets, of what the trunk made of the
        recordings.
        """
        judge = network
        if own.tours_by:
            judge = RouteEncoder(own.dimensions, own.scale)
            load_weights(judge, Path(own.tours_by))
        judge.eval()
        # The trunk is everybody's: it never learns.
        descriptors: list[FloatArray] = [
            _by_parts(judge.described, own_maps[0]).numpy() for own_maps in maps
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
        own = RouteSettings.of(record.get("network_parameters", {}))
        shape: tuple[int | str, ...] = ("images", 3, HEIGHT, WIDTH)
        return [
            OnnxFile(
                name="route_encoder",
                description="What a frame of a route looks like, as a unit vector",
                by_tracing=True,
                module=network.eval().to(dtype),
                examples=(torch.zeros(2, 3, HEIGHT, WIDTH, dtype=dtype),),
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


def trunk_maps(network: RouteEncoder, recording: Recording, copies: int, seed: int) -> Tensor:
    """What the frozen trunk makes of each frame, (copies, n, channels, 8, 10) float16: of the frame
    itself, and by turns of what is made of it: seen from a little elsewhere, changed, both.
    """
    generator = torch.Generator().manual_seed(seed)

    def changed(images: Tensor, turn: int) -> Tensor:
        images = images if turn == 1 else warped(images, generator)
        found: Tensor = network.trunk(
            images if turn == 0 else changed_appearance(images, generator)
        )
        return found

    network.eval()
    images = torch.from_numpy(recording.images)
    made = [_by_parts(network.trunk, images).half()]
    for copy in range(copies - 1):
        made.append(_by_parts(partial(changed, turn=copy % 3), images).half())
    return torch.stack(made)


@torch.no_grad()
def _by_parts(network: Callable[[Tensor], Tensor], values: Tensor) -> Tensor:
    """What the network makes of values (n, ...), some at a time."""
    starts = range(0, len(values), _AT_ONCE)
    return torch.cat([network(values[i : i + _AT_ONCE].float()) for i in starts])


def _loss(module: nn.Module, batch: Batch, margin: float) -> dict[str, Tensor]:
    assert isinstance(module, RouteEncoder)
    # At once, so that all three are centred alike.
    maps = torch.cat([batch[name] for name in ("anchor", "positive", "negative")])
    anchor, positive, negative = module.described(maps).float().chunk(3)
    loss = triplet_loss(anchor, positive, negative, margin)
    return {"loss": loss.mean(), "wrong": (loss > margin).float().mean()}


ROUTE_ENCODER = RouteTraining()

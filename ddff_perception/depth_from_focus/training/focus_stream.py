"""FocusStream's training: `ddff train depth_from_focus --network focus_stream --preset cpu -o RUN`.

What it learns from is made first: the views of a rendered world (`--data WORLD`), or path-traced
ones where Mitsuba is installed, and procedural ones, in `views_folder`. The preset `gpu` blurs them
on the GPU while it trains, so that no stack is seen twice; the others blur stacks in advance, into
`stacks_folder`. `--data` also takes folders of such views or stacks, or a person's own stack
folders (`data/own_stacks.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from ...parameters import Settings, Value, parameter
from ...simulation.dataset.sharp_views import assets_of, is_world
from ...training.job import Batch, TrainingJob
from ...training.onnx_file import OnnxFile
from ...training.presets import FitSettings
from ...training.views.camera import NoiseSettings
from ...training.views.field import USUAL
from ..data.generated.batches import COUNTS, view_batches
from ..data.generated.making import make_stacks, make_views
from ..data.generated.stack_files import StackBatches, stack_files
from ..data.generated.stacks import StackSettings
from ..data.own_stacks import own_stacks
from ..networks.focus_stream import FocusStream
from .focus_stream_int8 import calibration as calibration
from .focus_stream_onnx import encoder_file, head_file, network_in_precision

_CPU = FitSettings(
    steps=0, minutes=45.0, batch=8, learning_rate=2e-3, weight_decay=1e-3, warm_up_steps=100,
    ema=0.998, gradient_clip=2.0, workers=1, checkpoint_every=200,
)  # fmt: skip
PRESETS: dict[str, FitSettings] = {
    "cpu": _CPU,
    "overnight": replace(_CPU, minutes=420.0, batch=12),
    "gpu": replace(_CPU, minutes=10.0, batch=32, workers=0, warm_up_steps=200, ema=0.999),
    "tune": replace(_CPU, minutes=0.0, steps=400, batch=4, learning_rate=2e-4, validate_every=100),
    "refine": replace(_CPU, minutes=85.0, learning_rate=1e-3, warm_up_steps=50, seed=1),
    "head": replace(_CPU, minutes=120.0, batch=6, learning_rate=5e-4, warm_up_steps=30, ema=0.995),
    "smoke": replace(_CPU, minutes=0.0, steps=8, batch=2, workers=0, warm_up_steps=1),
}
_WORLD_DATA = (
    "blurred from views of rendered rooms and odd scenes (ddff simulate dataset) and procedural "
    "scenes, with random lenses, sweeps, noise and JPEG, and what befalls sweeps in the field"
)
_OWN_DATA = "stack folders with true depth"
# Share of stacks with lights that saturate.
_LIGHTS = 0.15
# Subcells over which the error's slopes are taken.
_SLOPE_STEPS = (1, 2, 4, 8)
# What the error counts as, at least, where nothing is to be seen, as a share of the sweep: a depth
# that is right there by chance deserves no confidence.
_UNSEEN_ERROR = 0.35
# Of the position's error, as a share of the sweep: nothing is known more precisely.
_LEAST_SCALE = 2e-3
DATA_SOURCE = (
    "blurred from path-traced rooms and table tops (seeds from 100000) and procedural scenes, "
    "with random lenses, sweeps, noise and JPEG"
)


@dataclass(frozen=True)
class TrainingSettings(Settings):
    """What can be set about the stacks that FocusStream learns from."""

    stacks: int = parameter(
        3000, "training stacks to make where no --data is given", limits=(6, 10**6)
    )
    views: int = parameter(40, "path-traced scenes to make them from", limits=(0, 10**5))
    stack_width: int = parameter(
        256, "of the stacks that are made; on_device has two sizes of its own", "px", (64, 1024)
    )
    stacks_folder: str = parameter("out/training_stacks", "where they are made, or are already")
    on_device: bool = parameter(False, "blur views on the training device, without stacks on disk")
    scenes: int = parameter(
        2000, "procedural scenes beside the views, on_device", limits=(0, 10**6)
    )
    views_folder: str = parameter("out/training_views", "of what is blurred on_device")
    enlarged: float = parameter(
        0.5, "share of batches enlarged as small images are at run time", limits=(0.0, 1.0)
    )
    field: bool = parameter(
        True, "exposures that differ, blank or shifted slices, sweeps backwards and the like"
    )
    closest: float = parameter(
        0.5, "side of a pixel of the stacks, at least, in pixels of the view", "px", (0.1, 2.0)
    )
    traced: float = parameter(
        0.8, "share of stacks from path-traced views, where there are any", limits=(0.0, 1.0)
    )
    head_only: bool = parameter(
        False, "keep the encoder and all running statistics of --start; four times as fast"
    )
    crop: int = parameter(
        256, "longest side of the crops of --data's stack folders", "px", (32, 4096)
    )


PARAMETERS = TrainingSettings.table()
PRESET_VALUES: dict[str, dict[str, Value]] = {
    "overnight": {"stacks": 12_000, "views": 300},
    "gpu": {"on_device": True, "views": 120},
    "refine": {"stacks": 2400, "views": 100, "stack_width": 384},
    "head": {
        "stacks": 2400, "views": 100, "stack_width": 320, "closest": 0.7, "head_only": True,
    },
    "smoke": {
        "stacks": 6, "views": 0, "stack_width": 128, "stacks_folder": "out/smoke_stacks",
        "field": False,
    },
}  # fmt: skip


def job(settings: FitSettings, values: Mapping[str, Value], data: Sequence[Path]) -> TrainingJob:
    """The job; raises InputError where a folder of `data` holds nothing to learn from (no views,
    with `on_device`).
    """
    own = TrainingSettings.of(values)
    network = FocusStream(head_only=own.head_only)
    bins, enlarged = network.settings.bins, own.enlarged
    worlds = [folder for folder in data if is_world(folder)]
    folders = [folder for folder in data if folder not in worlds]
    noise = NoiseSettings(jpeg=0.2, field=USUAL) if own.field else NoiseSettings()
    seen = {"assets": assets_of(worlds), "data_source": _WORLD_DATA} if worlds else {}
    if own.on_device:
        if worlds or not folders:
            views = Path(own.views_folder)
            folders.append(make_views(views, own.views, own.scenes, worlds))
        sweep = StackSettings(slice_counts=COUNTS, lights=_LIGHTS)
        drawn = {"bins": bins, "enlarged": enlarged, "noise": noise, "sweep": sweep}
        batches, told = view_batches(folders, settings, own.traced, own.closest, **drawn)
        record = {"training_data": told, **seen}
        return TrainingJob(network, stream_loss, batches, settings, record=record)
    if folders and not worlds and not any(stack_files(folder) for folder in folders):
        users = own_stacks(folders, settings, bins, own.crop)
        record = {"training_data": f"{users.learned} stacks", "data_source": _OWN_DATA}
        kinds = users.train, settings, users.validation
        return TrainingJob(network, stream_loss, *kinds, record=record)
    if worlds or not folders:
        folders.append(_make_stacks(own, worlds))
    stacks = StackBatches(folders, settings.batch, noise, bins=bins, enlarged=enlarged)
    count = sum(len(stack_files(folder)) for folder in folders)
    record = {"training_data": f"{count} stacks", **seen}
    return TrainingJob(network, stream_loss, stacks, settings, record=record)


def network(values: Mapping[str, Value]) -> FocusStream:
    """The network; no parameter changes it."""
    return FocusStream()


def onnx_files(
    network: FocusStream, record: Mapping[str, Any], precision: str
) -> tuple[OnnxFile, OnnxFile]:
    """Encoder and head."""
    inner = network_in_precision(network, precision)
    return encoder_file(inner), head_file(inner)


def stream_loss(network: nn.Module, batch: Batch) -> dict[str, Tensor]:
    """Loss of a batch of `StackBatches` with FocusStream's inputs, and its parts.

    What lies beyond the sweep is to be found at its end, without confidence. On subcells of 4 px:
    the absolute error of the position, more where a given error in dioptres is a larger share of
    the depth; cross-entropy of the candidates; the error's gradient, so that edges are steps; and
    the likelihood of a Laplace distribution whose scale is the confidence.
    """
    dioptres = batch["dioptres"]
    first = dioptres[:, 0, None, None, None]
    span = (dioptres[:, -1] - dioptres[:, 0])[:, None, None, None]
    place = ((batch["truth"][:, None] - first) / span).clamp(-1.0, 2.0)
    truth = place.clamp(0.0, 1.0)
    known = batch["valid"] | batch["beyond"] if "beyond" in batch else batch["valid"]
    inside = known[:, None].float()
    weight = inside * (0.4 + 0.25 / (truth + first / span + 0.1))
    position, log_scale, logits = network(
        batch["contrasts"], batch["positions"], batch["templates"]
    )
    entropy = _cross_entropy(logits.float(), _middle(truth, 8), _middle(weight, 8))
    truth, inside, weight = (_middle(values, 4) for values in (truth, inside, weight))
    error = (position.float() - truth).abs()
    weighted = (weight * error).sum() / weight.sum().clamp(min=1.0)
    slopes = _slope_error(position.float() - truth, inside)
    scale = log_scale.float()
    missed = (position.detach().float() - _middle(place, 4)).abs().clamp(min=_LEAST_SCALE)
    if "empty" in batch:
        unseen = _middle(batch["empty"][:, None].float(), 4)
        missed = torch.maximum(missed, _UNSEEN_ERROR * unseen)
    surprise = (inside * (scale + missed * torch.exp(-scale))).mean()
    loss = 4.0 * weighted + 0.12 * entropy + 2.0 * slopes + 0.1 * surprise
    plain = (inside * error).sum() / inside.sum().clamp(min=1.0)
    return {"loss": loss, "error": plain, "cross_entropy": entropy, "slopes": slopes}


def _middle(values: Tensor, step: int) -> Tensor:
    return values[:, :, step // 2 :: step, step // 2 :: step]


def _cross_entropy(logits: Tensor, truth: Tensor, weight: Tensor) -> Tensor:
    """Of the truth's two nearest candidates, in proportion to nearness."""
    bins = logits.shape[1]
    numbers = torch.arange(bins, device=logits.device).view(1, -1, 1, 1)
    target = (1 - (truth * (bins - 1) - numbers).abs()).clamp(min=0.0)
    each = -(target * functional.log_softmax(logits, dim=1)).sum(dim=1, keepdim=True)
    return (weight * each).sum() / weight.sum().clamp(min=1.0)


def _slope_error(error: Tensor, inside: Tensor) -> Tensor:
    """Mean difference of the error between neighbours, and between those further apart: a plain
    surface torn into patches has few steps, but wide ones.
    """
    total = error.new_zeros(())
    for step in _SLOPE_STEPS:
        along_x = (error[..., step:] - error[..., :-step]).abs() * inside[..., step:]
        along_y = (error[..., step:, :] - error[..., :-step, :]).abs() * inside[..., step:, :]
        total = total + (along_x.mean() + along_y.mean()) / step
    return total


def _make_stacks(own: TrainingSettings, worlds: Sequence[Path]) -> Path:
    """The folder of training stacks, made where it is not complete."""
    # The network takes sides that are multiples of 32 pixels.
    side = [
        max(32, round(length / 32) * 32) for length in (own.stack_width * 3 / 4, own.stack_width)
    ]
    settings = StackSettings(
        height=side[0], width=side[1], closest=own.closest, lights=_LIGHTS, traced=own.traced
    )
    return make_stacks(Path(own.stacks_folder), own.stacks, own.views, settings, worlds)

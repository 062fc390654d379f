"""Weights as safetensors with a JSON beside them, and checkpoints that are never unpickled.

A checkpoint is Lightning's, written atomically and read by `torch.load(weights_only=True)`: its
restricted reader builds tensors and plain containers and refuses any other object.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from lightning.fabric.plugins.io.checkpoint_io import CheckpointIO
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor, nn

from ..engines.model_zoo import WEIGHTS
from ..files.atomic import atomic_write, remove, write_bytes, write_json
from ..files.images import read_json
from ..types import InputError


def write_weights(path: Path, module: nn.Module, record: Mapping[str, Any]) -> Path:
    """The state of `module` as safetensors at `path`, and `record` with its SHA-256 beside it.

    Returns `path`; raises InputError where it cannot be written.
    """
    state = {name: t.detach().cpu().clone().contiguous() for name, t in module.state_dict().items()}
    content = save(state)
    write_bytes(path, content)
    parameters = sum(p.numel() for p in module.parameters())
    facts = {"sha256": hashlib.sha256(content).hexdigest(), "parameters": parameters}
    write_json(path.with_suffix(".json"), {**record, **facts})
    return path


def read_weights(path: Path) -> dict[str, Tensor]:
    """The tensors at `path`; raises InputError where it holds no safetensors."""
    try:
        return dict(load(path.read_bytes()))
    except (OSError, SafetensorError) as error:
        raise InputError(f"{path} holds no weights (.safetensors): {error}") from error


def start_weights(path: Path) -> Path:
    """`path`, or where it is no file but the name of weights that ship, those.

    Raises InputError where the file is another than the record beside it tells of.
    """
    shipped = WEIGHTS / f"{path.name}.safetensors"
    named = path.name == str(path) and not path.exists() and shipped.exists()
    file = shipped if named else path
    record = file.with_suffix(".json")
    if file.is_file() and record.is_file():
        told = read_json(record).get("sha256")
        if told and told != hashlib.sha256(file.read_bytes()).hexdigest():
            raise InputError(f"{file} is not the file that {record.name} tells of: train again")
    return file


def weights_assets(path: Path) -> list[str]:
    """The assets that the record beside the weights at `path` tells of; they have learned them."""
    record = path.with_suffix(".json")
    return list(read_json(record).get("assets", ())) if record.is_file() else []


def load_weights(module: nn.Module, path: Path) -> None:
    """Gives `module` the weights at `path`; raises InputError where they are another network's."""
    load_state(module, read_weights(path), str(path))


def mix_weights(module: nn.Module, path: Path, share: float) -> None:
    """Moves the weights of `module` by `share` (0..1) of the way to those at `path`.

    Raises InputError where they are another network's.
    """
    mine = {name: values.clone() for name, values in module.state_dict().items()}
    load_weights(module, path)
    for name, values in module.state_dict().items():
        if values.is_floating_point():
            values.mul_(share).add_(mine[name], alpha=1.0 - share)
        else:
            values.copy_(mine[name])


def load_state(module: nn.Module, state: Mapping[str, Tensor], source: str) -> None:
    """Gives `module` the tensors of `state`; raises InputError where they do not fit it."""
    try:
        module.load_state_dict(state, strict=True)
    except RuntimeError as error:
        detail = str(error).splitlines()[-1].strip()
        raise InputError(
            f"{source} holds the weights of another network or width: {detail}"
        ) from error


def read_checkpoint(path: Path) -> dict[str, Any]:
    """The checkpoint at `path`, on the CPU, without unpickling; raises InputError if it is none."""
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise InputError(f"{path} does not exist: leave out --resume to begin") from None
    except Exception as error:  # torch raises a dozen kinds on damaged files
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise InputError(f"{path} is no checkpoint to resume from: {reason}") from error
    if not isinstance(content, dict) or not {"global_step", "state_dict"} <= content.keys():
        raise InputError(f"{path} is no checkpoint to resume from")
    return content


class SafeCheckpoints(CheckpointIO):
    """How Lightning writes and reads checkpoints: atomically, and without unpickling."""

    def save_checkpoint(
        self, checkpoint: dict[str, Any], path: Any, storage_options: Any = None
    ) -> None:
        buffer = io.BytesIO()
        torch.save(checkpoint, buffer)
        with atomic_write(Path(path)) as file:
            file.write(buffer.getbuffer())

    def load_checkpoint(
        self, path: Any, map_location: Any = None, weights_only: bool | None = None
    ) -> dict[str, Any]:
        return read_checkpoint(Path(path))

    def remove_checkpoint(self, path: Any) -> None:
        remove(Path(path))

"""Networks by name, each in a module of its own that is imported only when it is trained.

The module of a network (or, for several networks in one module, `module:NAME` an object in it)
holds

    PRESETS        settings by name, at least `smoke`, a few steps for a test
    PARAMETERS     what can be set beside FIT_PARAMETERS, a ParameterTable (optional)
    PRESET_VALUES  values of PARAMETERS by preset, where they differ from the defaults (optional)
    job            (settings, values of PARAMETERS, data folders) -> TrainingJob
    export         (weights .safetensors, output folder, precision "float32" or "float16") -> files
"""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol, cast

import torch

from ..files.images import read_json
from ..parameters import ParameterTable, Value
from ..types import InputError
from .job import TrainingJob
from .presets import FitSettings


class TrainingModule(Protocol):
    """What the module of a network holds."""

    PRESETS: Mapping[str, FitSettings]

    def job(
        self, settings: FitSettings, values: Mapping[str, Value], data: Sequence[Path]
    ) -> TrainingJob: ...

    def export(self, checkpoint: Path, output: Path, precision: str) -> Sequence[Path]: ...


class NetworkPresets(Mapping[str, Mapping[str, FitSettings]]):
    """Presets by network; a network's module is imported when its presets are looked at."""

    def __init__(self, networks: Mapping[str, str]) -> None:
        self._networks = networks

    def __getitem__(self, network: str) -> Mapping[str, FitSettings]:
        return training_module(self._networks, network).PRESETS

    def __iter__(self) -> Iterator[str]:
        return iter(self._networks)

    def __len__(self) -> int:
        return len(self._networks)


def training_module(networks: Mapping[str, str], network: str) -> TrainingModule:
    """What trains `network`; raises InputError where there is no such network."""
    if network not in networks:
        known = ", ".join(networks) or "none yet"
        raise InputError(f"there is no network {network!r}; there are: {known}")
    name, _, attribute = networks[network].partition(":")
    module = importlib.import_module(name)
    return cast(TrainingModule, getattr(module, attribute) if attribute else module)


def make_job(
    networks: Mapping[str, str],
    network: str,
    preset: str,
    overrides: Iterable[str] = (),
    data: Sequence[Path] = (),
) -> TrainingJob:
    """The job of `network` with a preset after `name=value` overrides.

    The network's first weights depend on the seed. What was chosen goes into the job's record.
    Raises InputError on unknown names and bad values.
    """
    module = training_module(networks, network)
    if preset not in module.PRESETS:
        known = ", ".join(module.PRESETS)
        raise InputError(f"{network} has no preset {preset!r}; there are: {known}")
    table: ParameterTable = getattr(module, "PARAMETERS", ParameterTable([]))
    settings, values = module.PRESETS[preset].changed(overrides, table)
    given = {text.partition("=")[0].strip() for text in overrides}
    own: Mapping[str, Mapping[str, Value]] = getattr(module, "PRESET_VALUES", {})
    values |= {n: table[n].check(v) for n, v in own.get(preset, {}).items() if n not in given}
    torch.manual_seed(settings.seed)
    job = module.job(settings, values, data)
    record: dict[str, Any] = {
        "network": network,
        "preset": preset,
        "overrides": list(overrides),
        "network_parameters": values,
        "data": [str(path) for path in data],
    }
    return replace(job, record={**record, **job.record})


def export_weights(
    networks: Mapping[str, str], checkpoint: Path, output: Path, precision: str
) -> Sequence[Path]:
    """Exports final weights to ONNX; the JSON beside them says of which network they are."""
    network = read_json(checkpoint.with_suffix(".json")).get("network")
    if not isinstance(network, str):
        raise InputError(f"{checkpoint.with_suffix('.json')} does not say of which network it is")
    return training_module(networks, network).export(checkpoint, output, precision)

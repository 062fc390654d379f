"""A capability's networks by name, each imported only when it is trained.

What `capability.networks` refers to (a module, or an object in one) holds

    PRESETS        settings by name, at least `smoke`, a few steps for a test
    PARAMETERS     what can be set beside FitSettings, a ParameterTable (optional)
    PRESET_VALUES  values of PARAMETERS by preset, where they differ from the defaults (optional)
    job            (settings, values of PARAMETERS, data folders) -> TrainingJob
    network        values of PARAMETERS -> the network itself, for final weights
    onnx_files     (network with its weights, record of the training, precision) -> OnnxFile of each
                   file that it is exported to (`training/onnx_file.py`)
    calibration    (models that were exported in float32, data folders) -> inputs of each, for INT8
                   (`training/quantise.py`; optional)
    DATA_SOURCE    what it learned from, where the record does not say how it was made (optional)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol, cast

import torch
from torch import nn

from ..capability import Capability, chosen
from ..parameters import ParameterTable, Value
from ..types import InputError
from .job import TrainingJob
from .onnx_file import OnnxFile
from .presets import FitSettings


class TrainingModule(Protocol):
    """What the module of a network holds."""

    PRESETS: Mapping[str, FitSettings]

    def job(
        self, settings: FitSettings, values: Mapping[str, Value], data: Sequence[Path]
    ) -> TrainingJob: ...

    def network(self, values: Mapping[str, Value]) -> nn.Module: ...

    def onnx_files(
        self, network: Any, record: Mapping[str, Any], precision: str
    ) -> Sequence[OnnxFile]: ...


def training_module(capability: Capability, network: str) -> TrainingModule:
    """What trains `network`; raises InputError where there is no such network."""
    return cast(TrainingModule, chosen(capability.networks, "network", network).load())


def parameter_values(
    module: TrainingModule, preset: str, given: Mapping[str, Value] | None = None
) -> dict[str, Value]:
    """A value for each of PARAMETERS: `given`, else the preset's, else the default.

    What is given by a name that there is no more, by the record of an older version, is left out.
    """
    table: ParameterTable = getattr(module, "PARAMETERS", ParameterTable([]))
    own: Mapping[str, Mapping[str, Value]] = getattr(module, "PRESET_VALUES", {})
    return table.complete({**own.get(preset, {}), **table.part(given or {})})


def make_job(
    capability: Capability,
    network: str,
    preset: str,
    overrides: Sequence[str] = (),
    data: Sequence[Path] = (),
) -> TrainingJob:
    """The job of `network` with a preset after `name=value` overrides.

    The network's first weights depend on the seed. What was chosen goes into the job's record.
    Raises InputError on unknown names and bad values.
    """
    module = training_module(capability, network)
    if preset not in module.PRESETS:
        known = ", ".join(module.PRESETS)
        raise InputError(f"{network} has no preset {preset!r}; there are: {known}")
    table: ParameterTable = getattr(module, "PARAMETERS", ParameterTable([]))
    settings, values = module.PRESETS[preset].changed(overrides, table)
    given = {text.partition("=")[0].strip() for text in overrides}
    values = parameter_values(module, preset, {n: v for n, v in values.items() if n in given})
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

"""The one exporter: final weights become ONNX files, each with its card."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path, PurePath
from typing import Any

from ..capability import Capability
from ..engines.model_zoo import ModelCard, find_model, write_card
from ..files.images import read_json
from ..parameters import ParameterTable
from ..types import InputError, require_choice
from .onnx_file import OPSET, OnnxFile, write_onnx
from .registry import parameter_values, training_module
from .weights import load_weights

PRECISIONS = ("float32", "float16", "int8")
LICENCE = "Apache-2.0"


def export_weights(
    capability: Capability,
    checkpoint: Path,
    output: Path,
    precision: str = "float32",
    data: Sequence[Path] = (),
    overrides: Sequence[str] = (),
) -> list[Path]:
    """Writes the ONNX files of final weights and their cards into the folder `output`.

    `overrides`: `name=value` of the network's parameters, where what is exported depends on them.

    The JSON beside the weights says of which network they are. `int8` is made of the float32 files,
    which are written too, and calibrated on `data`. Returns the ONNX files; raises InputError on
    another precision, on weights that do not fit, and where there is nothing to calibrate on.
    """
    require_choice("precision", precision, PRECISIONS)
    if precision == "int8":
        return _int8(capability, checkpoint, output, data, overrides)
    source = checkpoint.with_suffix(".json")
    record = read_json(source)
    name = record.get("network")
    if not isinstance(name, str):
        raise InputError(f"{source} does not say of which network it is")
    trained = training_module(capability, name)
    table: ParameterTable = getattr(trained, "PARAMETERS", ParameterTable([]))
    given = {**record.get("network_parameters", {}), **table.parse(overrides)}
    values = parameter_values(trained, str(record.get("preset")), given)
    network = trained.network(values)
    load_weights(network, checkpoint)
    shared = {
        "opset": OPSET,
        "precision": precision,
        "training_command": training_command(capability.name, record),
        "seed": int(record.get("settings", {}).get("seed", 0)),
        "data": learned_from(record, getattr(trained, "DATA_SOURCE", "")),
        "metrics": dict(record.get("metrics") or record.get("judge") or record.get("losses") or {}),
        "licence": LICENCE,
        "assets": tuple(record.get("assets", ())),
    }
    suffix = "" if precision == "float32" else f"_{precision}"
    written = []
    for file in trained.onnx_files(network, {**record, "network_parameters": values}, precision):
        path = write_onnx(file, output / f"{file.name}{suffix}.onnx")
        write_card(path, _card(file, path.stem, shared))
        written.append(path)
    return written


def _int8(
    capability: Capability,
    checkpoint: Path,
    output: Path,
    data: Sequence[Path],
    overrides: Sequence[str],
) -> list[Path]:
    from .quantise import quantised

    name = str(read_json(checkpoint.with_suffix(".json")).get("network"))
    calibration = getattr(training_module(capability, name), "calibration", None)
    if calibration is None:
        raise InputError(f"{name} cannot be exported as int8: choose float32 or float16")
    floats = export_weights(capability, checkpoint, output, overrides=overrides)
    models = [find_model(path) for path in floats]
    feeds = calibration(models, data)
    return [quantised(*pair).path for pair in zip(models, feeds, strict=True)]


def _card(file: OnnxFile, name: str, shared: Mapping[str, Any]) -> ModelCard:
    return ModelCard(
        name=name,
        description=file.description,
        inputs=file.inputs,
        outputs=file.outputs,
        limits=file.limits,
        axes=file.axes,
        parameters=sum(p.numel() for p in file.module.parameters()),
        minimum_precision=file.minimum_precision,
        **shared,
    )


def learned_from(record: Mapping[str, Any], source: str) -> str:
    """What the weights of `record` have seen; `source` where it does not say how that was made."""
    told = (record.get("training_data"), record.get("data_source", source))
    return ", ".join(str(text) for text in told if text) or "not recorded"


def training_command(capability: str, record: Mapping[str, Any]) -> str:
    """`ddff train ...` of `record`, which training leaves; DATA and OUT stand for folders.

    The weights that it began with are told by the command that made them, where the record has it
    as `first_command`, or by name, where they ship; else they are WEIGHTS.
    """
    words = [f"ddff train {capability} --network {record['network']} --preset {record['preset']}"]
    first, start = record.get("first_command"), record.get("start")
    if start:
        name = str(start) if PurePath(start).name == str(start) else "WEIGHTS"
        words.append(f"--start {'FIRST/weights.safetensors' if first else name}")
    words += ["--data DATA" for _ in record.get("data", ())]
    words += [f"--set {text}" for text in record.get("overrides", ())]
    command = " ".join([*words, "-o OUT"])
    return f"{str(first).replace('-o OUT', '-o FIRST')} && {command}" if first else command

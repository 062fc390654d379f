"""`create_engine`: a model in, the best engine of this machine out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from ..parameters import Value
from . import libraries
from .base import Engine
from .model_zoo import Model, find_model
from .parity import ParityError
from .settings import BACKENDS, ENGINE_PARAMETERS, LOG, EngineSettings
from .tensorrt_reports import Progress
from .tensors import EngineError, StoppedError

__all__ = ["BACKENDS", "ENGINE_PARAMETERS", "available_backends", "choose_backend", "create_engine"]


def create_engine(
    model: Model | Path | str,
    backend: str = "auto",
    options: Mapping[str, Value] | None = None,
    progress: Progress | None = None,
) -> Engine:
    """An engine that runs `model` (a model, a shipped name, or the path of an ONNX file).

    `options` are values of ENGINE_PARAMETERS, with or without `engine.` before the name; their
    `engine.backend` counts where `backend` is auto. `progress` is told what is being done and the
    share of it, 0..1, while a TensorRT engine builds; where it returns False, the build stops.
    What `auto` chose and cannot be made is replaced by onnxruntime, and the log says why.

    Raises InputError where the model cannot be used, and EngineError where the backend is not
    installed or does not take the network.
    """
    settings = EngineSettings.complete(options)
    if backend != "auto":
        settings = replace(
            settings, backend=str(ENGINE_PARAMETERS["engine.backend"].check(backend))
        )
    found = model if isinstance(model, Model) else find_model(model)
    narrow = found.card.minimum_precision != "float32" and settings.cpu_precision != "float32"
    chosen = choose_backend(settings.backend, narrow)
    try:
        return _make(found, replace(settings, backend=chosen), progress)
    except StoppedError:
        raise
    except EngineError as error:
        if settings.backend != "auto" or chosen == "onnxruntime":
            raise
        LOG.warning("%s: using onnxruntime instead", error)
        return _make(found, replace(settings, backend="onnxruntime"), progress)


def available_backends() -> tuple[str, ...]:
    """The backends that can run on this machine, best first."""
    usable = {
        "tensorrt": libraries.has_gpu(),
        "openvino": libraries.is_installed("openvino"),
        "onnxruntime": libraries.is_installed("onnxruntime"),
    }
    return tuple(name for name, there in usable.items() if there)


def choose_backend(wanted: str = "auto", narrow: bool = True) -> str:
    """What `auto` means here: tensorrt with a GPU, else openvino on Intel's processors and those
    that gain from bfloat16, else onnxruntime. `narrow`: the network may compute in bfloat16.
    """
    if wanted != "auto":
        return wanted
    there = available_backends()
    if "tensorrt" in there:
        return "tensorrt"
    suited = libraries.is_intel() or (narrow and libraries.gains_from_bfloat16())
    if "openvino" in there and (suited or "onnxruntime" not in there):
        return "openvino"
    return "onnxruntime"


def _make(model: Model, settings: EngineSettings, progress: Progress | None) -> Engine:
    if settings.backend == "openvino":
        from .openvino_engine import OpenVinoEngine

        return OpenVinoEngine(model, settings)
    if settings.backend == "tensorrt":
        return _make_tensorrt(model, settings, progress)
    from .onnxruntime_engine import OnnxRuntimeEngine

    return OnnxRuntimeEngine(model, settings)


def _make_tensorrt(model: Model, settings: EngineSettings, progress: Progress | None) -> Engine:
    """A TensorRT engine; where it computes something else, the same network more precisely."""
    from .tensorrt_engine import TensorRtEngine

    while True:
        try:
            return TensorRtEngine(model, settings, progress)
        except ParityError as error:
            precise = _more_precise(model)
            if precise is None:
                raise
            LOG.warning("%s: using float32 instead", error)
            model = precise


def _more_precise(model: Model) -> Model | None:
    """The network's float32 file, or the float32 file without TF32; None if that is what it is."""
    card = model.card
    if card.precision != "float32":
        wide = model.sibling("float32")
        same = wide is not None and wide.card.signature == card.signature
        return wide if same else None
    if card.minimum_precision != "float32":
        return replace(model, card=replace(card, minimum_precision="float32"))
    return None

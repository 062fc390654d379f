"""OpenVINO on the processor: bfloat16 where it multiplies that in hardware."""

from __future__ import annotations

import functools
import threading
from collections.abc import Sequence
from typing import Any

from . import libraries
from .base import Arrays, Engine, load_error, run_error
from .model_zoo import Model
from .settings import EngineSettings
from .tensors import EngineError, TensorSpec, check_found

_BFLOAT16 = frozenset({"amx_bf16", "avx512_bf16"})
_TYPES = {"f32": "float32", "f16": "float16", "f64": "float64", "boolean": "bool"}
_SHORT = {"u": "uint", "i": "int"}
_CORE_LOCK = threading.Lock()


class OpenVinoEngine(Engine):
    """Reads inputs where the caller has them; the request keeps the outputs' memory."""

    backend = "openvino"
    writable_inputs = True

    def __init__(self, model: Model, settings: EngineSettings) -> None:
        super().__init__(model, settings)
        self._library = libraries.openvino()
        self.precision = compute_precision(model, settings)
        content = model.read()
        try:
            core = shared_core()
            compiled = core.compile_model(core.read_model(content), "CPU", self._properties())
        except Exception as error:
            raise load_error(model, self.backend, error) from error
        check_found("input", self.inputs, _found(compiled.inputs, self.inputs))
        check_found("output", self.outputs, _found(compiled.outputs, self.outputs))
        self._request = compiled.create_infer_request()

    @property
    def description(self) -> str:
        return f"{super().description} ({self.precision})"

    def _properties(self) -> dict[str, Any]:
        properties: dict[str, Any] = {
            "INFERENCE_PRECISION_HINT": "bf16" if self.precision == "bfloat16" else "f32",
            "PERFORMANCE_HINT": "LATENCY",
            "NUM_STREAMS": 1,
        }
        if self.settings.threads:
            properties["INFERENCE_NUM_THREADS"] = self.settings.threads
        return properties

    def _run(self, feeds: Arrays) -> Arrays:
        request, tensor = self._request, self._library.Tensor
        try:
            for name, array in feeds.items():
                request.set_tensor(name, tensor(array, shared_memory=True))
            request.infer()
        except Exception as error:
            raise run_error(self, error) from error
        return {spec.name: request.get_tensor(spec.name).data for spec in self.outputs}

    def _close(self) -> None:
        del self._request


def shared_core() -> Any:
    """The one `openvino.Core` of this process, which stays until its end.

    A core gives the thread that first compiles with it an alternate stack for signals, and unmaps
    it when it goes, whichever stack is then in use: of several cores, one that went too early left
    its thread with a stack in memory that is no longer there (or is now somebody else's), and the
    next signal with a Python handler (Ctrl-C; SIGCHLD once torch has loaded data in processes)
    killed the process without a word.
    """
    with _CORE_LOCK:
        return _make_core()


@functools.cache
def _make_core() -> Any:
    return libraries.openvino().Core()


def compute_precision(model: Model, settings: EngineSettings) -> str:
    """`float32` or `bfloat16`: what the processor computes the network in.

    Raises EngineError where bfloat16 is asked for and the processor is known to have none.
    """
    if model.card.minimum_precision == "float32":
        return "float32"
    if settings.cpu_precision == "auto":
        return "bfloat16" if libraries.gains_from_bfloat16() else "float32"
    flags = libraries.processor_flags()
    if settings.cpu_precision == "bfloat16" and flags and not flags & _BFLOAT16:
        raise EngineError("this processor has no bfloat16: set engine.cpu_precision to auto")
    return settings.cpu_precision


def _found(ports: Any, wanted: Sequence[TensorSpec]) -> dict[str, tuple[tuple[int, ...], str]]:
    """By the name that is wanted, of all that operations which were joined have left a port."""
    names = {spec.name for spec in wanted}
    return {
        min(port.get_names() & names, default=port.get_any_name()): (
            tuple(axis.get_length() if axis.is_static else -1 for axis in port.get_partial_shape()),
            _type_name(port.get_element_type().get_type_name()),
        )
        for port in ports
    }


def _type_name(name: str) -> str:
    short = _SHORT.get(name[:1])
    return f"{short}{name[1:]}" if short and name[1:].isdigit() else _TYPES.get(name, name)

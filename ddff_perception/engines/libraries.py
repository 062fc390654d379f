"""The engine libraries: imported when first needed; a missing one is named with its cure."""

from __future__ import annotations

import functools
import importlib.util
from pathlib import Path
from typing import Any

from .settings import LOG
from .tensors import EngineError

_MISSING = "{name} is not installed: run `{command}`, or choose another engine.backend"


def onnxruntime() -> Any:
    """The module `onnxruntime`; raises EngineError with the command that installs it."""
    try:
        import onnxruntime as library
    except ImportError as error:
        raise _missing("onnxruntime", "pip install onnxruntime", error) from error
    return library


def openvino() -> Any:
    """The module `openvino`; raises EngineError with the command that installs it."""
    try:
        import openvino as library
    except ImportError as error:
        raise _missing("openvino", "pip install openvino", error) from error
    return library


def tensorrt() -> Any:
    """The module `tensorrt`; raises EngineError with the command that installs it."""
    try:
        import tensorrt as library
    except ImportError as error:
        command = "pip install tensorrt (on a Jetson: sudo apt install tensorrt)"
        raise _missing("tensorrt", command, error) from error
    return library


def cuda_runtime() -> Any:
    """CUDA's runtime API from `cuda-python`; raises EngineError where it is missing."""
    try:
        from cuda.bindings import runtime as library
    except ImportError as error:
        raise _missing("cuda-python", "pip install -U cuda-python", error) from error
    return library


@functools.cache
def is_installed(name: str) -> bool:
    """Whether a library could be imported, without doing so."""
    return importlib.util.find_spec(name) is not None


def has_gpu() -> bool:
    """Whether TensorRT and CUDA are installed and CUDA finds a device."""
    if not is_installed("tensorrt"):
        return False
    try:
        status, count = cuda_runtime().cudaGetDeviceCount()
    except EngineError as error:
        LOG.warning("tensorrt is installed, but %s", error)
        return False
    except Exception:  # a driver that is missing shows in many ways
        return False
    return int(status) == 0 and int(count) > 0


@functools.cache
def processor_flags() -> frozenset[str]:
    """What the processor can do, as Linux names it; empty where that is not known."""
    return frozenset(_processor_entry("flags").split())


@functools.cache
def is_intel() -> bool:
    """Whether this is an Intel processor."""
    return _processor_entry("vendor_id") == "GenuineIntel"


def gains_from_bfloat16() -> bool:
    """Whether the processor multiplies bfloat16 faster than float32 (`benchmarks/
    engine_precision.py`): with AMX, and AMD's with AVX512_BF16. With that alone Intel's do not.
    """
    flags = processor_flags()
    amd = _processor_entry("vendor_id") == "AuthenticAMD"
    return "amx_bf16" in flags or (amd and "avx512_bf16" in flags)


def _processor_entry(key: str) -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return ""
    found = (line.partition(":") for line in lines)
    return next((value.strip() for name, _, value in found if name.strip() == key), "")


def _missing(name: str, command: str, error: ImportError) -> EngineError:
    if is_installed(name.replace("-python", "")):
        said = " ".join(str(error).split())
        return EngineError(f"{name} is installed but cannot be loaded ({said}): run `{command}`")
    return EngineError(_MISSING.format(name=name, command=command))

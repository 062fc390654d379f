"""What can be set about engines: one table for nodes, commands and `create_engine`."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ..parameters import Parameter, ParameterTable, Value

# Nodes hand it on to their own log; other programs configure `logging` as they like.
LOG = logging.getLogger("ddff_perception.engines")
BACKENDS = ("auto", "onnxruntime", "openvino", "tensorrt")
DEFAULT_CACHE = "~/.cache/ddff_perception/engines"
PREFIX = "engine."

ENGINE_PARAMETERS = ParameterTable(
    [
        Parameter(
            "engine.backend",
            "auto",
            "what runs the network; auto takes tensorrt on an NVIDIA GPU, openvino on an Intel "
            "processor and, for networks that may compute in bfloat16, on an AMD one with "
            "AVX512_BF16, onnxruntime elsewhere",
            choices=BACKENDS,
            dynamic=False,
        ),
        Parameter(
            "engine.threads",
            0,
            "CPU threads of the network; 0 leaves it to the library (one per core)",
            minimum=0,
            maximum=256,
            dynamic=False,
        ),
        Parameter(
            "engine.cpu_precision",
            "auto",
            "what openvino computes float32 networks in; auto takes bfloat16 where the processor "
            "gains from it (AMX, or AMD's AVX512_BF16)",
            choices=("auto", "float32", "bfloat16"),
            dynamic=False,
        ),
        Parameter(
            "engine.check_ranges",
            True,
            "refuse inputs outside of the range that the model card gives, and NaN",
            dynamic=False,
        ),
        Parameter(
            "engine.device",
            0,
            "which GPU, counted as CUDA does",
            minimum=0,
            maximum=63,
            dynamic=False,
        ),
        Parameter(
            "engine.cuda_graph",
            False,
            "record the GPU's work once per input shape and replay it (tensorrt)",
            dynamic=False,
        ),
        Parameter(
            "engine.cache_folder",
            DEFAULT_CACHE,
            "where built TensorRT engines and timing caches are kept",
            dynamic=False,
        ),
        Parameter(
            "engine.workspace_mib",
            1024,
            "GPU memory that the TensorRT builder may use for a layer",
            "MiB",
            minimum=16,
            maximum=65536,
            dynamic=False,
        ),
        Parameter(
            "engine.optimization_level",
            3,
            "how long TensorRT searches for fast kernels, 0 shortest",
            minimum=0,
            maximum=5,
            dynamic=False,
        ),
        Parameter(
            "engine.parity_check",
            True,
            "compare a new TensorRT engine with onnxruntime before its first use",
            dynamic=False,
        ),
    ]
)


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """The values of ENGINE_PARAMETERS, by the same names without `engine.`."""

    backend: str
    threads: int
    cpu_precision: str
    check_ranges: bool
    device: int
    cuda_graph: bool
    cache_folder: str
    workspace_mib: int
    optimization_level: int
    parity_check: bool

    @classmethod
    def complete(cls, options: Mapping[str, Value] | None = None) -> EngineSettings:
        """The given values checked, defaults elsewhere; names with or without `engine.`.

        Raises InputError on an unknown name or a value out of range.
        """
        full = {
            name if name.startswith(PREFIX) else PREFIX + name: value
            for name, value in (options or {}).items()
        }
        values = ENGINE_PARAMETERS.complete(full)
        return cls(**{name.removeprefix(PREFIX): value for name, value in values.items()})  # type: ignore[arg-type]

    @property
    def cache(self) -> Path:
        return Path(self.cache_folder).expanduser()

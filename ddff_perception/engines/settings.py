"""What can be set about engines: one table for nodes, commands and `create_engine`."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ..parameters import ParameterTable, Settings, Value, parameter

# Nodes hand it on to their own log; other programs configure `logging` as they like.
LOG = logging.getLogger("ddff_perception.engines")
BACKENDS = ("auto", "onnxruntime", "openvino", "tensorrt")
DEFAULT_CACHE = "~/.cache/ddff_perception/engines"
PREFIX = "engine."


@dataclass(frozen=True)
class EngineSettings(Settings):
    """What runs a network and how; a node's parameters have `engine.` before these names."""

    backend: str = parameter(
        "auto",
        "what runs the network; auto takes tensorrt on an NVIDIA GPU, openvino on an Intel "
        "processor and, for networks that may compute in bfloat16, on an AMD one with "
        "AVX512_BF16, onnxruntime elsewhere",
        choices=BACKENDS,
        dynamic=False,
    )
    threads: int = parameter(
        0,
        "CPU threads of the network; 0 leaves it to the library (one per core)",
        limits=(0, 256),
        dynamic=False,
    )
    cpu_precision: str = parameter(
        "auto",
        "what openvino computes float32 networks in; auto takes bfloat16 where the processor "
        "gains from it (AMX, or AMD's AVX512_BF16)",
        choices=("auto", "float32", "bfloat16"),
        dynamic=False,
    )
    check_ranges: bool = parameter(
        True, "refuse inputs outside of the range that the model card gives, and NaN", dynamic=False
    )
    device: int = parameter(0, "which GPU, counted as CUDA does", limits=(0, 63), dynamic=False)
    cuda_graph: bool = parameter(
        False, "record the GPU's work once per input shape and replay it (tensorrt)", dynamic=False
    )
    cache_folder: str = parameter(
        DEFAULT_CACHE, "where built TensorRT engines and timing caches are kept", dynamic=False
    )
    workspace_mib: int = parameter(
        1024,
        "GPU memory that the TensorRT builder may use for a layer",
        "MiB",
        (16, 65536),
        dynamic=False,
    )
    optimization_level: int = parameter(
        3, "how long TensorRT searches for fast kernels, 0 shortest", limits=(0, 5), dynamic=False
    )
    parity_check: bool = parameter(
        True, "compare a new TensorRT engine with onnxruntime before its first use", dynamic=False
    )

    @classmethod
    def complete(cls, options: Mapping[str, Value] | None = None) -> EngineSettings:
        """The given values checked, defaults elsewhere; names with or without `engine.`.

        Raises InputError on an unknown name or a value out of range.
        """
        given = options or {}
        full = {PREFIX + name.removeprefix(PREFIX): given[name] for name in given}
        return cls.of(ENGINE_PARAMETERS.complete(full), "engine")

    @property
    def cache(self) -> Path:
        return Path(self.cache_folder).expanduser()


ENGINE_PARAMETERS = ParameterTable(
    EngineSettings.table().prefixed("engine"),
    aliases={"engine": "engine.backend", "threads": "engine.threads"},
)
"""What every node with a network and every command that runs one take."""

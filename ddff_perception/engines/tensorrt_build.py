"""From an ONNX file to a TensorRT engine: parsed, built, cached, and loaded again.

One path for TensorRT 10.3 to 11: strongly typed networks, so that the precision is what the ONNX
file says. TensorRT 11 has no other networks and ignores the flag.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..files.atomic import write_bytes
from ..files.results import written_by
from ..types import InputError
from .cuda_memory import GpuFacts
from .engine_cache import CachedEngine, EngineCache
from .model_zoo import Model
from .settings import LOG, EngineSettings
from .tensorrt_reports import Progress, make_logger, make_progress_monitor
from .tensors import EngineError, StoppedError

# Counts up when the build changes in a way that makes kept engines wrong.
BUILDER_VERSION = 1
MIB = 1 << 20


@dataclass
class LoadedEngine:
    """An `ICudaEngine` with what must live as long, and where it is kept."""

    engine: Any
    runtime: Any
    logger: Any
    entry: CachedEngine
    # Whether it was built just now, and not checked against another library yet.
    fresh: bool


class TensorRtBuilder:
    """Builds one model for one GPU, or takes it from the cache."""

    def __init__(
        self,
        trt: Any,
        model: Model,
        settings: EngineSettings,
        gpu: GpuFacts,
        progress: Progress | None = None,
    ) -> None:
        self._trt, self._model, self._settings, self._gpu = trt, model, settings, gpu
        self._progress = progress
        self._logger = make_logger(trt)
        self.cache = EngineCache(settings.cache)

    @property
    def tf32(self) -> bool:
        """Whether float32 products may be rounded to 10 bits."""
        return self._model.card.minimum_precision != "float32"

    def facts(self) -> dict[str, Any]:
        """All that a built engine depends on."""
        card, settings = self._model.card, self._settings
        return {
            "model": card.name,
            "onnx_sha256": card.sha256,
            "precision": card.precision,
            "tensorrt": str(self._trt.__version__),
            "gpu": self._gpu.to_dict(),
            "profile": {name: list(shapes) for name, shapes in self._profile().items()},
            "tf32": self.tf32,
            "workspace_mib": settings.workspace_mib,
            "optimization_level": settings.optimization_level,
            "builder": BUILDER_VERSION,
        }

    def load(self) -> LoadedEngine:
        """The engine, from the cache where a kept one loads; a broken one is built anew, once.

        Raises EngineError where the network cannot be built or the result not be loaded.
        """
        # The hash in the card is in the key: it must be that of the file.
        content = self._model.read()
        entry = self.cache.entry(self._model.card.name, self.facts())
        with self.cache.locked(entry):
            plan = self.cache.read(entry)
            if plan is not None:
                loaded = self._deserialize(plan, entry, fresh="parity" not in entry.built)
                if loaded is not None:
                    return loaded
                LOG.warning("the kept engine %s does not load: building it anew", entry.plan)
            self.cache.delete(entry)
            started = time.perf_counter()
            plan = self._build(content)
            seconds = round(time.perf_counter() - started, 1)
            self.cache.write(entry, plan, seconds=seconds, finished=_now())
            loaded = self._deserialize(plan, entry, fresh=True)
        if loaded is None:
            self.cache.delete(entry)
            raise EngineError(
                f"TensorRT cannot load the engine that it built of {self._model.path}: "
                f"{self._logger.reason('it does not say why')}"
            )
        return loaded

    def _deserialize(self, plan: bytes, entry: CachedEngine, fresh: bool) -> LoadedEngine | None:
        runtime = self._trt.Runtime(self._logger)
        engine = runtime.deserialize_cuda_engine(plan)
        return None if engine is None else LoadedEngine(engine, runtime, self._logger, entry, fresh)

    def _build(self, content: bytes) -> bytes:
        trt, name = self._trt, self._model.card.name
        LOG.info("building %s for TensorRT %s: this takes minutes, once", name, trt.__version__)
        builder = trt.Builder(self._logger)
        typed = 1 << int(trt.NetworkDefinitionCreationFlag.STRONGLY_TYPED)
        network = builder.create_network(typed)
        parser = trt.OnnxParser(network, self._logger)
        if not parser.parse(content):
            raise EngineError(f"TensorRT cannot read {self._model.path}: {_parser_errors(parser)}")
        config = builder.create_builder_config()
        monitor = make_progress_monitor(trt, name, self._progress)
        self._configure(builder, config, monitor)
        timing = self._attach_timing(config)
        plan = builder.build_serialized_network(network, config)
        if monitor.stopped:
            raise StoppedError(f"the build of {name} was stopped")
        if plan is None:
            raise EngineError(
                f"TensorRT cannot build {self._model.path}: "
                f"{self._logger.reason('it does not say why')}"
            )
        self._keep_timing(config, timing)
        return bytes(plan)

    def _configure(self, builder: Any, config: Any, monitor: Any) -> None:
        trt, settings = self._trt, self._settings
        config.set_memory_pool_limit(trt.MemoryPoolType.WORKSPACE, settings.workspace_mib * MIB)
        config.builder_optimization_level = settings.optimization_level
        config.progress_monitor = monitor
        if not self.tf32:
            config.clear_flag(trt.BuilderFlag.TF32)
        shapes = self._profile()
        if shapes:
            profile = builder.create_optimization_profile()
            for name, (least, typical, most) in shapes.items():
                profile.set_shape(name, least, typical, most)
            if config.add_optimization_profile(profile) < 0:
                raise EngineError(
                    f"TensorRT refuses the sizes that the card of {self._model.card.name} gives "
                    f"for its dynamic axes: {self._logger.reason('it does not say why')}"
                )

    def _profile(self) -> dict[str, tuple[tuple[int, ...], ...]]:
        """Smallest, typical and largest shape of each input that has a dynamic axis."""
        signature = self._model.card.signature
        kinds = [signature.typical_shapes(which) for which in ("minimum", "typical", "maximum")]
        return {
            spec.name: tuple(shapes[spec.name] for shapes in kinds)
            for spec in signature.inputs
            if any(isinstance(axis, str) for axis in spec.shape)
        }

    def _attach_timing(self, config: Any) -> Path:
        """Gives the builder what it timed before on this GPU: rebuilding is cheap then."""
        path = self.cache.timing_path(str(self._trt.__version__), self._gpu.name)
        try:
            kept = path.read_bytes()
        except OSError:
            kept = b""
        timing = config.create_timing_cache(kept)
        if not config.set_timing_cache(timing, ignore_mismatch=False) and kept:
            config.set_timing_cache(config.create_timing_cache(b""), ignore_mismatch=False)
        return path

    @written_by(None)
    def _keep_timing(self, config: Any, path: Path) -> None:
        timing = config.get_timing_cache()
        if timing is None:
            return
        try:
            write_bytes(path, bytes(timing.serialize()))
        except InputError as error:
            LOG.warning("%s", error)


def _parser_errors(parser: Any) -> str:
    """Every error of the parser, on one line."""
    errors = [parser.get_error(number) for number in range(parser.num_errors)]
    texts = [f"{error.desc()} (node {error.node_name() or 'unknown'})" for error in errors]
    return "; ".join(" ".join(text.split()) for text in texts) or "it does not say why"


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())

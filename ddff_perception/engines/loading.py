"""Engines that get ready in a thread of their own, while a node stays alive and says how far."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

from ..parameters import Value
from .base import Engine
from .create import choose_backend, create_engine
from .model_zoo import Model
from .settings import EngineSettings
from .tensors import EngineError

Shapes = Mapping[str, tuple[int, ...]]


class PendingEngine:
    """Makes and warms up an engine in the background.

    `progress` is (what is being done, share 0..1); `ready` says that `result` will not wait. It
    begins when `after` is done: two builds at once would time each other's kernels.
    """

    def __init__(
        self,
        model: Model | Path | str,
        backend: str = "auto",
        options: Mapping[str, Value] | None = None,
        shapes: Shapes | None = None,
        after: PendingEngine | None = None,
    ) -> None:
        self._after = after
        self._model, self._backend, self._options = model, backend, options
        self._shapes = shapes
        self._engine: Engine | None = None
        self._error: Exception | None = None
        self._stop = threading.Event()
        self._taken = False
        self.progress = ("loading the network", 0.0)
        self._thread = threading.Thread(target=self._work, name="engine", daemon=True)
        self._thread.start()

    @property
    def ready(self) -> bool:
        return not self._thread.is_alive()

    @property
    def error(self) -> Exception | None:
        """What the making ended with, if it failed."""
        return self._error

    def result(self, timeout_s: float | None = None) -> Engine:
        """The engine, warmed up. Raises what making it raised, and EngineError on a time-out."""
        self._thread.join(timeout_s)
        if self._thread.is_alive():
            what, share = self.progress
            raise EngineError(f"the engine is not ready yet: {what}, {share:.0%}")
        if self._error is not None:
            raise self._error
        if self._engine is None:
            raise EngineError("the making of the engine was stopped")
        self._taken = True
        return self._engine

    def cancel(self) -> None:
        """Stops a build at its next step, and frees an engine that nobody took."""
        self._stop.set()
        if self.ready and not self._taken:
            self._close()

    def close(self) -> None:
        """Stops a build at its next step, and frees the engine, whoever took it."""
        self._stop.set()
        if self.ready:
            self._close()

    def _close(self) -> None:
        if self._engine is not None:
            self._engine.close()

    def _tell(self, what: str, share: float) -> bool:
        self.progress = (what, share)
        return not self._stop.is_set()

    def _work(self) -> None:
        try:
            if self._after is not None:
                self._after._thread.join()
            if self._stop.is_set():
                return
            engine = create_engine(self._model, self._backend, self._options, self._tell)
            if self._stop.is_set():
                engine.close()
                return
            self.progress = ("warming up", 1.0)
            engine.warm_up(self._shapes)
            if self._stop.is_set():
                engine.close()
                return
            self.progress = ("ready", 1.0)
            self._engine = engine
            # Whoever stopped it in the meantime found no engine to close.
            if self._stop.is_set():
                self._close()
        except Exception as error:  # handed to whoever asks for the result
            self._error = error


class EngineSet:
    """The engines of one method, which owns them: made by `load`, or when they are first wanted.

    Only TensorRT's take minutes, and are made in the background: `progress` is None where `get`
    will not wait, else (what is being done, share of all 0..1). One thread at a time uses them.
    """

    def __init__(
        self,
        models: Sequence[Model | Path | str],
        backend: str = "auto",
        options: Mapping[str, Value] | None = None,
    ) -> None:
        self._models = tuple(models)
        self._backend = backend
        self._options = options
        self._engines: list[Engine] = []
        self._pending: list[PendingEngine] = []

    def gone_on_with(self, other: EngineSet | None) -> EngineSet:
        """`other` where it is of the same models and options and has not failed, else this one."""
        if other is None or other.failure is not None:
            return self
        mine, its = (
            (s._models, s._backend, EngineSettings.complete(s._options)) for s in (self, other)
        )
        return other if mine == its else self

    def load(self) -> None:
        """Makes what is not there and not on its way; after a failure, anew.

        Raises what `create_engine` raises where that takes no time; see `failure` elsewhere.
        """
        if self.failure is not None:
            self.close()
        if self._engines or self._pending:
            return
        wanted = self._backend
        if wanted == "auto":
            wanted = EngineSettings.complete(self._options).backend
        if choose_backend(wanted) == "tensorrt":
            for model in self._models:
                after = self._pending[-1] if self._pending else None
                pending = PendingEngine(model, self._backend, self._options, after=after)
                self._pending.append(pending)
            return
        try:
            for model in self._models:
                self._engines.append(create_engine(model, self._backend, self._options))
        except BaseException:
            self.close()
            raise

    @property
    def progress(self) -> tuple[str, float] | None:
        for number, pending in enumerate(self._pending):
            if pending.error is not None:
                return None
            if not pending.ready:
                what, share = pending.progress
                return what, (number + share) / len(self._pending)
        return None

    @property
    def failure(self) -> str | None:
        """Why there are no engines, in one sentence; None while all is well."""
        errors = (pending.error for pending in self._pending)
        return next((str(error) for error in errors if error is not None), None)

    def get(self, number: int = 0) -> Engine:
        """The engine of model `number`; waits for it, and raises what its making raised."""
        if not (self._engines or self._pending):
            self.load()
        return self._pending[number].result() if self._pending else self._engines[number]

    def close(self) -> None:
        """Frees the engines and stops what is being made; `load` makes them anew."""
        for engine in self._engines:
            engine.close()
        for pending in self._pending:
            pending.close()
        self._engines, self._pending = [], []

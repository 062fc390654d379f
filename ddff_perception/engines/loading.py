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
        if self.ready and not self._taken and self._engine is not None:
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
        except Exception as error:  # handed to whoever asks for the result
            self._error = error


class EngineSet:
    """The engines of one method: made at once, or in the background where that takes minutes.

    Only TensorRT's do; elsewhere the constructor raises what `create_engine` raises. `progress` is
    None where `get` will not wait, else (what is being done, share of all 0..1).
    """

    def __init__(
        self,
        models: Sequence[Model | Path | str],
        backend: str = "auto",
        options: Mapping[str, Value] | None = None,
    ) -> None:
        self._engines: list[Engine] = []
        self._pending: list[PendingEngine] = []
        wanted = EngineSettings.complete(options).backend if backend == "auto" else backend
        if choose_backend(wanted) != "tensorrt":
            self._engines = [create_engine(model, backend, options) for model in models]
            return
        for model in models:
            after = self._pending[-1] if self._pending else None
            self._pending.append(PendingEngine(model, backend, options, after=after))

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
        return self._pending[number].result() if self._pending else self._engines[number]

    def cancel(self) -> None:
        """Stops what is being made, and frees what nobody took."""
        for pending in self._pending:
            pending.cancel()

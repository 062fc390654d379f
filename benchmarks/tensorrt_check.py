"""Proves the TensorRT backend on a machine with an NVIDIA GPU: one command, a checklist, a record.

    python benchmarks/tensorrt_check.py                     # shipped models
    python benchmarks/tensorrt_check.py my_network.onnx     # your own, with its card beside it

Engines are built into a temporary cache, so that nothing is taken for granted. Each line is one
claim of docs/engines.md; the command ends with 1 where one does not hold. The record is
`docs/benchmarks/tensorrt_check.json`.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from _record import write_record

from ddff_perception.engines import libraries
from ddff_perception.engines.base import Engine
from ddff_perception.engines.create import create_engine
from ddff_perception.engines.engine_cache import EngineCache
from ddff_perception.engines.model_zoo import Model, find_model, shipped_models
from ddff_perception.engines.parity import TOLERANCES, check_parity
from ddff_perception.engines.timing import time_engine

SECOND_START_S = 3.0


class Check:
    """One model's checklist; `rows` is what the record holds."""

    def __init__(self, model: Model, cache: Path) -> None:
        self.model, self.cache = model, EngineCache(cache)
        self.options = {"cache_folder": str(cache)}
        self.rows: list[dict[str, Any]] = []

    def say(self, claim: str, work: Callable[[], str]) -> None:
        started = time.perf_counter()
        try:
            holds, result = True, work()
        except Exception as error:  # whatever it is, the list goes on
            holds, result = False, f"{type(error).__name__}: {error}"
        seconds = time.perf_counter() - started
        row = {"model": self.model.card.name, "claim": claim, "holds": holds, "result": result}
        self.rows.append({**row, "seconds": round(seconds, 2)})
        print(f"[{'ok' if holds else 'NO'}] {self.model.card.name}: {claim}: {result}", flush=True)

    def engine(self, **options: Any) -> Engine:
        engine = create_engine(self.model, "tensorrt", {**self.options, **options})
        assert engine.backend == "tensorrt"
        return engine

    def build(self) -> str:
        told: list[float] = []
        options = self.options
        with create_engine(self.model, "tensorrt", options, lambda _, share: told.append(share)):
            pass
        assert told == sorted(told) and told, "no progress was reported"
        entries = self.cache.entries()
        assert len(entries) == 1, f"{len(entries)} engines are kept, so it had to be made precise"
        return f"{entries[0].built.get('seconds')} s, {len(told)} steps of progress, compared"

    def second_start(self) -> str:
        started = time.perf_counter()
        with self.engine() as engine:
            engine.warm_up()
        seconds = time.perf_counter() - started
        assert seconds <= SECOND_START_S, f"took {seconds:.1f} s"
        return f"{seconds:.2f} s from start to warm"

    def parity(self, **options: Any) -> str:
        card = self.model.card
        precision = card.precision
        if precision == "float32" and card.minimum_precision != "float32":
            precision = "tf32"
        with self.engine(**options) as engine, create_engine(self.model, "onnxruntime") as other:
            signature = engine.signature
            kinds = ("typical", "minimum", "typical", "typical", "minimum", "typical")
            feeds = [
                signature.random_feeds(signature.typical_shapes(kind), seed)
                for seed, kind in enumerate(kinds)
            ]
            worst = check_parity(engine, other, feeds, precision)
        largest = max(row.largest_error for row in worst)
        return f"{largest:.2g} of the largest value, {precision} explains {TOLERANCES[precision]}"

    def largest(self) -> str:
        with self.engine() as engine:
            shapes = engine.signature.typical_shapes("maximum")
            outputs = engine.run(engine.signature.random_feeds(shapes))
            assert all(np.isfinite(value).all() for value in outputs.values())
        return ", ".join(f"{name} {shape}" for name, shape in shapes.items())

    def two_cameras(self) -> str:
        engines = [self.engine(), self.engine()]
        feeds = engines[0].signature.random_feeds(engines[0].signature.typical_shapes())
        wanted = {name: value.copy() for name, value in engines[0].run(feeds).items()}
        wrong: list[str] = []

        def work(engine: Engine) -> None:
            for _ in range(50):
                found = engine.run(feeds)
                wrong.extend(n for n in wanted if not np.array_equal(found[n], wanted[n]))

        threads = [threading.Thread(target=work, args=(engine,)) for engine in engines]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for engine in engines:
            engine.close()
        assert not wrong, f"{len(wrong)} outputs differ"
        return "2 x 50 runs, equal to the last bit"

    def broken_plan(self) -> str:
        (entry,) = self.cache.entries()
        entry.plan.write_bytes(entry.plan.read_bytes()[:-1000])
        self.engine().close()
        assert "parity" in self.cache.entries()[0].built
        return f"rebuilt in {self.cache.entries()[0].built.get('seconds')} s (timing cache kept)"

    def old_plan(self) -> str:
        (entry,) = self.cache.entries()
        self.cache.write(entry, b"no plan" * 1000, **{k: v for k, v in entry.built.items()
                                                      if k != "plan_sha256"})  # fmt: skip
        self.engine().close()
        return "deleted and rebuilt"

    def strict(self) -> str:
        """Without TF32, a float32 network is float32."""
        card = self.model.card
        if card.precision != "float32":
            return f"not for {card.precision}"
        strict = replace(self.model, card=replace(card, minimum_precision="float32"))
        other = Check(strict, self.cache.folder)
        return other.parity()

    def timing(self, **options: Any) -> str:
        with self.engine(**options) as engine:
            row = time_engine(engine, runs=100)
        return f"{row.median_ms:.2f} ms (10 % {row.p10_ms:.2f}, 90 % {row.p90_ms:.2f})"

    def run(self) -> list[dict[str, Any]]:
        self.say("builds, tells how far it is, agrees with ONNX Runtime", self.build)
        self.say("a second start takes seconds", self.second_start)
        self.say("agrees on six inputs of changing sizes", self.parity)
        self.say("agrees with a CUDA graph, too", lambda: self.parity(cuda_graph=True))
        self.say("takes the largest sizes of its card", self.largest)
        self.say("two engines run in two threads", self.two_cameras)
        self.say("milliseconds per run", self.timing)
        self.say("milliseconds per run, CUDA graph", lambda: self.timing(cuda_graph=True))
        self.say("a truncated plan is never loaded", self.broken_plan)
        self.say("a plan that does not load is rebuilt", self.old_plan)
        self.say("is exact without TF32", self.strict)
        return self.rows


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("models", nargs="*", help="names or ONNX files; default: all shipped")
    arguments = parser.parse_args()
    if not libraries.has_gpu():
        print("this needs an NVIDIA GPU, `pip install tensorrt cuda-python`", file=sys.stderr)
        return 2
    rows = []
    for name in arguments.models or shipped_models():
        with tempfile.TemporaryDirectory() as folder:
            rows += Check(find_model(name), Path(folder)).run()
    if not rows:
        print("no model is shipped: give the path of an ONNX file", file=sys.stderr)
        return 2
    with create_engine(arguments.models[0] if arguments.models else shipped_models()[0]) as engine:
        used = engine.description
    path = write_record("tensorrt_check", rows, engine=used)
    print(f"{sum(not row['holds'] for row in rows)} of {len(rows)} do not hold; see {path}")
    return int(any(not row["holds"] for row in rows))


if __name__ == "__main__":
    sys.exit(main())

"""What `engine.cpu_precision` rests on: float32 and bfloat16 on this processor.

    python benchmarks/engine_precision.py

A network of six 3x3 convolutions (48 channels, half of 640x480) with random weights, in ONNX
Runtime and OpenVINO. Each processor's instructions are a process of their own: oneDNN, which
computes in both, is told by ONEDNN_MAX_CPU_ISA to leave the newer ones alone. The record keeps the
rows of other processors.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Annotated, Any

import typer
from _record import RECORDS, ROOT, write_record

sys.path.insert(0, str(ROOT / "test" / "helpers"))
from small_networks import conv_network

from ddff_perception.engines.create import create_engine
from ddff_perception.engines.libraries import processor_flags
from ddff_perception.engines.parity import compare_outputs
from ddff_perception.engines.timing import time_engine
from ddff_perception.evaluation.machine import hardware
from ddff_perception.files.images import read_json

INSTRUCTIONS = {"all": "DEFAULT", "AVX512_BF16, no AMX": "AVX512_CORE_BF16"}
ENGINES = (("onnxruntime", "float32"), ("openvino", "float32"), ("openvino", "bfloat16"))
SIZE = {"image": (1, 3, 480, 640)}
ROUNDS = 5


def measure() -> list[dict[str, Any]]:
    """Rows of this process: the engines take turns, so that a busy machine slows all of them."""
    with tempfile.TemporaryDirectory() as folder:
        model = conv_network(Path(folder), channels=48, layers=6)
        engines = [
            create_engine(model, backend, {"cpu_precision": precision, "threads": 2})
            for backend, precision in ENGINES
        ]
        medians: list[list[float]] = [[] for _ in engines]
        for _ in range(ROUNDS):
            for engine, times in zip(engines, medians, strict=True):
                times.append(time_engine(engine, SIZE, runs=5).median_ms)
        feeds = engines[0].signature.random_feeds(SIZE)
        reference = engines[0].run(feeds)
        rows = []
        for (backend, precision), engine, times in zip(ENGINES, engines, medians, strict=True):
            errors = compare_outputs(engine.run(feeds), reference)
            largest = max(row.largest_error for row in errors)
            rows.append(
                {"backend": backend, "precision": precision, "ms": sorted(times)[ROUNDS // 2],
                 "error": largest}
            )  # fmt: skip
            engine.close()
    return rows


def main(
    here: Annotated[
        bool, typer.Option("--here", help="Measure in this process and print JSON, no record")
    ] = False,
) -> None:
    """Measures each library in a process of its own, prints the table and records it."""
    if here:
        print(json.dumps(measure()))
        return
    processor = str(hardware()["processor"])
    kept = read_json(RECORDS / "engine_precision.json")["rows"]
    rows = [row for row in kept if row["processor"] != processor]
    for name, isa in INSTRUCTIONS.items():
        if "AMX" in name and "amx_bf16" not in processor_flags():
            continue
        done = subprocess.run(
            [sys.executable, __file__, "--here"],
            env={**os.environ, "ONEDNN_MAX_CPU_ISA": isa},
            capture_output=True,
            text=True,
            check=True,
        )
        found = json.loads(done.stdout)
        wide = next(r["ms"] for r in found if (r["backend"], r["precision"]) == ENGINES[1])
        for row in found:
            rows.append(
                {"processor": processor, "instructions": name, **row, "ratio": row["ms"] / wide}
            )
            print(f"{name:20s} {row['backend']:12s} {row['precision']:9s} {row['ms']:8.1f} ms")
    print(f"written to {write_record('engine_precision', rows)}")


if __name__ == "__main__":
    typer.run(main)

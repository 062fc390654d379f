"""An index of ten million vectors built in waves: time, memory, and how long its file opens.

`python benchmarks/retrieval_waves.py -o FOLDER` makes the vectors as it reads them (clusters of
whole numbers, 128 dimensions), so that nothing but the index lies on the disk: 1.5 GB of it.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from _record import write_record
from rich.console import Console

from ddff_perception.files.results import written_by
from ddff_perception.retrieval.building import build_file
from ddff_perception.retrieval.index import TreeIndex
from ddff_perception.retrieval.measures import bytes_per_vector
from ddff_perception.retrieval.settings import IndexSettings, SearchSettings

DIMENSIONS, PIECE = 128, 100_000
console = Console()


class Drawn:
    """(count, 128) uint8 that are drawn as they are read, the same ones each time."""

    def __init__(self, count: int) -> None:
        self.shape = (count, DIMENSIONS)
        random = np.random.default_rng(0)
        self._centres = random.gamma(0.6, 40, (4096, DIMENSIONS)).clip(0, 180).astype(np.uint8)

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, part: slice) -> np.ndarray:
        start, stop, step = part.indices(len(self))
        pieces = range(start // PIECE, -(-stop // PIECE))
        found = []
        for piece in pieces:
            places = np.arange(PIECE) + piece * PIECE
            wanted = (places >= start) & (places < stop) & ((places - start) % step == 0)
            found.append(self._piece(piece)[wanted])
        return np.concatenate(found)

    def _piece(self, number: int) -> np.ndarray:
        random = np.random.default_rng((1, number))
        noise = random.integers(0, 48, (PIECE, DIMENSIONS), dtype=np.uint8)
        return self._centres[random.integers(0, len(self._centres), PIECE)] + noise


def own_memory_mib() -> float:
    """Memory of this process that is no file's: what cannot be taken back."""
    lines = Path("/proc/self/status").read_text().splitlines()
    found = next(line for line in lines if line.startswith("RssAnon"))
    return int(found.split()[1]) / 1024


def main(
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for the index.")],
    count: Annotated[int, typer.Option(min=PIECE, help="Vectors.")] = 10_000_000,
    wave: Annotated[int, typer.Option(min=PIECE, help="Vectors at a time.")] = 500_000,
) -> None:
    """Builds, opens and asks an index."""
    output.mkdir(parents=True, exist_ok=True)
    path, memory = output / "waves.ddff", [own_memory_mib()]
    start, processor = time.perf_counter(), time.process_time()

    def note(done: int) -> None:
        memory.append(own_memory_mib())
        console.print(f"{done} of {count}, {memory[-1]:.0f} MiB")

    source = Drawn(count)
    with written_by(None):
        build_file(path, source, IndexSettings(children=16), wave, note)
    built = (time.perf_counter() - start, time.process_time() - processor)
    start, processor = time.perf_counter(), time.process_time()
    index = TreeIndex.load(path)
    opened = (time.perf_counter() - start, time.process_time() - processor)
    asked = np.arange(0, count, count // 500)[:500]
    queries = source[0 : int(asked[-1]) + 1 : count // 500]
    distances, ids = index.search(queries, 1, SearchSettings(threads=1))
    row = {
        "vectors": len(index),
        "wave": wave,
        "build_s": round(built[0], 1),
        "build_processor_s": round(built[1], 1),
        "memory_mib": round(max(memory)),
        "file_mib": round(path.stat().st_size / 2**20),
        "bytes": round(bytes_per_vector(index)["all"], 1),
        "open_ms": round(1e3 * opened[0], 1),
        "open_processor_ms": round(1e3 * opened[1], 1),
        "found_itself": float(np.mean((ids[:, 0] == asked) | (distances[:, 0] == 0))),
    }
    console.print(row)
    console.print(f"recorded in {write_record('retrieval_waves', [row])}")


if __name__ == "__main__":
    typer.run(main)

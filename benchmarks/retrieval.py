"""Retrieval on SIFT: our index beside faiss and hnswlib, and the paper's table.

`python benchmarks/retrieval.py --work FOLDER` wants what requirements/benchmarks.txt lists, and a
folder with base.bvecs and, for the sets "query" and "strangers", bvecs and _truth.ivecs:
`--photographs` makes them, a million or as many as `--vectors` says. Records of fewer are named by
their number.

Recall first: every setting of every index searches once. Then, for each target, the fastest
setting of each index that reaches it: these take turns, so that a busy moment hits all of them,
and the best of `--repeats` runs counts. `processor` times are those of one thread, and hold on a
busy machine.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from _record import write_record
from _sift import COUNT, LONGEST_PX, SETS, Descriptors, load
from _yardsticks import Yardstick, fast_scans, graphs, grid_step, others
from rich.console import Console
from rich.table import Table

from ddff_perception.retrieval.index import TreeIndex
from ddff_perception.retrieval.measures import (
    bytes_per_vector,
    distortion,
    measure,
    occupancy,
    recall_at,
    recall_by_candidates,
    recall_of,
)
from ddff_perception.retrieval.permuted import PermutedIndex, expected_recall
from ddff_perception.retrieval.settings import IndexSettings, SearchSettings

K = 10
TARGETS = (0.9, 0.95)
OURS = {"tree 16 x 4": (16, 4), "tree 16 x 8": (16, 8), "tree 16 x 16": (16, 16)}
CANDIDATES = (2048, 3072, 4096, 6144, 8192, 12288, 16384, 24576, 32768, 49152, 65536)
RERANK = (100, 150, 200, 300, 400, 600)
LINE_PARTS = (16, 32)
# The tree of the faithful rows: p = 2, w = 16, and 4,096 candidates, as the paper's GPU rows have.
FAITHFUL = IndexSettings(codes="lines", clusters=16, children=32)
FAITHFUL_SEARCH = SearchSettings(width=16, bins=4096, rerank=0, candidates=4096, threads=1)
console = Console()


def ours(data: Descriptors) -> Iterator[tuple[Yardstick, TreeIndex]]:
    """Our indices with 4-bit codes."""
    for name, (clusters, children) in OURS.items():
        index = TreeIndex(IndexSettings(clusters=clusters, children=children)).fit(data.base)
        index.add(data.base)
        searches = {}
        for candidates in CANDIDATES[:: grid_step(len(data.base))]:
            for rerank in RERANK[:: grid_step(len(data.base))]:
                settings = SearchSettings(width=256, candidates=candidates, rerank=rerank)
                searches[f"candidates {candidates}, rerank {rerank}"] = partial(
                    _search, index, settings
                )
        yield Yardstick(f"ours, {name}", bytes_per_vector(index)["all"], searches), index


def _search(
    index: TreeIndex, settings: SearchSettings, queries: np.ndarray, threads: int
) -> np.ndarray:
    return index.search(queries, K, replace(settings, threads=threads))[1]


def reaching(yardstick: Yardstick, data: Descriptors, name: str) -> dict[float, tuple[str, float]]:
    """Per target the setting that reaches it in the least time of the processor, and its recall."""
    queries, truth = data.queries[name], data.truth[name]
    found: dict[float, tuple[str, float, float]] = {}
    first = next(iter(yardstick.searches.values()))
    first(queries[:300], 1)
    for setting, search in yardstick.searches.items():
        start = time.process_time()
        ids = search(queries, 1)
        spent, recall = time.process_time() - start, recall_of(ids, truth, K)
        for target in TARGETS:
            if recall >= target and spent < found.get(target, ("", 0, np.inf))[2]:
                found[target] = (setting, recall, spent)
    return {target: (setting, recall) for target, (setting, recall, _) in found.items()}


def timed(
    jobs: dict[tuple[str, float], tuple[Yardstick, str, float]], queries: np.ndarray, repeats: int
) -> list[dict[str, Any]]:
    """Every job by turns, on one thread and on two."""
    best: dict[tuple[str, float], dict[str, float]] = {key: {} for key in jobs}
    for _ in range(repeats):
        for threads in (1, 2):
            for key, (yardstick, setting, _) in jobs.items():
                wall, processor = time.perf_counter(), time.process_time()
                yardstick.searches[setting](queries, threads)
                scale = 1e6 / len(queries)
                spent = {
                    f"us_{threads}": scale * (time.perf_counter() - wall),
                    f"processor_us_{threads}": scale * (time.process_time() - processor),
                }
                for name, value in spent.items():
                    best[key][name] = min(best[key].get(name, np.inf), value)
    return [
        {
            "index": yardstick.name,
            "target": key[1],
            "recall": round(recall, 4),
            "setting": setting,
            "bytes": round(yardstick.bytes, 1),
            "processor_us": round(best[key]["processor_us_1"], 1),
            "rate_1_hz": round(1e6 / best[key]["us_1"]),
            "rate_2_hz": round(1e6 / best[key]["us_2"]),
        }
        for key, (yardstick, setting, recall) in jobs.items()
    ]


def with_ratios(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Each row's rates over those of faiss' best fast scan for the same target."""
    for row in rows:
        scans = [r for r in rows if r["target"] == row["target"] and "x4fs" in r["index"]]
        if scans:
            least = min(r["processor_us"] for r in scans)
            row["ratio_processor"] = round(least / row["processor_us"], 2)
            for threads in (1, 2):
                name = f"rate_{threads}_hz"
                row[f"ratio_{threads}"] = round(row[name] / max(r[name] for r in scans), 2)
    return rows


def compared(data: Descriptors, repeats: int, with_graphs: bool) -> dict[str, Any]:
    """Ours beside faiss' fast scans and, if asked for, the graphs."""
    made = list(ours(data))
    yardsticks = [yardstick for yardstick, _ in made]
    for made_one in itertools.chain(
        fast_scans(data.base, K), graphs(data.base, K) if with_graphs else ()
    ):
        console.print(f"built {made_one.name}")
        yardsticks.append(made_one)
    rows = []
    for name in SETS:
        jobs = {}
        for yardstick in yardsticks:
            for target, (setting, recall) in reaching(yardstick, data, name).items():
                jobs[yardstick.name, target] = (yardstick, setting, recall)
        found = with_ratios(timed(jobs, data.queries[name], repeats))
        rows += [{"queries": name, **row} for row in sorted(found, key=lambda row: row["target"])]
    stages = {}
    for yardstick, index in made:
        settings = SearchSettings(width=256, candidates=16384, rerank=200, threads=1)
        row = measure(index, data.queries["query"], data.truth["query"], K, settings, repeats)
        stages[yardstick.name] = asdict(row)
    return {"rows": rows, "stages": stages}


def faithful(data: Descriptors, rivals: bool) -> dict[str, Any]:
    """The paper's tables: line codes of 2 to 32 parts, exact re-ranking, permuted indices."""
    queries, truth = data.queries["query"], data.truth["query"]
    rows, errors, found = [], {}, {}
    for parts in LINE_PARTS:
        console.print(f"line codes of {parts} parts")
        index = TreeIndex(replace(FAITHFUL, line_parts=parts)).fit(data.base)
        index.add(data.base)
        errors[parts] = distortion(index, data.base[:20000])
        found[parts] = measure(index, queries, truth, 100, FAITHFUL_SEARCH)
        rows.append(_row(f"PQT, P_line {parts}", found[parts], bytes_per_vector(index)))
    exact = measure(index, queries, truth, 100, replace(FAITHFUL_SEARCH, rerank=4096))
    rows.append(_row("PQT, P_line 32, exact re-ranking", exact, bytes_per_vector(index)))
    lengths = tuple(2**n for n in range(6, 13))
    curve = replace(FAITHFUL_SEARCH, candidates=lengths[-1], bins=1 << 14)
    by_order = {
        order: recall_by_candidates(index, queries, truth, lengths, replace(curve, order=order))
        for order in ("anisotropic", "isotropic", "exact")
    }
    tables: dict[str, Any] = {
        "distortion": errors,
        "recall_by_candidates": by_order,
        "occupancy": occupancy(index.store.offsets),
        "stage_shares": dict(found[32].shares),
    }
    if rivals:
        rows += rivals_rows(queries, truth, data.base)
        tables["permuted_r10"] = permuted(data, found[16].first[10])
    return {"rows": rows, **tables}


def rivals_rows(queries: np.ndarray, truth: np.ndarray, base: np.ndarray) -> list[dict[str, Any]]:
    """What the paper compares with, as faiss, OpenCV and SciPy have it."""
    rows = []
    for yardstick in others(base, 100):
        (setting, search), *_ = yardstick.searches.items()
        start = time.process_time()
        ids = search(queries, 1)
        us = 1e6 * (time.process_time() - start) / len(ids)
        first = {f"r{n}": round(recall_at(ids, truth[: len(ids)], n), 4) for n in (1, 10, 100)}
        name = f"{yardstick.name} {setting}".strip()
        sizes = {"processor_us": round(us, 1), "bytes": round(yardstick.bytes, 1)}
        rows.append({"method": name, **first, **sizes})
    return rows


def permuted(data: Descriptors, single: float) -> dict[str, float]:
    """R@10 of one index with 16 line parts, of two with permuted coordinates, and as expected."""
    twice = PermutedIndex(2, replace(FAITHFUL, line_parts=16)).fit(data.base)
    twice.add(data.base)
    ids = twice.search(data.queries["query"], 10, FAITHFUL_SEARCH)[1]
    found = recall_at(ids, data.truth["query"], 10)
    return {"single": single, "found": found, "expected": expected_recall(single, 2)}


def _row(name: str, row: Any, size: dict[str, float]) -> dict[str, Any]:
    first = {f"r{n}": round(value, 4) for n, value in row.first.items()}
    return {
        "method": name,
        **first,
        "processor_us": round(row.processor_us, 1),
        "bytes": round(size["codes"] + size["ids"], 1),
    }


def table(title: str, rows: list[dict[str, Any]]) -> Table:
    result = Table(title=title)
    for name in rows[0]:
        result.add_column(name)
    for row in rows:
        result.add_row(*(str(row.get(name, "")) for name in rows[0]))
    return result


def main(
    work: Annotated[Path, typer.Option(help="Folder of the descriptors.")],
    photographs: Annotated[Path | None, typer.Option(help="Photographs to make them of.")] = None,
    repeats: Annotated[int, typer.Option(min=1, help="Runs per job")] = 7,
    rates: Annotated[bool, typer.Option(help="Queries per second at a recall.")] = True,
    rivals: Annotated[bool, typer.Option(help="The paper's rivals beside its tables.")] = True,
    graph: Annotated[bool, typer.Option(help="And graphs (minutes to build).")] = True,
    paper: Annotated[bool, typer.Option(help="The paper's tables.")] = True,
    vectors: Annotated[int, typer.Option(help="As many are made.")] = COUNT,
    longest: Annotated[int, typer.Option(help="Of photographs, in pixels.")] = LONGEST_PX,
) -> None:
    """Measures everything and records it."""
    data = load(work, photographs, vectors, longest)
    few = "" if len(data.base) == COUNT else f"_{len(data.base) // 1000}k"
    command = "python benchmarks/retrieval.py" + (f" --vectors {len(data.base)}" if few else "")
    setup = {
        "vectors": len(data.base),
        "dimensions": data.base.shape[1],
        "queries": {name: len(q) for name, q in data.queries.items()},
    }
    if rates:
        found = compared(data, repeats, graph)
        console.print(table(f"Queries per second at recall@{K}", found["rows"]))
        setup |= {"k": K, "repeats": repeats}
        rows = found.pop("rows")
        write_record(f"retrieval{few}", rows, command=command, setup=setup, **found)
    if paper:
        found = faithful(data, rivals)
        console.print(table("As in the paper", found["rows"]))
        rows = found.pop("rows")
        write_record(f"retrieval_paper{few}", rows, command=command, setup=setup, **found)


if __name__ == "__main__":
    typer.run(main)

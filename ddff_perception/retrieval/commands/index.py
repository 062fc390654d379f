"""`ddff index`: build, fill, ask and measure an index of vectors."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from rich.table import Table

from ...console import console, progress_bar, say
from ...files.array_file import verify
from ...files.results import require_own, written_by
from ...files.vectors import open_vectors, read_vectors, require_suffix, write_vectors
from ...types import InputError
from ..building import WAVE, build_file
from ..index import TreeIndex
from ..index_file import INDEX
from ..measures import bytes_per_vector, occupancy
from ..settings import IndexSettings, SearchSettings
from ..sharded import numbered, search_shards
from ..trial import Trial, try_settings

app = typer.Typer(no_args_is_help=True)

IndexFile = Annotated[Path, typer.Argument(metavar="INDEX", help="File of an index.")]
Vectors = Annotated[
    Path, typer.Argument(help="fvecs, bvecs, ivecs, npy, HDF5 or MNIST's ubyte file.")
]
Dataset = Annotated[str, typer.Option(help="Data set of an HDF5 file.")]
Params = Annotated[
    list[str] | None,
    typer.Option("--param", "-p", metavar="NAME=VALUE", help="A setting, as often as needed."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command()
@written_by("ddff index")
def build(
    vectors: Vectors,
    output: Annotated[Path, typer.Option("--output", "-o", help="File for the index.")],
    dataset: Dataset = "train",
    param: Params = None,
    wave: Annotated[int, typer.Option(help="Vectors in memory at a time.", min=1)] = WAVE,
) -> None:
    """Make an index of all vectors of a file, which may be larger than memory.

    Ids are the vectors' places in the file. Settings: docs/retrieval.md.

    Examples:
      ddff index build sift_base.fvecs -o sift.ddff

      ddff index build bigann.bvecs -o bigann.ddff -p clusters=32 -p children=16

      ddff index build sift-128-euclidean.hdf5 -o lines.ddff -p codes=lines

    """
    settings = IndexSettings.from_values(IndexSettings.table().parse(param or []))
    require_own(output.parent, [output.name])
    source = open_vectors(vectors, dataset)
    with progress_bar("learning centres", len(source)) as report:
        index = build_file(
            output, source, settings, wave, lambda done: report(done, what="building the index")
        )
    say(f"{len(index)} vectors of {index.dimensions} dimensions in {output}")


@app.command()
@written_by("ddff index")
def add(
    index: IndexFile,
    vectors: Vectors,
    dataset: Dataset = "train",
    remove: Annotated[
        str | None, typer.Option(help="Ids to take out first, such as 3,17.", metavar="IDS")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Another file for the new index.")
    ] = None,
) -> None:
    """Put more vectors into an index, in its place or into another file; their ids count on.

    The whole index is held in memory for it, twice for a while.

    Examples:
      ddff index add sift.ddff more.fvecs --remove 3,17

      ddff index add sift.ddff more.fvecs -o larger.ddff

    """
    target = output or index
    require_own(target.parent, [target.name])
    loaded = TreeIndex.load(index)
    gone = loaded.remove(_ids(remove)) if remove else 0
    ids = loaded.add(read_vectors(vectors, dataset))
    loaded.save(target)
    removed = f", {gone} removed" if remove else ""
    say(f"{len(ids)} vectors added{removed}: {len(loaded)} in {target}")


@app.command()
@written_by("ddff index")
def query(
    queries: Vectors,
    indices: Annotated[
        list[Path], typer.Argument(metavar="INDEX...", help="One index, or the shards of one.")
    ],
    k: Annotated[int, typer.Option("-k", help="How many neighbours.", min=1)] = 10,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Ids, as .ivecs or .npy.")
    ] = None,
    distances: Annotated[
        Path | None, typer.Option(help="Squared distances, as .fvecs or .npy.")
    ] = None,
    dataset: Dataset = "test",
    param: Params = None,
    scheduler: Annotated[
        str | None, typer.Option(help="A Dask scheduler whose workers search: tcp://host:8786.")
    ] = None,
) -> None:
    """Find the nearest neighbours of each query, in one index or in all shards of one.

    Ids of several shards count on from file to file.

    Examples:
      ddff index query sift_query.fvecs sift.ddff -k 100 -o found.ivecs

      ddff index query q.npy a.ddff b.ddff -o found.npy --scheduler tcp://cluster:8786

    """
    settings = SearchSettings.from_values(SearchSettings.table().parse(param or []))
    for path, own in ((output, ".ivecs"), (distances, ".fvecs")):
        if path is not None:
            require_suffix(path, (own, ".npy"))
            require_own(path.parent, [path.name])
    asked = read_vectors(queries, dataset)
    found = search_shards(numbered(indices), asked, k, settings, scheduler)
    if output is not None:
        write_vectors(output, found[1])
    if distances is not None:
        write_vectors(distances, found[0])
    if output is None and distances is None:
        for row, (near, names) in enumerate(zip(*found, strict=True)):
            pairs = "  ".join(f"{i}:{d:g}" for i, d in zip(names, near, strict=True) if i >= 0)
            say(f"{row}  {pairs}")
        return
    say(f"{len(asked)} queries answered: {', '.join(str(p) for p in (output, distances) if p)}")


@app.command()
def bench(
    index: IndexFile,
    queries: Annotated[
        Path | None, typer.Option(help="Vectors to ask for; by default some of the index.")
    ] = None,
    dataset: Dataset = "test",
    count: Annotated[int, typer.Option(help="Queries at most.", min=1)] = 1000,
    k: Annotated[int, typer.Option("-k", help="How many neighbours.", min=1)] = 10,
    param: Params = None,
    as_json: AsJson = False,
) -> None:
    """Say bytes, recall and rate of an index on your own vectors, from few candidates to many.

    The truth is found by comparing all vectors, which the index must keep. Queries that are taken
    from the index are not counted as their own neighbours. The index may be larger than memory.

    Examples:
      ddff index bench sift.ddff --queries sift_query.fvecs -k 10

      ddff index bench sift.ddff -p threads=1 -p rerank=200 --json

    """
    settings = SearchSettings.from_values(SearchSettings.table().parse(param or []))
    loaded = TreeIndex.load(index)
    asked = None if queries is None else read_vectors(queries, dataset)[:count]
    with progress_bar("searching") as report:
        trial = try_settings(loaded, asked, count, k, settings, lambda: report())
    if as_json:
        typer.echo(json.dumps(trial.as_json(), indent=2))
        return
    say(f"{len(loaded)} vectors, {trial.bytes['all']:.1f} bytes each")
    console.print(_table(trial))


@app.command()
def info(
    index: IndexFile,
    check: Annotated[bool, typer.Option("--check", help="Compare all checksums.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show what an index holds, its settings, its bytes, and how full its bins are.

    Example:
      ddff index info sift.ddff --check

    """
    loaded = TreeIndex.load(index)
    if check:
        verify(INDEX, index)
    content: dict[str, Any] = {
        "vectors": len(loaded),
        "dimensions": loaded.dimensions,
        "type": loaded.store.vectors.dtype.name,
        "settings": loaded.settings.values(),
        "bytes_per_vector": bytes_per_vector(loaded),
        "bins_by_vectors": occupancy(loaded.store.offsets),
    }
    if as_json:
        typer.echo(json.dumps(content, indent=2))
        return
    table = Table(title=str(index), show_header=False)
    for name, value in content.items():
        rows = value.items() if isinstance(value, dict) else [("", value)]
        for part, held in rows:
            shown = f"{held:.2f}" if isinstance(held, float) else str(held)
            table.add_row(f"{name} {part}".strip(), shown)
    console.print(table)


def _ids(text: str) -> np.ndarray[Any, Any]:
    try:
        return np.array([int(part) for part in text.split(",") if part.strip()], np.int64)
    except (ValueError, OverflowError):
        raise InputError(f"{text!r} is no list of ids such as 3,17") from None


def _table(trial: Trial) -> Table:
    table = Table(title=f"the {trial.k} nearest, {trial.queries} queries")
    headings = ("candidates", "rerank", f"recall@{trial.k}", "R@1", "us per query", "queries/s")
    for heading in (*headings, "share of the stages"):
        table.add_column(heading, justify="right")
    for candidates, rerank, row in trial.rows:
        shares = ", ".join(f"{name} {share:.0%}" for name, share in row.shares.items())
        numbers = (f"{row.recall:.3f}", f"{row.first[1]:.3f}", f"{row.us:.1f}")
        table.add_row(str(candidates), str(rerank), *numbers, f"{row.rate_hz:.0f}", shares)
    return table

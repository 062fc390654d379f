"""`ddff engine`: build, list, clear and time the engines that networks run in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Annotated, Any

import typer
from rich.table import Table

from ..console import AsJson, console, progress_bar, say
from ..engines.base import Engine
from ..engines.create import BACKENDS, available_backends, create_engine
from ..engines.engine_cache import EngineCache
from ..engines.model_zoo import Model, find_model, shipped_models
from ..engines.settings import ENGINE_PARAMETERS, EngineSettings
from ..engines.tensors import Signature
from ..engines.timing import EngineTiming, time_engine
from ..files.atomic import json_text
from ..types import InputError

app = typer.Typer(no_args_is_help=True)
KIB = 1024

Models = Annotated[
    list[str] | None,
    typer.Argument(help="Names of shipped models or paths of ONNX files. Default: all shipped."),
]
Parameters = Annotated[
    list[str] | None,
    typer.Option("--param", "-p", help="engine.name=value, as often as needed."),
]
Backend = Annotated[str, typer.Option("--engine", help=f"One of: {', '.join(BACKENDS)}.")]


@app.command()
def build(models: Models = None, engine: Backend = "auto", param: Parameters = None) -> None:
    """Make engines now, so that a node's first start finds them ready.

    On an NVIDIA GPU this builds TensorRT engines (minutes each) and compares each with ONNX
    Runtime; elsewhere it shows that the models load.

    Examples:
      ddff engine build

      ddff engine build my_network.onnx --engine tensorrt -p engine.optimization_level=5

    """
    options = ENGINE_PARAMETERS.parse(param or [])
    for model in _models(models):
        with _made(model, engine, options) as made:
            made.warm_up()
            say(f"ready: {made.description}")


@app.command("list")
def list_engines(param: Parameters = None, as_json: AsJson = False) -> None:
    """Show the models, the backends of this machine, and the TensorRT engines that are kept.

    Example:
      ddff engine list

    """
    cache = _cache(param)
    models = [find_model(name) for name in shipped_models()]
    kept = [
        {
            "file": entry.plan.name,
            "mib": round(entry.size_bytes / KIB**2, 2),
            "facts": dict(entry.facts),
            "built": dict(entry.built),
        }
        for entry in cache.entries()
    ]
    backends = list(available_backends())
    if as_json:
        content = {
            "backends": backends,
            "models": [model.card.to_dict() for model in models],
            "cache": str(cache.folder),
            "engines": kept,
        }
        typer.echo(json_text(content))
        return
    say(f"backends here, best first: {', '.join(backends) or 'none'}")
    if models:
        console.print(_model_table(models))
    say(f"TensorRT engines in {cache.folder}: {len(kept) or 'none'}")
    if kept:
        console.print(_kept_table(kept))


@app.command()
def clear(
    timings: Annotated[
        bool, typer.Option("--timings", help="Remove the timing caches, too: rebuilds are slow.")
    ] = False,
    param: Parameters = None,
) -> None:
    """Remove the TensorRT engines that are kept; they are built anew when needed.

    Example:
      ddff engine clear --timings

    """
    cache = _cache(param)
    count = len(cache.entries())
    freed = cache.clear(timings)
    say(f"removed {count} engines ({freed / KIB**2:.1f} MiB) from {cache.folder}")


@app.command()
def bench(
    models: Models = None,
    engine: Annotated[
        list[str] | None,
        typer.Option(help=f"Backends to time, of {', '.join(BACKENDS)}. Default: all here."),
    ] = None,
    size: Annotated[
        list[str] | None,
        typer.Option(help="Size of a dynamic axis, axis=number.", metavar="AXIS=SIZE"),
    ] = None,
    runs: Annotated[int, typer.Option(help="Runs per median.", min=3, max=10000)] = 30,
    param: Parameters = None,
    as_json: AsJson = False,
) -> None:
    """Time models on every backend of this machine, copies to and from the host included.

    Examples:
      ddff engine bench --size height=480 --size width=640

      ddff engine bench my_network.onnx --engine openvino -p engine.threads=2

    """
    options = ENGINE_PARAMETERS.parse(param or [])
    backends = list(engine or available_backends())
    found = _models(models)
    shapes = [_shapes(model.card.signature, size or []) for model in found]
    rows: list[EngineTiming] = []
    for model, given in zip(found, shapes, strict=True):
        for backend in backends:
            with (
                _made(model, backend, options) as made,
                progress_bar(f"timing {made.description}", runs) as report,
            ):
                rows.append(time_engine(made, given, runs, report))
    if as_json:
        typer.echo(json_text([row.to_dict() for row in rows]))
        return
    console.print(_timing_table(rows))


def _models(names: list[str] | None) -> list[Model]:
    if names:
        return [find_model(name) for name in names]
    shipped = [find_model(name) for name in shipped_models()]
    if not shipped:
        raise InputError("no model is shipped with this version: give the path of an ONNX file")
    return shipped


@contextmanager
def _made(model: Model, backend: str, options: Mapping[str, Any]) -> Iterator[Engine]:
    """The engine, with a progress bar while it is made."""
    with progress_bar(f"loading {model.card.name}", 100) as report:
        made = create_engine(
            model, backend, options, lambda what, share: report(round(100 * share), what=what)
        )
    with made:
        yield made


def _cache(param: list[str] | None) -> EngineCache:
    return EngineCache(EngineSettings.complete(ENGINE_PARAMETERS.parse(param or [])).cache)


def _shapes(signature: Signature, sizes: list[str]) -> dict[str, tuple[int, ...]]:
    """The typical shapes, with the dynamic axes that `sizes` names at those sizes."""
    wanted: dict[str, int] = {}
    for text in sizes:
        axis, _, number = text.partition("=")
        if axis not in signature.axes:
            known = ", ".join(signature.axes) or "none"
            raise InputError(f"there is no dynamic axis {axis!r}; there are: {known}")
        if not number.isdigit():
            raise InputError(f"{text!r} is not axis=number")
        wanted[axis] = int(number)
    shapes = {
        spec.name: tuple(
            axis if isinstance(axis, int) else wanted.get(axis, signature.axes[axis].typical)
            for axis in spec.shape
        )
        for spec in signature.inputs
    }
    signature.check_shapes(shapes)
    return shapes


def _model_table(models: list[Model]) -> Table:
    table = Table("model", "precision", "MiB", "parameters", "inputs", title="shipped models")
    for model in models:
        card = model.card
        count = "" if card.parameters is None else f"{card.parameters:,}"
        inputs = "; ".join(str(tensor.spec) for tensor in card.inputs)
        table.add_row(card.name, card.precision, f"{card.size_bytes / KIB**2:.2f}", count, inputs)
    return table


def _kept_table(kept: list[dict[str, Any]]) -> Table:
    table = Table("model", "precision", "TensorRT", "GPU", "built", "s", "MiB")
    for entry in kept:
        facts, built = entry["facts"], entry["built"]
        cells = (facts.get("model"), facts.get("precision"), facts.get("tensorrt"))
        gpu = facts.get("gpu", {}).get("name", "")
        when = (built.get("finished", ""), built.get("seconds", ""))
        table.add_row(*map(str, (*cells, gpu, *when, entry["mib"])))
    return table


def _timing_table(rows: list[EngineTiming]) -> Table:
    table = Table("engine", title="milliseconds per run")
    for heading in ("inputs", "first", "median", "10 %", "90 %"):
        table.add_column(heading, justify="right")
    for row in rows:
        shapes = "; ".join("x".join(map(str, shape)) for shape in row.shapes.values())
        times = (row.first_ms, row.median_ms, row.p10_ms, row.p90_ms)
        table.add_row(row.engine, shapes, *(f"{value:.2f}" for value in times))
    return table

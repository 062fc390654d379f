"""Result folders of any capability on one page."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ... import __version__
from ...types import InputError
from .blocks import Block, Cell, Column, Section, Table
from .facts import common_facts, inside, number, numbers
from .page import write_report


@dataclass(frozen=True, slots=True)
class ResultKind:
    """One kind of result folders, as its capability hands it over.

    `title`: of a page about nothing else. `command`: what writes them. `recognises` a folder,
    `read` takes it and where its truth lies (None without) and gives what `sections` are made of:
    anything with a `name` and a `summary`. Both raise InputError where they cannot.
    """

    title: str
    command: str
    recognises: Callable[[Path], bool]
    read: Callable[[Path, Path | None], Any]
    sections: Callable[[Sequence[Any]], list[Section]]


def report_results(
    kinds: Sequence[ResultKind],
    folders: Sequence[Path],
    output: Path,
    *,
    truths: Sequence[Path] = (),
    title: str | None = None,
    progress: Callable[[], None] | None = None,
) -> None:
    """One page at `output` over the result folders, kind by kind.

    `truths` as in `match_truths`; `progress` is called after each folder. Raises InputError where a
    folder cannot be read or the page cannot be written.
    """
    commands = " or ".join(kind.command for kind in kinds)
    if not folders:
        raise InputError(f"give at least one result folder of {commands}")
    found: list[tuple[ResultKind, list[Any]]] = [(kind, []) for kind in kinds]
    for folder, truth in zip(folders, match_truths(folders, truths), strict=True):
        fitting = [(kind, results) for kind, results in found if kind.recognises(folder)]
        if not fitting:
            raise InputError(f"{folder} holds no results: give folders that {commands} wrote")
        for kind, results in fitting:
            results.append(kind.read(folder, truth))
        if progress is not None:
            progress()
    found = [(kind, results) for kind, results in found if results]
    results = [result for _, some in found for result in some]
    names = ", ".join(result.name for result in results)
    write_report(
        output,
        [
            *(section for kind, some in found for section in _sections(kind, some, len(found) > 1)),
            *(
                live_section(live, result.name)
                for result in results
                if isinstance(live := result.summary.get("live"), Mapping)
            ),
        ],
        title=title or " and ".join(kind.title for kind, _ in found),
        subtitle=names if len(names) < 200 else f"{len(results)} results",
        facts=common_facts([result.summary for result in results]),
        footer=f"Made by ddff_perception {__version__}.",
    )


def live_section(live: Mapping[str, Any], name: str = "") -> Section:
    """Rate and latency of recorded topics, and what the node said of itself meanwhile.

    `live`: what `LiveRun.to_json` gave, perhaps read from a file. `name` tells several apart.
    """
    keys = ("messages", "rate_hz", "latency_median_ms", "latency_p95_ms")
    columns: list[Column | str] = [
        "topic",
        Column("messages", decimals=0),
        Column("rate", "Hz"),
        Column("latency, median", "ms"),
        Column("latency, 95 %", "ms"),
    ]
    rows: list[tuple[Cell, ...]] = [
        (topic, *(number(live, "topics", topic, key) for key in keys))
        for topic in _names(live, "topics")
    ]
    note = "Latency is from the stamp of the image to the receipt by the recorder."
    blocks: list[Block] = [Table(columns, rows, caption="Recorded topics", note=note)]
    stages = [(stage, number(live, "stages_ms", stage)) for stage in _names(live, "stages_ms")]
    if latency := numbers(live.get("node_latency_ms")):
        stages.append(("image stamp to output", latency[0]))
    if stages:
        blocks.append(Table(["stage", Column("median", "ms", bar=True)], stages, "Stages"))
    losses = [(loss, number(live, "losses", loss)) for loss in _names(live, "losses")]
    counts = Column("count", decimals=0)
    blocks.append(Table(["", counts], losses or [("none", 0)], "Frames not used"))
    return Section(f"Live: {name}" if name else "Live", blocks, "How the node did meanwhile.")


def match_truths(folders: Sequence[Path], truths: Sequence[Path]) -> list[Path | None]:
    """The truth of each result folder.

    None are given: no truth. As many as folders: one each, in order. One folder that holds a
    subfolder named like each result (a set of stacks): those. Raises InputError otherwise.
    """
    if not truths:
        return [None] * len(folders)
    if len(truths) == len(folders):
        return list(truths)
    if len(truths) == 1 and truths[0].is_dir():
        inside = [truths[0] / folder.resolve().name for folder in folders]
        missing = [path.name for path in inside if not path.is_dir()]
        if not missing:
            return list(inside)
        raise InputError(f"{truths[0]} holds no folder {missing[0]}: give one truth per result")
    raise InputError(
        f"{len(folders)} results but {len(truths)} truths: give one truth per result, in order, "
        "or the folder of their stacks"
    )


def _names(content: Mapping[str, Any], key: str) -> list[str]:
    found = inside(content, key)
    return [name for name in found if isinstance(name, str)] if isinstance(found, Mapping) else []


def _sections(kind: ResultKind, results: Sequence[Any], among_others: bool) -> list[Section]:
    """The sections of one kind; beside others each says what it is about."""
    sections = kind.sections(results)
    if not among_others:
        return sections
    names = [result.name for result in results]
    return [
        section
        if section.title in names
        else replace(section, title=f"{kind.title}: {section.title}")
        for section in sections
    ]

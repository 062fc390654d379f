"""The report's section on any recording: what was in it, and what was not used."""

from __future__ import annotations

from .bag_run import BagResult, dropped
from .reports.blocks import Block, Column, Section, Table


def gaps_table(result: BagResult) -> Table:
    """How regular each topic is."""
    columns: list[Column | str] = [
        "topic",
        Column("messages", decimals=0),
        Column("rate", "Hz", decimals=2),
        Column("missing", decimals=0),
        Column("longest gap", "s", decimals=2),
    ]
    rows = [
        (name, gaps.count, 1.0 / gaps.period_s, gaps.missing, gaps.longest_s)
        for name, gaps in result.gaps.items()
    ]
    return Table(columns, rows, "Topics")


def recording_section(result: BagResult) -> Section:
    """What was in the recording, what was not used of it, and the time per stage."""
    counters = [(name.replace("_", " "), n) for name, n in result.counters.items() if n]
    blocks: list[Block] = [gaps_table(result)]
    if counters:
        blocks.append(Table(["", Column("count", decimals=0)], counters, "Input"))
    stages = [
        (stage, times["median"], times["p95"])
        for stage, times in result.to_json()["timings_ms"].items()
    ]
    if stages:
        columns: list[Column | str] = [
            "stage",
            Column("median", "ms", bar=True),
            Column("95 %", "ms"),
        ]
        blocks.append(Table(columns, stages, "Offline estimate, time per stage"))
    return Section("Recording", blocks, " ".join(f"{s}." for s in remarks(result)))


def remarks(result: BagResult) -> list[str]:
    """What is to be known of the recording, in sentences without their full stop."""
    lost = ", ".join(f"{count} images {why}" for why, count in dropped(result.counters).items())
    found = [
        f"{result.messages} messages were read",
        f"{result.estimates} estimates from {result.changes} changes of the input",
        f"Dropped: {lost}" if lost else "No image was dropped",
    ]
    if result.complaint is not None:
        found.append(f"{result.doubted} estimates are in doubt: {result.complaint}")
    if result.damage:
        found.append(f"The recording is damaged ({result.damage})")
    if result.unreadable:
        found.append(f"{result.unreadable} messages could not be parsed")
    by_recorder = result.notes.get("dropped", "0")
    if by_recorder != "0":
        found.append(f"The recorder dropped {by_recorder} messages")
    found += [
        f"{name}: {gaps.repeated} stamps repeated, {gaps.backwards} went back"
        for name, gaps in result.gaps.items()
        if gaps.repeated or gaps.backwards
    ]
    return found + [f"{count} x {reason}" for reason, count in result.unusable.items()]

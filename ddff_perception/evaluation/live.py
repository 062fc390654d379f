"""How a node did while it was recorded: rate, latency, time per stage, drops."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from ..files.bags import BagReader
from ..files.bags_messages import header_stamp
from ..files.bags_types import DIAGNOSTICS

_STAGE_END = " median [ms]"
_LATENCY = ("latency median [ms]", "latency 95 % [ms]")
_LOSSES = ("dropped: ", "rejected: ")


@dataclass(frozen=True, slots=True)
class LiveTopic:
    """One recorded topic. `rate_hz` over its time of receipt; latencies in milliseconds from the
    header's stamp (the acquisition of the image) to the receipt by the recorder. NaN under two
    messages.
    """

    messages: int
    rate_hz: float
    latency_median_ms: float
    latency_p95_ms: float


@dataclass(frozen=True, slots=True)
class LiveRun:
    """What was seen of a node: its `topics` by name, and what its last diagnostics say.

    `node_latency_ms`: median and 95 % from the image's stamp to publishing, as the node measured
    it. `stages_ms`: median milliseconds per stage. `losses`: frames by reason. Empty without
    diagnostics.
    """

    topics: Mapping[str, LiveTopic]
    node_latency_ms: tuple[float, float] | None = None
    stages_ms: Mapping[str, float] = field(default_factory=dict)
    losses: Mapping[str, int] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def observe(bag: BagReader, topics: Sequence[str], node: str) -> LiveRun:
    """What the recording says about `topics` and about the node named `node`.

    The topics' messages must begin with a header. Topics that are not in the bag count as empty.
    """
    stamps: dict[str, list[int]] = {name: [] for name in topics}
    received: dict[str, list[int]] = {name: [] for name in topics}
    for message in bag.raw_messages(topics):
        stamp_ns = header_stamp(message.data)
        if stamp_ns is not None:
            stamps[message.topic].append(stamp_ns)
            received[message.topic].append(message.time_ns)
    seen = {name: _live_topic(stamps[name], received[name]) for name in topics}
    return _with_diagnostics(seen, _last_diagnostics(bag, node))


def _live_topic(stamps_ns: Sequence[int], received_ns: Sequence[int]) -> LiveTopic:
    count = len(received_ns)
    span_s = (max(received_ns) - min(received_ns)) / 1e9 if count > 1 else 0.0
    if span_s <= 0.0:
        return LiveTopic(count, math.nan, math.nan, math.nan)
    latencies_ms = (np.array(received_ns) - np.array(stamps_ns)) / 1e6
    return LiveTopic(
        count,
        (count - 1) / span_s,
        float(np.median(latencies_ms)),
        float(np.percentile(latencies_ms, 95)),
    )


def _last_diagnostics(bag: BagReader, node: str) -> dict[str, str]:
    values: dict[str, str] = {}
    names = [name for name, topic in bag.topics.items() if topic.type == DIAGNOSTICS]
    for message in bag.messages(names) if names else ():
        for status in message.message.status:
            # "<fully qualified node>: <what>", as diagnostic_updater names them.
            if status.name.partition(":")[0].rpartition("/")[2] == node:
                values = {pair.key: pair.value for pair in status.values}
    return values


def _with_diagnostics(topics: Mapping[str, LiveTopic], values: Mapping[str, str]) -> LiveRun:
    numbers: dict[str, float] = {}
    for key, text in values.items():
        try:
            numbers[key] = float(text)
        except ValueError:
            continue
    latency = None
    if all(key in numbers for key in _LATENCY):
        latency = (numbers[_LATENCY[0]], numbers[_LATENCY[1]])
    stages = {
        key.removesuffix(_STAGE_END): value
        for key, value in numbers.items()
        if key.endswith(_STAGE_END) and key not in _LATENCY
    }
    losses = {
        key: int(value) for key, value in numbers.items() if key.startswith(_LOSSES) and value
    }
    return LiveRun(topics, latency, stages, losses)

"""What a capability's demo runs, as data: its simulated sensor, its node, and what is recorded."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ..parameters import Value


def as_it_is(source: Path | None, _output: Path, _max_width: int) -> tuple[str, dict[str, Value]]:
    """The folder as the sensor takes it, its own where None."""
    return "" if source is None else str(source.resolve()), {}


@dataclass(frozen=True, slots=True)
class Demo:
    """`sensor` plays a folder, the capability's node works on it, a bag of both is evaluated.

    `played`: values of the sensor's parameters.
    `recorded`: topics in the bag, `sent`: those of images whose rate and latency are told, `shown`:
    the one without which nothing was shown; all below the demo's namespace. `given`: values of the
    node's parameters. `prepare` takes the folder that was asked for (None: the package's own), the
    output folder, and the width to which wider images are shrunken, and gives the sensor's `source`
    and more values of the node's parameters; it raises InputError where the folder cannot be
    played.
    """

    title: str
    sensor: str
    recorded: tuple[str, ...]
    sent: tuple[str, ...]
    shown: str
    given: Mapping[str, Value] = field(default_factory=dict)
    played: Mapping[str, Value] = field(default_factory=dict)
    prepare: Callable[[Path | None, Path, int], tuple[str, dict[str, Value]]] = as_it_is

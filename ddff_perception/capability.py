"""What a capability hands over to the package, as data that imports nothing heavy.

Everything that is code is named as `module:object` and imported when it is used.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .types import InputError


@dataclass(frozen=True, slots=True)
class Reference:
    """An object of a module, `text` as `package.module:NAME`, imported when it is loaded."""

    text: str

    def load(self) -> Any:
        """The object; raises ImportError or AttributeError where it is not there."""
        module, _, name = self.text.partition(":")
        found = importlib.import_module(module)
        return getattr(found, name) if name else found


@dataclass(frozen=True, slots=True)
class Command:
    """One `ddff` command: a function that Typer takes, or a Typer app with `help` (a group).

    `group`: of another command's app that a function belongs to; empty for one of its own.
    """

    name: str
    code: Reference
    help: str = ""
    group: str = ""


@dataclass(frozen=True, slots=True)
class View:
    """What `ddff view` opens of the topics of a capability's nodes, in this order.

    `pictures`: image topics by name, each with how its pixels are painted: one of
    `viewing.pictures.LOOKS`, or a function of H x W (x 3) pixels that gives H x W x 3 BGR uint8.
    `clouds`: point clouds; `readings`: small numbers that become a chart. What is not named can be
    chosen in the browser.
    """

    pictures: Mapping[str, str | Reference] = field(default_factory=dict)
    clouds: tuple[str, ...] = ()
    readings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Capability:
    """One capability. Every field but the first two may be left out.

    `nodes`: `NodeInterface` by the node's name; `sensors`: the same of simulated sensors that feed
    it. `methods`: mapping of method names to entries with a `description`. `networks`: by name,
    what `training.registry.TrainingModule` describes. `bag`: an `evaluation.bag_run.BagRun`,
    which finds its topics in a bag and evaluates them. `results`: an
    `evaluation.reports.results.ResultKind`, which recognises, reads and reports result folders.
    `demo`: an `evaluation.demo.Demo`. `view`: what is seen in the browser; None shows the images
    and clouds of each node.
    """

    name: str
    description: str
    nodes: Mapping[str, Reference] = field(default_factory=dict)
    sensors: Mapping[str, Reference] = field(default_factory=dict)
    commands: tuple[Command, ...] = ()
    methods: Reference | None = None
    networks: Mapping[str, Reference] = field(default_factory=dict)
    bag: Reference | None = None
    results: Reference | None = None
    demo: Reference | None = None
    view: View | None = None

    def references(self) -> dict[str, Reference]:
        """Every reference by a path that says where it stands, for a test that loads them all."""
        found = {f"nodes.{name}": code for name, code in self.nodes.items()}
        found |= {f"sensors.{name}": code for name, code in self.sensors.items()}
        found |= {f"commands.{c.group}{c.name}": c.code for c in self.commands}
        found |= {f"networks.{name}": code for name, code in self.networks.items()}
        painters = self.view.pictures if self.view else {}
        found |= {f"view.{n}": look for n, look in painters.items() if isinstance(look, Reference)}
        single = {"methods": self.methods, "bag": self.bag, "results": self.results}
        single |= {"demo": self.demo}
        return found | {name: code for name, code in single.items() if code is not None}


def chosen(things: Mapping[str, Any], kind: str, name: str) -> Any:
    """The thing `name` of `things`; raises InputError that lists the names where it is missing."""
    if name not in things:
        known = ", ".join(things) or "none"
        raise InputError(f"there is no {kind} {name!r}; there are: {known}")
    return things[name]

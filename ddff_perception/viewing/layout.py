"""Which topics are shown, and how: from what capabilities hand over as data, and by type."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from ..capability import Reference, View
from ..files.bags_types import COMPRESSED_IMAGE, FOCAL_STACK, IMAGE, plain_name
from ..registry import CAPABILITIES
from ..ros.interface import NodeInterface
from .readings import READERS

POINTS = "sensor_msgs/msg/PointCloud2"
PICTURES = (IMAGE, COMPRESSED_IMAGE, FOCAL_STACK)
# Of a node that no capability knows so many images are shown at once; the others can be chosen.
_MOST_GUESSED = 4


@dataclass(frozen=True, slots=True)
class Pane:
    """One topic on the page. `look`: of a picture, None where its encoding says it; `opened`:
    whether it is shown before anybody asks for it.
    """

    topic: str
    type: str
    kind: Literal["picture", "cloud", "reading"]
    look: str | Reference | None = None
    opened: bool = False


@dataclass(frozen=True, slots=True)
class Subject:
    """What one looks at: a node, or what a recording holds of a capability. `base`: namespace of
    its topics, where it is known; `topics`: types of its own topics by name; `nodes`: names of the
    nodes whose diagnostics belong to it.
    """

    name: str
    topics: Mapping[str, str]
    view: View
    base: str | None = None
    nodes: tuple[str, ...] = ()


def panes(subject: Subject) -> list[Pane]:
    """The subject's topics that can be shown: those of its view first, in its order, opened."""
    found: dict[str, Pane] = {}
    view = subject.view
    looks: dict[str, str | Reference | None] = dict(view.pictures)
    for name in (*view.pictures, *view.clouds, *view.readings):
        topic = _topic(subject, name)
        pane = _pane(topic, subject.topics[topic], looks.get(name)) if topic else None
        if pane is not None and pane.topic not in found:
            found[pane.topic] = replace(pane, opened=True)
    for topic in sorted(subject.topics):
        pane = _pane(topic, subject.topics[topic])
        if pane is not None:
            found.setdefault(topic, pane)
    return list(found.values())


def node_view(name: str, interface: NodeInterface | None = None) -> View | None:
    """The view of the capability that has the node or sensor `name`; what its interface sends where
    the capability has none; None where no capability knows it.
    """
    for capability in CAPABILITIES.values():
        reference = {**capability.nodes, **capability.sensors}.get(name)
        if reference is not None:
            offered: NodeInterface = interface or reference.load()
            return capability.view or _sent(offered)
    return None


def guessed_view(topics: Mapping[str, str]) -> View:
    """What is opened of topics that nobody describes: the first images, the first cloud."""
    images = [name for name in sorted(topics) if topics[name] == IMAGE]
    images += [
        name
        for name in sorted(topics)
        if topics[name] == COMPRESSED_IMAGE and plain_name(name) not in images
    ]
    clouds = [name for name in sorted(topics) if topics[name] == POINTS]
    return View(dict.fromkeys(images[:_MOST_GUESSED], ""), tuple(clouds[:1]))


def recorded_subjects(topics: Mapping[str, str]) -> list[Subject]:
    """What a recording holds, the capability of most of its topics first; all of it last."""
    everything = Subject("all topics", topics, guessed_view(topics))
    scored: list[tuple[int, int, Subject]] = []
    for capability in CAPABILITIES.values():
        names = (*capability.nodes, *capability.sensors)
        view = capability.view or (node_view(names[0]) if names else None)
        subject = view and Subject(capability.name, topics, view, nodes=names)
        count = sum(pane.opened for pane in panes(subject)) if subject else 0
        if subject and count > 1:
            scored.append((-count, len(scored), subject))
    return [*(subject for *_, subject in sorted(scored, key=lambda item: item[:2])), everything]


def _sent(interface: NodeInterface) -> View:
    names = [t.name for t in (*interface.inputs, *interface.outputs) if t.type in PICTURES[:2]]
    clouds = tuple(t.name for t in interface.outputs if t.type == POINTS)
    return View(dict.fromkeys(names, ""), clouds)


def _topic(subject: Subject, name: str) -> str | None:
    """The topic that `name`, relative to the node's namespace, stands for; also compressed."""
    there = subject.topics
    for ending in ("", "/compressed"):
        if subject.base is not None:
            exact = posixpath.join("/", subject.base, name) + ending
            if exact in there:
                return exact
        found = [t for t in there if t == name or t.endswith(f"/{name.lstrip('/')}{ending}")]
        if found:
            return min(found, key=lambda topic: ("truth" in topic, len(topic), topic))
    return None


def _pane(topic: str, kind: str, look: str | Reference | None = None) -> Pane | None:
    if kind in PICTURES:
        return Pane(topic, kind, "picture", look or None)
    if kind == POINTS:
        return Pane(topic, kind, "cloud")
    return Pane(topic, kind, "reading") if kind in READERS else None


def short_names(topics: Sequence[str]) -> dict[str, str]:
    """Titles of topics: without the namespace that all of them have."""
    parts = [topic.strip("/").split("/")[:-1] for topic in topics]
    common = posixpath.commonprefix(parts) if parts else []
    return {topic: "/".join(topic.strip("/").split("/")[len(common) :]) for topic in topics}

"""Which topics of a bag play which part for a polarization camera."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ...files.bags import BagTopic
from ...files.bags_types import COMPRESSED_IMAGE, IMAGE, JOINT_STATE
from ...types import InputError
from ..interface import ANGLE_INPUTS
from ..pipeline import INPUTS

_IMAGES = (IMAGE, COMPRESSED_IMAGE)
_PARTS = {
    "truth/transmission": "true_transmission",
    "truth/reflection": "true_reflection",
    "transmission/image": "transmission",
    "reflection/image": "reflection",
}


@dataclass(frozen=True, slots=True)
class PolarizerTopics:
    """`kind` is the node's parameter input. `images`: one topic, or one per polarizer angle.
    `filter_state`: of a rotating filter. `layers`: topics by part: "true_transmission",
    "true_reflection", and "transmission", "reflection" as a node separated them live.
    """

    kind: str
    images: tuple[str, ...]
    filter_state: str | None = None
    layers: Mapping[str, str] = field(default_factory=dict)

    def names(self) -> list[str]:
        """All topics, each once."""
        states = [self.filter_state] if self.filter_state is not None else []
        return list(dict.fromkeys([*self.images, *states, *self.layers.values()]))


def find_polarizer_topics(
    topics: Mapping[str, BagTopic], kind: str | None = None, images: Sequence[str] = ()
) -> PolarizerTopics:
    """The parts of a bag's topics by type and name; `kind` and `images` choose what is not found
    by the names of the node's inputs.

    Raises InputError where the bag has no such topic.
    """
    if kind is not None and kind not in INPUTS:
        raise InputError(f"input must be one of {', '.join(INPUTS)}, not {kind!r}")
    chosen = tuple(name if name.startswith("/") else f"/{name}" for name in images)
    for name in chosen:
        if name not in topics or topics[name].type not in _IMAGES:
            raise InputError(f"the bag has no images on {name}; it has: {_listed(topics)}")
    states = [t.name for t in topics.values() if t.type == JOINT_STATE and t.count]
    ends = [topic.name for topic in ANGLE_INPUTS]
    angles = [name for end in ends for name in _ending(topics, end)[:1]]
    if kind is None:
        kind = "rotating" if states else "angles" if len(chosen or angles) >= 3 else "mosaic"
    if not chosen:
        wanted = {"mosaic": ["image_raw"], "rotating": ["image_rect", "image_raw"]}
        found = [name for end in wanted.get(kind, []) for name in _ending(topics, end)]
        chosen = tuple(angles) if kind == "angles" else tuple(found[:1])
    if len(chosen) < (3 if kind == "angles" else 1) or (kind == "rotating" and not states):
        needs = {
            "mosaic": "image_raw",
            "angles": "image_a, image_b and image_c",
            "rotating": "image_rect and a JointState",
        }
        raise InputError(
            f"the bag holds no polarizer images (input {kind} needs {needs[kind]}, or --image); "
            f"it has: {_listed(topics)}"
        )
    layers = {part: name for end, part in _PARTS.items() for name in _ending(topics, end)[:1]}
    return PolarizerTopics(kind, chosen, states[0] if kind == "rotating" else None, layers)


def _ending(topics: Mapping[str, BagTopic], end: str) -> list[str]:
    """Image topics whose name ends in `end`, the shortest first."""
    found = [
        topic.name
        for topic in topics.values()
        if topic.type in _IMAGES
        and topic.count
        and posixpath.join("/", topic.name.removesuffix("/compressed")).endswith(f"/{end}")
    ]
    return sorted(found, key=lambda name: (len(name), name))


def _listed(topics: Mapping[str, BagTopic]) -> str:
    return ", ".join(f"{t.name} ({t.type})" for t in topics.values()) or "nothing"

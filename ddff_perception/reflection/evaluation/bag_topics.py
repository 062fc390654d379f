"""Which topics of a bag play which part for a polarization camera."""

from __future__ import annotations

from collections.abc import Mapping

from ...evaluation.bag_run import Chosen
from ...files.bag_topics import MissingTopicsError, chosen_topic, topics_ending
from ...files.bags import BagTopic
from ...files.bags_types import COMPRESSED_IMAGE, IMAGE, JOINT_STATE

# One per polarizer angle; the node has the first four.
ANGLE_PARTS = tuple(f"image_{letter}" for letter in "abcdefgh")
LAYER_NAMES = {
    "true_transmission": "truth/transmission",
    "true_reflection": "truth/reflection",
    "transmission": "transmission/image",
    "reflection": "reflection/image",
}
_IMAGES = (IMAGE, COMPRESSED_IMAGE)
_NEEDS = {
    "mosaic": "image_raw",
    "angles": "image_a, image_b and image_c",
    "rotating": "image_rect and a JointState",
}


def find_polarizer_topics(
    topics: Mapping[str, BagTopic], chosen: Chosen, kind: str | None = None
) -> dict[str, str]:
    """The topics by part: image_raw; image_a ... per polarizer angle; or image_rect and
    filter_state; and the layers.

    `chosen` goes first; its `image` are the images of whatever `kind` of input (the node's
    parameter input; None is told by the topics). Raises InputError where there are none.
    """
    named = {
        part: _chosen(topics, part, names[0]) for part, names in chosen.items() if part != "image"
    }
    images = [_chosen(topics, "image", name) for name in chosen.get("image", ())]

    def found(part: str, *ends: str) -> list[str]:
        there = [name for end in ends or (part,) for name in topics_ending(topics, end, _IMAGES)]
        return [named[part]] if part in named else there[:1]

    states = [t.name for t in topics.values() if t.type == JOINT_STATE and t.count]
    states = [named["filter_state"]] if "filter_state" in named else states
    angles = images or [name for part in ANGLE_PARTS for name in found(part)]
    if kind is None:
        kind = "rotating" if states else "angles" if len(angles) >= 3 else "mosaic"
    parts: dict[str, str] = {}
    if kind == "angles":
        parts = dict(zip(ANGLE_PARTS, angles, strict=False))
    elif kind == "mosaic" and (raw := images or found("image_raw")):
        parts = {"image_raw": raw[0]}
    elif states and (rect := images or found("image_rect", "image_rect", "image_raw")):
        parts = {"filter_state": states[0], "image_rect": rect[0]}
    if len(parts) < (3 if kind == "angles" else 1):
        raise MissingTopicsError(
            f"the bag holds no polarizer images (input {kind} needs {_NEEDS[kind]}, or --image)",
            topics,
        )
    layers = {part: found(part, end) for part, end in LAYER_NAMES.items()}
    return parts | {part: names[0] for part, names in layers.items() if names}


def _chosen(topics: Mapping[str, BagTopic], part: str, name: str) -> str:
    if part == "filter_state":
        return chosen_topic(topics, part, name, (JOINT_STATE,))
    name = name if name.startswith("/") else f"/{name}"
    if name not in topics or topics[name].type not in _IMAGES:
        raise MissingTopicsError(f"the bag has no images on {name}", topics)
    return name

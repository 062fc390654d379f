"""Which topics of a bag play which part, and what is missing in each."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ..types import InputError
from .bags import BagReader, BagTopic
from .bags_messages import header_stamp
from .bags_types import (
    CAMERA_INFO,
    COMPRESSED_IMAGE,
    FOCAL_STACK,
    FOCUS_STATE,
    IMAGE,
    has_header,
    plain_name,
)

_IMAGE_NAMES = ("image_rect_color", "image_rect", "image_raw", "image_color", "image")
_NO_CAMERA_IMAGE = ("depth", "confidence", "all_in_focus", "truth", "disparity", "label", "mask")
_TRUTH_WORDS = ("truth", "ground_true", "depth_true", "true_depth")
_TYPES = {
    "image": (IMAGE, COMPRESSED_IMAGE),
    "camera_info": (CAMERA_INFO,),
    "focus_state": (FOCUS_STATE,),
    "focal_stack": (FOCAL_STACK,),
    "truth": (IMAGE,),
    "depth": (IMAGE,),
    "confidence": (IMAGE,),
}
_NEEDS = {"focus_state": "FocusState", "image": "image"}


class MissingTopicsError(InputError):
    """A bag has no topics for a purpose: `lack` says which, the text also what it has."""

    def __init__(self, lack: str, topics: Mapping[str, BagTopic]) -> None:
        has = ", ".join(f"{t.name} ({t.type})" for t in topics.values()) or "nothing"
        super().__init__(f"{lack}; it has: {has}")
        self.lack = lack


@dataclass(frozen=True, slots=True)
class Gaps:
    """How regular a topic's stamps are.

    `period_s` is the median step from stamp to stamp (NaN under two messages), `missing` how many
    messages fill the longer steps at that period, `longest_s` the longest step, `repeated` and
    `backwards` count stamps that equal or precede the one before.
    """

    count: int
    period_s: float
    missing: int
    longest_s: float
    repeated: int
    backwards: int


def find_topics(topics: Mapping[str, BagTopic], chosen: Mapping[str, str | None]) -> dict[str, str]:
    """A bag's topics of a focus sweep by their part, found by type and name; `chosen` goes first.

    `image` with `focus_state`, or `focal_stack`, are the input; `truth` is true depth, `depth` and
    `confidence` what a node estimated while the bag was recorded; and `camera_info`.
    Raises InputError where a chosen topic is not in the bag or has another type, and where the
    bag has no focus sweep.
    """
    parts: dict[str, str | None] = dict.fromkeys(_TYPES)
    for part, name in chosen.items():
        parts[part] = name and chosen_topic(topics, part, name, _TYPES[part])
    for part in ("focus_state", "focal_stack"):
        parts[part] = parts[part] or _first(_of_type(topics, part))
    parts["image"] = parts["image"] or _camera_image(topics, parts["focus_state"])
    image = parts["image"] or ""
    info = camera_info_of(image)
    parts["camera_info"] = parts["camera_info"] or (info if info in topics else None)
    parts["truth"] = parts["truth"] or _first(_named(topics, "truth", _TRUTH_WORDS))
    parts["depth"] = parts["depth"] or _estimated_depth(topics, parts["truth"])
    confidence = posixpath.join(posixpath.dirname(parts["depth"] or ""), "confidence")
    parts["confidence"] = parts["confidence"] or (confidence if confidence in topics else None)
    found = {part: name for part, name in parts.items() if name is not None}
    lacks = " or ".join(what for part, what in _NEEDS.items() if part not in found)
    if lacks and "focal_stack" not in found:
        raise MissingTopicsError(
            f"the bag holds no focus sweep: it has no {lacks} topic and no FocalStack topic", topics
        )
    return found


def chosen_topic(
    topics: Mapping[str, BagTopic], part: str, name: str, types: Collection[str]
) -> str:
    """The topic `name` of a bag, with its slash, as `part`; raises InputError where it is not there
    or of none of the `types`.
    """
    name = name if name.startswith("/") else f"/{name}"
    if name not in topics:
        raise MissingTopicsError(f"the bag has no topic {name}", topics)
    if topics[name].type not in types:
        raise InputError(f"{name} is {topics[name].type}; {part} needs {next(iter(types))}")
    return name


def camera_info_of(image: str) -> str:
    """The topic of camera_info that belongs to the topic `image`, compressed or not: beside it."""
    return posixpath.join(posixpath.dirname(plain_name(image)), "camera_info")


def topics_ending(topics: Mapping[str, BagTopic], end: str, types: Collection[str]) -> list[str]:
    """Topics of these types with messages whose name ends in `end` (or compressed twins), the
    shortest first.
    """
    found = [
        topic.name
        for topic in topics.values()
        if topic.type in types
        and topic.count
        and posixpath.join("/", plain_name(topic.name)).endswith(f"/{end}")
    ]
    return sorted(found, key=lambda name: (len(name), name))


def image_topics(
    topics: Mapping[str, BagTopic],
    chosen: Mapping[str, Sequence[str]],
    ends: Mapping[str, str],
    needed: Collection[str],
) -> dict[str, str]:
    """Image topics by part, as `topics_ending` finds the `ends` of their names; `chosen` go first.

    Raises InputError where a `needed` part has none, and where a chosen topic is no image.
    """
    found: dict[str, str] = {}
    for part, end in ends.items():
        names = [chosen_topic(topics, part, n, _TYPES["image"]) for n in chosen.get(part, ())]
        names = names or topics_ending(topics, end, _TYPES["image"])
        if names:
            found[part] = names[0]
        elif part in needed:
            raise MissingTopicsError(f"the bag holds no images on a topic {end}", topics)
    return found


def count_gaps(stamps_ns: Iterable[int]) -> Gaps:
    """The regularity of header stamps in the order of their messages."""
    stamps = np.fromiter(stamps_ns, np.int64)
    steps = np.diff(stamps) / 1e9
    forward = steps[steps > 0]
    if not forward.size:
        return Gaps(stamps.size, float("nan"), 0, 0.0, int((steps == 0).sum()), 0)
    period = float(np.median(forward))
    missing = np.maximum(np.round(forward / period) - 1, 0).sum()
    return Gaps(
        stamps.size,
        period,
        int(missing),
        float(forward.max()),
        int((steps == 0).sum()),
        int((steps < 0).sum()),
    )


def bag_gaps(
    bag: BagReader, topics: Iterable[str], progress: Callable[[int], None] | None = None
) -> dict[str, Gaps]:
    """The regularity of each topic by its headers' stamps, or by time of receipt without headers.

    `progress` is called with the number of messages done.
    """
    stamps: dict[str, list[int]] = {name: [] for name in topics}
    stamped = {name for name in stamps if has_header(bag.store, bag.topics[name].type)}
    for count, message in enumerate(bag.raw_messages(stamps), start=1):
        stamp_ns = header_stamp(message.data) if message.topic in stamped else message.time_ns
        if stamp_ns is not None:
            stamps[message.topic].append(stamp_ns)
        if progress is not None:
            progress(count)
    return {name: count_gaps(values) for name, values in stamps.items()}


def _of_type(topics: Mapping[str, BagTopic], part: str) -> list[str]:
    found = [t for t in topics.values() if t.type in _TYPES[part] and t.count]
    return sorted((t.name for t in found), key=lambda name: (len(name), name))


def _named(topics: Mapping[str, BagTopic], part: str, words: tuple[str, ...]) -> list[str]:
    named = [name for name in _of_type(topics, part) if any(word in name for word in words)]
    return [name for name in named if not name.endswith("confidence")]


def _camera_image(topics: Mapping[str, BagTopic], focus_state: str | None) -> str | None:
    images = [n for n in _of_type(topics, "image") if not any(w in n for w in _NO_CAMERA_IMAGE)]
    near = posixpath.dirname(focus_state or "")

    def rank(name: str) -> tuple[bool, int, str]:
        stem = plain_name(name)
        last = posixpath.basename(stem)
        known = _IMAGE_NAMES.index(last) if last in _IMAGE_NAMES else len(_IMAGE_NAMES)
        return posixpath.dirname(stem) != near, known, name

    return min(images, key=rank, default=None)


def _estimated_depth(topics: Mapping[str, BagTopic], truth: str | None) -> str | None:
    ends = ("depth/image_rect", "depth/image", "depth/image_raw")
    found = [name for name in _of_type(topics, "depth") if name.endswith(ends) and name != truth]
    return _first([n for n in found if not any(word in n for word in _TRUTH_WORDS)])


def _first(names: list[str]) -> str | None:
    return names[0] if names else None

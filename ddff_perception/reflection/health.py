"""What is wrong with a stream of polarizer images, in words for the diagnostics."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

_GROWN = {
    "dropped_unpaired": (
        "no filter_state",
        "{count} images have no reading of the filter near their stamp: check that filter_state "
        "comes with the camera's clock, or raise rotating.pairing_tolerance_s",
    ),
    "alignment_failed": (
        "alignment",
        "{count} images could not be laid over the one before: the view changed too much, or there "
        "is too little texture (rotating.alignment none for a camera at rest)",
    ),
    "time_jumps": ("time jump", "the images' stamps went back {count} times: starting anew"),
}


def capture_complaints(
    counters: Mapping[str, int], before: Mapping[str, int], silent: Sequence[str]
) -> Iterator[tuple[str, str]]:
    """(reason, sentence) of what went wrong since `before`; `silent`: topics that give nothing."""
    for name, (reason, text) in _GROWN.items():
        count = counters.get(name, 0) - before.get(name, 0)
        if count > 0:
            yield reason, text.format(count=count)
    if silent:
        yield (
            "angle missing",
            f"no images come on {', '.join(silent)}, which the other angles wait for: check its "
            "publisher (`ros2 topic info`), or its stamps",
        )

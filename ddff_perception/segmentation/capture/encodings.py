"""Which encodings colour and depth come in: told before an image waits for its partner."""

from __future__ import annotations

from ...image_payload import ENCODINGS
from ...types import InputError

DEPTH = ("16UC1", "32FC1", "mono16")
_NO_COLOUR = ("16UC1", "32FC1")


def check_encoding(part: str, encoding: str) -> None:
    """Raises InputError where an image message of `part` ("depth", "color") cannot be one."""
    if part == "depth" and encoding not in DEPTH:
        raise InputError(
            f"images in encoding {encoding[:40]!r} are no depth: subscribe to the driver's depth "
            f"in {', '.join(DEPTH)}"
        )
    if part == "color" and (encoding in _NO_COLOUR or encoding not in ENCODINGS):
        raise InputError(
            f"images in encoding {encoding[:40]!r} are no colour image: let the driver publish "
            "bgr8 or rgb8"
        )

"""How much a file or a message may unpack to, so that a small hostile one cannot fill the memory,
and how much a node may write.

Each limit is checked by what a header promises, before anything is unpacked, and can be raised by
the environment variable of its name.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

from ..types import InputError

GIB = float(1 << 30)


@dataclass(frozen=True, slots=True)
class Limit:
    """The most of `unit` that one thing may have; `name` is the environment variable."""

    name: str
    default: float
    unit: str

    @property
    def value(self) -> float:
        """The limit as it is now; raises InputError where the variable is no number over 0."""
        text = os.environ.get(self.name, "")
        try:
            value = float(text) if text else self.default
        except ValueError:
            value = 0.0
        if not value > 0:
            raise InputError(f"the environment variable {self.name} is {text!r}: set it to {self}")
        return value

    def check(self, amount: float, what: str) -> None:
        """Raises InputError where `amount` of `what` is more than the limit."""
        if amount > self.value:
            raise InputError(
                f"{what} has {amount:.4g} {self.unit}, more than the {self.value:g} that may be: "
                f"set the environment variable {self.name} if it is meant"
            )

    def __str__(self) -> str:
        return f"{self.unit}, such as {self.default:g}"


IMAGE_MEGAPIXELS = Limit("DDFF_MAX_MEGAPIXELS", 250, "megapixels")
"""Of one image."""
IMAGES = Limit("DDFF_MAX_IMAGES", 2000, "images")
"""Of one stack, folder of photographs, light field or set of polarizer angles."""
ARRAY_GIB = Limit("DDFF_MAX_ARRAY_GIB", 8, "GiB")
"""Of one array file, or of all images of a folder that is read as a whole."""
VOLUME_GIB = Limit("DDFF_MAX_VOLUME_GIB", 8, "GiB")
"""Of what a method holds of all slices of a stack at once."""
MATRIX_GIB = Limit("DDFF_MAX_MATRIX_GIB", 0.5, "GiB")
"""Of the matrix of what the frames of one recording cost against those of another, of which three
are held at once."""
HELD_GIB = Limit("DDFF_HELD_GIB", 0.5, "GiB")
"""Of the images of a stack that `ddff depth` and `ddff stack` keep in memory: those of a larger one
stay on disk and are read when they are looked at."""
MESSAGE_GIB = Limit("DDFF_MAX_MESSAGE_GIB", 1, "GiB")
"""Of one recorded message or chunk of messages, unpacked."""
SNAPSHOTS = Limit("DDFF_MAX_SNAPSHOTS", 1000, "snapshots")
"""Of what a node saves into one folder when it is asked."""
SNAPSHOTS_GIB = Limit("DDFF_MAX_SNAPSHOTS_GIB", 20, "GiB")
"""Of all that lies in such a folder."""
FILE_MIB = Limit("DDFF_MAX_FILE_MIB", 16, "MiB")
"""Of one text file (JSON, YAML)."""

"""A drive along a route as a folder: images in order, when each was taken, and where.

drive.json   format, seconds and places of the images, what route it is, its assets
0000.jpg ... the images
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..types import ImageArray, InputError
from .atomic import make_folder, write_json
from .images import read_image, read_json, write_image
from .limits import IMAGES

DESCRIPTION = "drive.json"
FORMAT = "ddff-drive/1"


@dataclass(frozen=True)
class Drive:
    """The images of `folder`, taken at `seconds` (n,), which ascend, at `places` (n,): metres along
    the route. Drives of one `route` (a name) go the same way.
    """

    folder: Path
    seconds: NDArray[np.float64]
    places: NDArray[np.float64]
    route: str
    facts: Mapping[str, Any] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.seconds)

    def image(self, number: int) -> ImageArray:
        """The image `number`; raises InputError where it cannot be read."""
        return read_image(self.folder / image_name(number))

    @property
    def assets(self) -> list[str]:
        """Keys of everything that was rendered."""
        return [str(key) for key in self.facts.get("assets", ())]

    def true_seconds(self, reference: Drive) -> NDArray[np.float64]:
        """When the reference was at the places of this drive (n,); NaN where it never was.

        Raises InputError where it is of another route.
        """
        if reference.route != self.route:
            raise InputError(f"{self.folder} and {reference.folder} are of two routes")
        at, times = reference.places, reference.seconds
        return np.interp(self.places, at, times, left=np.nan, right=np.nan)


def image_name(number: int) -> str:
    """The name of an image's file."""
    return f"{number:04d}.jpg"


def is_drive(folder: Path) -> bool:
    """Whether the folder describes a drive."""
    return (folder / DESCRIPTION).is_file()


def read_drive(folder: Path) -> Drive:
    """The drive of a folder; raises InputError where its description cannot be used."""
    content = read_json(folder / DESCRIPTION)
    try:
        if content["format"] != FORMAT:
            raise ValueError(f"format {content['format']!r}")
        seconds, places = (np.array(content[n], np.float64) for n in ("seconds", "places"))
        route = str(content["route"])
        sound = seconds.ndim == 1 and seconds.shape == places.shape and len(seconds) > 0
        if not sound or not np.isfinite([seconds, places]).all() or (np.diff(seconds) <= 0).any():
            raise ValueError("seconds and places do not fit")
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"{folder / DESCRIPTION} describes no drive ({error})") from error
    IMAGES.check(len(seconds), str(folder))
    return Drive(folder, seconds, places, route, content)


def drive_files(count: int) -> list[str]:
    """Names of everything in a drive's folder."""
    return [*(image_name(number) for number in range(count)), DESCRIPTION]


def write_drive(
    folder: Path,
    images: Sequence[ImageArray],
    seconds: NDArray[np.float64],
    places: NDArray[np.float64],
    facts: Mapping[str, Any],
) -> None:
    """Writes a drive; `facts` hold its `route` and `assets`. Raises InputError where it cannot."""
    make_folder(folder, drive_files(len(images)))
    for number, image in enumerate(images):
        write_image(folder / image_name(number), image)
    about = {"format": FORMAT, "seconds": list(seconds), "places": list(places), **facts}
    write_json(folder / DESCRIPTION, about)

"""Recordings as the network takes them, read once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...files.drive_folder import is_drive, read_drive
from ...optics.srgb import srgb_bytes
from ...simulation.assets.record import SUMMARY
from ...simulation.dataset.reader import open_world
from ...types import InputError
from ..capture.frames import read_frames, recordings_in, thinned
from ..learned.encoder import HEIGHT, WIDTH, network_input
from .drawn import DrawnRoute, speed_profile

_DRAWN_FRAMES = 60
_DRAWN_RATE_HZ = 5.0
_LEAST = 8
_CUT, _APART_S = 0.15, 3600.0


@dataclass(frozen=True, slots=True)
class Recording:
    """Images (n, 3, 128, 160) float16 as the network takes them, at `seconds` (n,); `assets`: keys
    of what was rendered. Of a drive that is known to be on a `route`: its `places` (n,) on it.
    """

    images: NDArray[np.float16]
    seconds: NDArray[np.float64]
    assets: tuple[str, ...] = ()
    route: str = ""
    places: NDArray[np.float64] | None = None

    def __len__(self) -> int:
        return len(self.seconds)


def read_recordings(sources: Sequence[Path], rate_hz: float, most: int) -> list[Recording]:
    """Bags, videos and folders of images; a folder of such is all of them. `rate_hz`, 0 for all
    frames; at most `most` frames of each. Of a rendered data set each view is a place by itself.

    Raises InputError where one cannot be read or holds too few, or is kept to judge by.
    """
    found = []
    worlds = [given for given in sources if (given / SUMMARY).is_file()]
    found += [_single_views(world, most) for world in worlds]
    recorded = (given for given in sources if given not in worlds)
    for source in (one for given in recorded for one in recordings_in(given)):
        images, stamps, numbers = [], [], []
        for frame in thinned(read_frames(source), rate_hz):
            images.append(network_input(frame.image).astype(np.float16))
            stamps.append(frame.stamp_ns / 1e9)
            numbers.append(frame.number)
            if len(images) == most:
                break
        if len(images) < _LEAST:
            raise InputError(f"{source} holds {len(images)} frames: at least {_LEAST} are needed")
        known: dict[str, Any] = {}
        if is_drive(source):
            drive = read_drive(source)
            known = {"assets": tuple(drive.assets), "route": drive.route}
            known["places"] = drive.places[numbers]
        found.append(Recording(np.stack(images), np.array(stamps) - stamps[0], **known))
    return found


def _single_views(folder: Path, most: int) -> Recording:
    """At most `most` views of a data set of `ddff simulate dataset`, each whole and its middle, so
    far apart in time that none is another's neighbour.
    """
    world = open_world(folder)
    images: list[NDArray[np.float16]] = []
    assets: set[str] = set()
    for number in range(min(len(world), most // 2)):
        view = world[number]
        seen = srgb_bytes(np.ascontiguousarray(view.middle[..., ::-1]))
        height, width = seen.shape[:2]
        top, left = round(_CUT * height), round(_CUT * width)
        middle = np.ascontiguousarray(seen[top : height - top, left : width - left])
        images += [network_input(one).astype(np.float16) for one in (seen, middle)]
        assets.update(view.facts["assets"])
    if len(images) < _LEAST:
        raise InputError(f"{folder} holds {len(images) // 2} views: {_LEAST // 2} are needed")
    seconds = _APART_S * np.arange(len(images), dtype=np.float64)
    return Recording(np.stack(images), seconds, tuple(sorted(assets)))


def drawn_recordings(seed: int, routes: int = 2, drives: int = 2) -> list[Recording]:
    """Drives along drawn walls, in other light each time: for a test without any recording."""
    found = []
    for route in range(routes):
        wall = DrawnRoute(seed + route, length=2000)
        for drive in range(drives):
            number = seed + 10 * route + drive
            places = speed_profile(_DRAWN_FRAMES, number)
            images = wall.drive(places, 1.0 - 0.3 * drive, 3.0, number)
            made = np.stack([network_input(image) for image in images]).astype(np.float16)
            assert made.shape[2:] == (HEIGHT, WIDTH)
            times = np.arange(_DRAWN_FRAMES) / _DRAWN_RATE_HZ
            found.append(
                Recording(
                    made, times, route=f"wall {seed + route}", places=places.astype(np.float64)
                )
            )
    return found

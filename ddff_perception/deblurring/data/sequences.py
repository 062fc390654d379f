"""Recorded sequences of blurred frames, most with sharp ones beside them, as data sets have them.

GoPro (Nah et al., CVPR 2017): a folder per sequence with `blur` (and `blur_gamma`) and `sharp`,
the same file names in each. DVD (Su et al., CVPR 2017): a folder per video with `input` and `GT`.
Delbracio and Sapiro (CVPR 2015): a folder of images per burst, in the order they were taken, no
truth.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ...files.photographs import is_image, natural_key
from ...types import InputError

_PAIRS = (("blur", "sharp"), ("blur_gamma", "sharp"), ("input", "GT"))
_DEPTH = 4


@dataclass(frozen=True, slots=True)
class Sequence:
    """Files of frames in time; `sharp` as many, or none."""

    name: str
    blurred: tuple[Path, ...]
    sharp: tuple[Path, ...] = ()


def find_sequences(folder: Path) -> list[Sequence]:
    """All sequences in a folder and below it, by name; raises InputError where there is none, and
    on frames that lack their sharp ones.
    """
    if not folder.is_dir():
        raise InputError(f"there is no folder {folder}")
    found = [s for place in _places(folder, _DEPTH) for s in _sequence(place, folder)]
    if not found:
        raise InputError(
            f"{folder} holds no sequences: folders with blur and sharp (GoPro), input and GT (DVD) "
            "or images of a burst"
        )
    return found


def _places(folder: Path, depth: int) -> list[Path]:
    below = (
        sorted(p for p in folder.iterdir() if p.is_dir() and not p.is_symlink()) if depth else []
    )
    names = {p.name for p in below}
    if any(set(pair) <= names for pair in _PAIRS):
        return [folder]
    return [folder, *(place for p in below for place in _places(p, depth - 1))]


def _sequence(place: Path, root: Path) -> list[Sequence]:
    name = str(place.relative_to(root)) if place != root else root.name
    for blurred, sharp in _PAIRS:
        if (place / blurred).is_dir() and (place / sharp).is_dir():
            frames, truth = _images(place / blurred), _images(place / sharp)
            if [f.stem for f in frames] != [f.stem for f in truth]:
                raise InputError(f"the files in {place / blurred} and {place / sharp} do not pair")
            return [Sequence(name, frames, truth)] if frames else []
    images = _images(place)
    return [Sequence(name, images)] if len(images) > 1 else []


def _images(folder: Path) -> tuple[Path, ...]:
    return tuple(sorted((f for f in folder.iterdir() if is_image(f)), key=natural_key))

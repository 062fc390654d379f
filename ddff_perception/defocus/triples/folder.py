"""The folder of prepared triples, which is learned from, with a `triples.json`::

    triples.json  {"triples": [{"name": "0001", "image": "image_0001.png",
                                "sharp": "sharp_0001.png", "depth": "depth_0001.png",
                                "measured": "measured_0001.png",
                                "focus_distance_m": 0.8, "blur_per_dioptre_px": 17.5,
                                "camera": {...}}, ...]}

`image` is what the wide aperture shows, `sharp` the same in focus, `depth` whole millimetres of 16
bits without holes (0 unknown), `measured` those of them that the sensor measured.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ...depth_encoding import depth_to_millimetres
from ...files.atomic import make_folder, remove, write_json
from ...files.images import file_inside, read_image, read_json, write_image
from ...files.stack_folder import camera_from_json, camera_json
from ...types import CameraModel, FloatArray, ImageArray, InputError

DESCRIPTION = "triples.json"
PARTS = ("image", "sharp", "depth", "measured")


@dataclass(frozen=True, slots=True)
class Triple:
    """One scene: `image` and `sharp` H x W x 3 BGR; `depth` and `measured` H x W float32 metres,
    NaN unknown, `depth` in-painted. `blur_scale`: px of disc per dioptre in this image.
    """

    name: str
    image: ImageArray
    sharp: ImageArray
    depth: FloatArray
    measured: FloatArray
    focus_distance_m: float
    blur_scale: float
    camera: CameraModel


@dataclass(frozen=True, slots=True)
class TripleFolder:
    """What a `triples.json` says; images are read one triple at a time."""

    file: Path
    entries: Sequence[Mapping[str, Any]]

    def __len__(self) -> int:
        return len(self.entries)

    def __iter__(self) -> Iterator[Triple]:
        return (self[number] for number in range(len(self)))

    def __getitem__(self, number: int) -> Triple:
        """The triple of that number; raises InputError where its files cannot be used."""
        entry, file = self.entries[number], self.file
        images = {part: self._image(number, entry.get(part), part) for part in PARTS}
        shapes = {image.shape[:2] for image in images.values()}
        if len(shapes) > 1 or images["image"].shape != images["sharp"].shape:
            raise InputError(f"{file}: the images of triple {number} differ in size or kind")
        camera = camera_from_json(file, entry.get("camera"))
        values = [entry.get(name) for name in ("focus_distance_m", "blur_per_dioptre_px")]
        if camera is None or not all(isinstance(v, int | float) and v > 0 for v in values):
            raise InputError(
                f"{file}: triple {number} needs a camera, focus_distance_m and blur_per_dioptre_px"
            )
        depth, measured = (_metres(file, number, images[part]) for part in PARTS[2:])
        focus, scale = (float(v) for v in values if v is not None)
        return Triple(
            str(entry.get("name", number)),
            images["image"], images["sharp"], depth, measured, focus, scale, camera,
        )  # fmt: skip

    def _image(self, number: int, name: object, part: str) -> ImageArray:
        if not isinstance(name, str):
            raise InputError(f"{self.file}: triple {number} names no {part}")
        return read_image(file_inside(self.file, f"{part} of triple {number}", name))


def is_triples(folder: Path) -> bool:
    """Whether `folder` holds prepared triples."""
    return (folder / DESCRIPTION).is_file()


def read_triples(folder: Path) -> TripleFolder:
    """The triples in `folder`; raises InputError where there are none."""
    file = folder / DESCRIPTION
    if not file.is_file():
        raise InputError(f"{folder} has no {DESCRIPTION}: `ddff triples prepare` makes one")
    entries = read_json(file).get("triples")
    listed = isinstance(entries, list) and all(isinstance(entry, dict) for entry in entries)
    if not isinstance(entries, list) or not entries or not listed:
        raise InputError(f"{file} lists no triples")
    return TripleFolder(file, entries)


class TripleWriter:
    """Writes triples one by one; the list comes last: a folder without is not whole."""

    def __init__(self, folder: Path, names: Sequence[str]) -> None:
        made = [f"{part}_{name}.png" for name in names for part in PARTS]
        make_folder(folder, [DESCRIPTION, *made])
        remove(folder / DESCRIPTION)
        self._folder, self._entries = folder, list[dict[str, Any]]()

    def add(self, triple: Triple) -> None:
        """Writes one of the names that were announced."""
        parts = {
            "image": triple.image,
            "sharp": triple.sharp,
            "depth": depth_to_millimetres(triple.depth)[0],
            "measured": depth_to_millimetres(triple.measured)[0],
        }
        entry: dict[str, Any] = {"name": triple.name}
        for part, image in parts.items():
            entry[part] = f"{part}_{triple.name}.png"
            write_image(self._folder / entry[part], image)
        self._entries.append(
            {
                **entry,
                "focus_distance_m": triple.focus_distance_m,
                "blur_per_dioptre_px": triple.blur_scale,
                "camera": camera_json(triple.camera),
            }
        )

    def finish(self) -> None:
        """Writes the list."""
        write_json(self._folder / DESCRIPTION, {"triples": self._entries})


def _metres(file: Path, number: int, image: ImageArray) -> FloatArray:
    if image.ndim != 2 or image.dtype != np.uint16:
        raise InputError(f"{file}: the depth of triple {number} is not grey of 16 bits")
    metres = image.astype(np.float32) * np.float32(1e-3)
    return np.where(metres > 0, metres, np.float32(np.nan))

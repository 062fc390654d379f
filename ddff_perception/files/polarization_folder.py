"""The polarization folder: images behind a polarizer beside a `polarization.json`::

    polarization.json  {"images": [{"image": "000.png", "angle_deg": 0.0}, ...],
                        "offset_known": true,
                        "camera": {"width", "height", "fx", "fy", "cx", "cy"},
                        "truth": {"transmission": "transmission.png",
                                  "reflection": "reflection.png"}}

Images are linear, all of one size and type. Anything may be missing but three images of different
angles. The layers are as the camera sees them, on the scale of the images: their sum is the mean
over all polarizer angles.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..types import CameraModel, ImageArray, InputError, PolarizedImages
from .atomic import make_folder, remove, write_json
from .images import file_inside, read_image, read_json, require_room, write_image
from .limits import IMAGES
from .stack_folder import camera_from_json, camera_json

DESCRIPTION = "polarization.json"


@dataclass(frozen=True, slots=True)
class PolarizationFolder:
    """What a polarization folder holds: raw pixels of the files.

    `images`: one per angle of `angles_deg`, uint8 or uint16. `transmission`, `reflection`: the true
    layers in the type of the images, None where they are not known.
    """

    images: tuple[ImageArray, ...]
    angles_deg: tuple[float, ...]
    offset_known: bool = True
    camera: CameraModel | None = None
    transmission: ImageArray | None = None
    reflection: ImageArray | None = None

    def __post_init__(self) -> None:
        checked = PolarizedImages(self.images, self.angles_deg, self.offset_known)
        height, width = checked.images[0].shape[:2]
        if self.camera is not None and (self.camera.width, self.camera.height) != (width, height):
            raise InputError(
                f"the camera is {self.camera.width}x{self.camera.height}, the images are "
                f"{width}x{height}: correct one of them"
            )
        for name, layer in (("transmission", self.transmission), ("reflection", self.reflection)):
            first = self.images[0]
            if layer is not None and (layer.shape != first.shape or layer.dtype != first.dtype):
                raise InputError(
                    f"the true {name} is {layer.shape} {layer.dtype}, the images are {first.shape} "
                    f"{first.dtype}: they must have one size and type"
                )


@dataclass(frozen=True, slots=True)
class DescribedImages:
    """What a `polarization.json` (`content`) says of its images, unread: a file per angle."""

    files: tuple[Path, ...]
    angles_deg: tuple[float, ...]
    offset_known: bool
    content: Mapping[str, Any]


def described_images(folder: Path) -> DescribedImages:
    """What is said of the images in `folder`; raises InputError where it cannot be used."""
    file = folder / DESCRIPTION
    if not file.is_file():
        raise InputError(
            f"{folder} has no {DESCRIPTION}: write one that lists the images and their polarizer "
            "angles (angle_deg)"
        )
    content = read_json(file)
    entries = content.get("images")
    if not isinstance(entries, list) or not entries:
        raise InputError(f"{file} lists no images")
    IMAGES.check(len(entries), str(file))
    described = [_described(file, number, entry) for number, entry in enumerate(entries)]
    files, angles = zip(*described, strict=True)
    require_room([file for file in files if file.suffix.lower() != ".npy"], folder)
    return DescribedImages(files, angles, content.get("offset_known", True) is True, content)


def read_polarization(folder: Path) -> PolarizationFolder:
    """The images in `folder`; raises InputError with one sentence about what is wrong."""
    file, described = folder / DESCRIPTION, described_images(folder)
    truth = described.content.get("truth")
    try:
        return PolarizationFolder(
            tuple(map(read_image, described.files)),
            described.angles_deg,
            described.offset_known,
            camera_from_json(file, described.content.get("camera")),
            _read_layer(file, truth, "transmission"),
            _read_layer(file, truth, "reflection"),
        )
    except InputError as error:
        text = str(error)
        raise InputError(text if str(folder) in text else f"{folder}: {text}") from None


def polarization_files(angles: int) -> list[str]:
    """The names of what `write_polarization` may write, its images last."""
    images = (f"{number:03d}.png" for number in range(angles))
    return [DESCRIPTION, "transmission.png", "reflection.png", *images]


def write_polarization(
    folder: Path, content: PolarizationFolder, more: Mapping[str, Any] | None = None
) -> None:
    """Writes `content`, and `more` into its JSON, which comes last: a folder without is not whole.

    Raises InputError where it cannot be written.
    """
    names = polarization_files(len(content.images))
    make_folder(folder, names)
    remove(folder / DESCRIPTION)
    entries = []
    for name, image, angle in zip(names[3:], content.images, content.angles_deg, strict=True):
        write_image(folder / name, image)
        entries.append({"image": name, "angle_deg": angle})
    description: dict[str, Any] = {"images": entries, "offset_known": content.offset_known}
    if content.camera is not None:
        description["camera"] = camera_json(content.camera)
    truth = {}
    for name, layer in (
        ("transmission", content.transmission),
        ("reflection", content.reflection),
    ):
        remove(folder / f"{name}.png")
        if layer is not None:
            write_image(folder / f"{name}.png", layer)
            truth[name] = f"{name}.png"
    if truth:
        description["truth"] = truth
    write_json(folder / DESCRIPTION, {**description, **(more or {})})


def _described(file: Path, number: int, entry: object) -> tuple[Path, float]:
    """An image's file and its polarizer angle."""
    if not isinstance(entry, dict) or not isinstance(entry.get("image"), str):
        raise InputError(f"{file}: image {number} names no file")
    angle = entry.get("angle_deg")
    if isinstance(angle, bool) or not isinstance(angle, int | float) or not math.isfinite(angle):
        raise InputError(f"{file}: angle_deg of image {number} is {angle!r}; it must be degrees")
    return file_inside(file, f"image {number}", entry["image"]), float(angle)


def _read_layer(file: Path, truth: object, name: str) -> ImageArray | None:
    given = truth.get(name) if isinstance(truth, dict) else None
    if given is None:
        return None
    if not isinstance(given, str):
        raise InputError(f"{file}: the true {name} must be the name of an image")
    return read_image(file_inside(file, f"the true {name}", given))


def layer_pair(content: PolarizationFolder) -> tuple[ImageArray, ImageArray] | None:
    """The true layers where both are known."""
    if content.transmission is None or content.reflection is None:
        return None
    return content.transmission, content.reflection


def angles_text(angles_deg: Sequence[float]) -> str:
    """Polarizer angles as people write them: 0, 45, 90."""
    return ", ".join(f"{angle:g}" for angle in angles_deg)

"""Polarizer images or a raw mosaic from files as people have them, and what was understood."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from ...files.camera_formats import RAW_SUFFIXES
from ...files.image_header import image_header
from ...files.images import read_array, read_image
from ...files.photographs import SUFFIXES, images_in
from ...files.polarization_folder import DESCRIPTION, angles_text, described_images
from ...files.results import is_own
from ...types import AnyImage, ImageArray, InputError
from ..capture.plausibility import looks_like_a_mosaic
from .angle_names import agreed_angles
from .packed import read_packed

# By Pillow's names: formats that cameras and phones write for the eye.
_CODED = ("JPEG", "MPO", "WEBP", "HEIF", "AVIF", "GIF")
_COLOUR_SPACE, _SRGB = 0xA001, 1
_HEADERLESS = (".raw", ".bin")
_USUAL_DEG = {3: (0.0, 45.0, 90.0), 4: (0.0, 45.0, 90.0, 135.0)}


@dataclass(frozen=True, slots=True)
class Source:
    """`images`: uint8 or uint16, H x W or H x W x 3 BGR: one per angle of `angles_deg`, or one
    raw mosaic where that is None. `bayer`: the pattern that a raw's pixel format names.
    `offset_known`: whether angle 0 is the image's x axis, None where nothing says it. `notes`:
    what was understood, one phrase each. `files`: where it comes from. `photographs`: whether the
    files are of a kind that is hardly ever linear. `full_range`: of files in float32, the value
    that became 65535.
    """

    images: tuple[ImageArray, ...]
    angles_deg: tuple[float, ...] | None
    notes: tuple[str, ...] = ()
    files: tuple[Path, ...] = ()
    bayer: str | None = None
    offset_known: bool | None = None
    photographs: bool = False
    full_range: float | None = None


def read_mosaic(file: Path, pixel_format: str | None, size: str | None, bits: int = 0) -> Source:
    """The raw image of a polarization camera: an image file, or packed pixels without a header.

    `bits` that values in float32 fill, 0 where their brightest one (or 1) is full range. Raises
    InputError where it cannot be read, or one of format and size is missing.
    """
    if pixel_format is not None or size is not None:
        if pixel_format is None or size is None:
            raise InputError("packed pixels need both --pixel-format and --size WIDTHxHEIGHT")
        raw, bayer = read_packed(file, pixel_format, size)
        return Source((raw,), None, (f"unpacked from {pixel_format}",), (file,), bayer)
    if file.suffix.lower() in _HEADERLESS:
        raise InputError(
            f"{file} has no header: give --pixel-format (Mono12p, BayerRG12p, ...) and --size"
        )
    read, full_range = _read([file], bits)
    images, notes = _without_copies(read)
    notes += _about_floats(full_range)
    return Source(images, None, notes, (file,), full_range=full_range)


def read_polarizer_images(
    paths: Sequence[Path],
    given: Sequence[float] | None,
    default: Sequence[float],
    bits: int = 0,
) -> Source:
    """Images behind a polarizer: files, or a folder with or without a `polarization.json`.

    `given`: the angles that the user says, in degrees, `default` those for as many images where
    neither he nor the names say any, `bits` as in `read_mosaic`. Raises InputError where images
    cannot be read, are too few, or have no angles.
    """
    if len(paths) == 1 and (paths[0] / DESCRIPTION).is_file():
        paths = [paths[0] / DESCRIPTION]
    if len(paths) == 1 and paths[0].name == DESCRIPTION:
        return _described(paths[0], given, bits)
    files = _files(paths)
    if packed := next((file for file in files if file.suffix.lower() in _HEADERLESS), None):
        raise InputError(
            f"{packed} has no header: give it as --mosaic with --pixel-format (Mono12p, ...) and "
            "--size, if it is the raw of a polarization camera"
        )
    angles, origin = agreed_angles(files, given)
    if angles is None and len(files) >= 3:
        usual = default if len(default) == len(files) else _USUAL_DEG.get(len(files))
        if usual is None:
            raise InputError(f"{len(files)} images need their angles: --angles 0,45,90,...")
        angles, origin = list(usual), "assumed in the files' order, as no name says them"
    angles = angles or []
    if len(angles) != len(files) >= 3:
        raise InputError(f"{len(files)} images and {len(angles)} angles: give one for each")
    said = f"polarizer angles {angles_text(angles)} ({origin})"
    return _source(files, angles, said, bits)


def _described(description: Path, given: Sequence[float] | None, bits: int) -> Source:
    found = described_images(description.parent)
    if given is not None and list(given) != list(found.angles_deg):
        raise InputError(
            f"{description} says the angles {angles_text(found.angles_deg)}: leave --angles "
            "away, or name the images"
        )
    said = f"polarizer angles {angles_text(found.angles_deg)} (from {description.name})"
    source = _source(found.files, found.angles_deg, said, bits)
    return replace(source, files=(description,), offset_known=found.offset_known)


def _source(files: Sequence[Path], angles: Sequence[float], said: str, bits: int) -> Source:
    """The images at their angles; raises InputError where they cannot be read or are not alike."""
    read, full_range = _read(files, bits)
    images, notes = _without_copies(read)
    if len(files) < 3:
        raise InputError(_too_few(files, images))
    _require_one_kind(files, images)
    return Source(
        images,
        tuple(angles),
        (said, *_about_floats(full_range), *notes),
        tuple(files),
        photographs=any(map(_is_photograph, files)),
        full_range=full_range,
    )


def _files(paths: Sequence[Path]) -> list[Path]:
    """The images in a folder by name but for results of an earlier run, or the paths themselves."""
    if len(paths) != 1 or not paths[0].is_dir():
        return list(paths)
    files = [file for file in images_in(paths[0], (*SUFFIXES, ".npy")) if not is_own(file)]
    if not files:
        raise InputError(f"{paths[0]} holds results and no other images: give these")
    return files


def _read(files: Sequence[Path], bits: int) -> tuple[tuple[ImageArray, ...], float | None]:
    """The images, those in float32 as 16 bits, and the value of theirs that is full range."""
    read = [_read_one(file) for file in files]
    if any(image.dtype != np.float32 for image in read):
        return tuple(read), None  # type: ignore[arg-type]
    brightest = max(float(image.max()) for image in read)
    top = float((1 << bits) - 1) if bits else max(brightest, 1.0)
    if brightest > top:
        raise InputError(f"pixel values reach {brightest:g}, which {bits} bits do not hold")
    return tuple(_scaled(image, top) for image in read), top


def _about_floats(full_range: float | None) -> tuple[str, ...]:
    return () if full_range is None else (f"float32, {full_range:g} taken as full range",)


def _scaled(image: AnyImage, top: float) -> ImageArray:
    """0 .. `top` as the full range of 16 bits."""
    levels = np.clip(np.asarray(image, np.float32), 0.0, None) * np.float32(65535.0 / top)
    return np.asarray(np.rint(levels), np.uint16)


def _read_one(file: Path) -> AnyImage:
    if file.suffix.lower() != ".npy":
        return read_image(file, floats=True)
    image = read_array(file)
    if image.dtype in (np.float16, np.float64):
        image = image.astype(np.float32)
    if image.ndim == 3 and image.shape[2] == 1:
        image = image[..., 0]
    colours = image.ndim == 3 and image.shape[2] == 3
    if image.dtype not in (np.uint8, np.uint16, np.float32) or not (image.ndim == 2 or colours):
        raise InputError(
            f"{file} is {image.shape} {image.dtype}: give one image, H x W or H x W x 3, in uint8, "
            "uint16 or float32"
        )
    if image.size == 0:
        raise InputError(f"{file} is {image.shape}: it holds no pixels")
    if image.dtype == np.float32 and not np.isfinite(image).all():
        raise InputError(f"{file} has values that are no numbers: mend these pixels")
    return image


def _grey(image: ImageArray) -> ImageArray:
    """One channel of an image whose three are equal; any other image as it is."""
    if image.ndim != 3:
        return image
    blue, green, red = cv2.split(image)
    same = np.array_equal(blue, green) and np.array_equal(green, red)
    return blue if same else image  # type: ignore[return-value]


def _without_copies(
    images: tuple[ImageArray, ...],
) -> tuple[tuple[ImageArray, ...], tuple[str, ...]]:
    """Grey images that were saved as colour as grey ones, if all are grey, and that it was so."""
    grey = tuple(_grey(image) for image in images)
    saved = any(own is not image for own, image in zip(grey, images, strict=True))
    if not saved or any(image.ndim == 3 for image in grey):
        return images, ()
    return grey, ("grey saved as colour, taken as grey",)


def _is_photograph(file: Path) -> bool:
    """Whether the file's format, or its EXIF, says that its values are coded as sRGB."""
    if file.suffix.lower() in (".npy", *RAW_SUFFIXES):
        return False
    header = image_header(file, str(file))
    return header.format in _CODED or header.exif.get(_COLOUR_SPACE) == _SRGB


def _require_one_kind(files: Sequence[Path], images: Sequence[ImageArray]) -> None:
    """Raises InputError, which names the file, where one is of another size or type than most."""
    kinds = [(image.shape, image.dtype.name) for image in images]
    usual, _ = Counter(kinds).most_common(1)[0]
    for file, kind in zip(files, kinds, strict=True):
        if kind != usual:
            turned = "" if file.suffix.lower() == ".npy" else image_header(file, str(file)).turned
            raise InputError(
                f"{file.name} is {kind[0]} {kind[1]}{turned}, the others are {usual[0]} "
                f"{usual[1]}: all must have one size and type"
            )


def _too_few(files: Sequence[Path], images: Sequence[ImageArray]) -> str:
    grey = _grey(images[0])
    if len(files) == 1 and grey.ndim == 2 and looks_like_a_mosaic(grey):
        return f"{files[0]} looks like the raw of a polarization camera: give it as --mosaic"
    if len(files) == 2:
        return (
            "two images leave a third unknown of the polarization open: take one more at another "
            "angle of the polarizer"
        )
    return (
        "give three images, one per polarizer angle, a folder of them, or --mosaic RAW of a "
        "polarization camera"
    )

"""Photographs as telephones and cameras keep them, where the optional packages are: HEIC by
pillow-heif, raw formats by rawpy; and formats that this OpenCV lacks, by Pillow.
"""

from __future__ import annotations

import functools
from pathlib import Path

import cv2
import numpy as np

from ..types import ImageArray, InputError

HEIF_SUFFIXES = (".heic", ".heif", ".hif")
RAW_SUFFIXES = (
    ".dng", ".cr2", ".cr3", ".nef", ".arw", ".raf", ".orf", ".rw2", ".pef", ".srw",
)  # fmt: skip
_HEIF_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")


@functools.cache
def register_heif() -> bool:
    """Lets Pillow read HEIC where pillow-heif is installed; whether it is."""
    try:
        from pillow_heif import register_heif_opener
    except ImportError:
        return False
    register_heif_opener()
    return True


def require_package(file: Path, start: bytes = b"") -> None:
    """Raises InputError that names what to install where `file`, by its name or by the `start` of
    its content, is of a format that cannot be read here.
    """
    suffix = file.suffix.lower()
    if suffix in HEIF_SUFFIXES or (start[4:8] == b"ftyp" and start[8:12] in _HEIF_BRANDS):
        if not register_heif():
            raise InputError(f"{file} is a HEIC photograph: {_advice('pillow-heif')}")
    elif start[4:12] == b"ftypavif":  # which Pillow reads from 11.3 on
        raise InputError(f"{file} is an AVIF photograph: {_advice('pillow>=11.3')}")
    elif suffix in RAW_SUFFIXES:
        try:
            import rawpy  # noqa: F401
        except ImportError as error:
            raise InputError(f"{file} is a raw photograph: {_advice('rawpy')}") from error


def read_by_pillow(file: Path, what: str, page: int = 0) -> ImageArray:
    """A page of an image that Pillow reads, 8 bits, H x W or H x W x 3 BGR, turned by its EXIF
    orientation, black where it is transparent.

    Raises InputError where it cannot be decoded.
    """
    from PIL import Image, ImageOps

    try:
        with Image.open(file) as opened:
            opened.seek(page)
            turned = ImageOps.exif_transpose(opened)
            if turned.mode != "L":
                over = turned.convert("RGBA")
                turned = Image.new("RGB", over.size)
                turned.paste(over, mask=over.getchannel("A").point(lambda level: 255 * (level > 0)))
            image = np.asarray(turned)
    except (OSError, ValueError, SyntaxError, EOFError) as error:
        raise InputError(f"{what} cannot be decoded: it is truncated or no image") from error
    return image if image.ndim == 2 else np.ascontiguousarray(image[..., ::-1])


def read_raw(file: Path, what: str) -> ImageArray:
    """A raw photograph, developed with the camera's white balance: H x W x 3 BGR uint16.

    Raises InputError where rawpy is missing or cannot read it.
    """
    require_package(file)
    import rawpy

    try:
        with rawpy.imread(str(file)) as raw:
            image = raw.postprocess(use_camera_wb=True, no_auto_bright=True, output_bps=16)
    except rawpy.LibRawError as error:
        raise InputError(f"{what} cannot be decoded: {error}") from error
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2BGR), np.uint16)


def raw_size(file: Path, what: str) -> tuple[int, int]:
    """Width and height of a raw photograph as `read_raw` develops it; raises InputError alike."""
    require_package(file)
    import rawpy

    try:
        with rawpy.imread(str(file)) as raw:
            sizes = raw.sizes
    except rawpy.LibRawError as error:
        raise InputError(f"{what} cannot be decoded: {error}") from error
    turned = sizes.flip in (5, 6)
    return (sizes.height, sizes.width) if turned else (sizes.width, sizes.height)


def _advice(package: str) -> str:
    return f"convert it to JPEG or PNG, or `pip install {package}` to read it as it is"

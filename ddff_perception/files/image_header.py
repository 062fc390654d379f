"""What an image file says about itself before it is unpacked: size, type, EXIF, pages."""

from __future__ import annotations

import struct
import warnings
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO

from ..types import InputError
from .camera_formats import RAW_SUFFIXES, raw_size, register_heif, require_package
from .limits import IMAGE_MEGAPIXELS

_TIFF_STARTS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
# Formats whose pages are one series; those of an MPO are another view, or a preview.
_PAGED = ("TIFF", "GIF", "WEBP", "PNG")
ORIENTATION = 274
"""The EXIF tag that says how an image is turned."""
_PHOTOGRAPH = 0x8769  # where EXIF keeps what is about the photograph
_WIDTH, _HEIGHT, _BITS, _COMPRESSION, _SAMPLES = 256, 257, 258, 259, 277
_LOGARITHMIC = (34676, 34677)  # compressions whose 16 bits are unpacked to 32


@dataclass(frozen=True, slots=True)
class ImageHeader:
    """`width` and `height` in pixels as stored, before any turn by EXIF; `bytes_per_pixel` as
    decoded; `format`: as Pillow names it; `pages` of a TIFF or
    an animation, else 1; `exif`: tags by number, those
    of the photograph among them; `alpha`: whether pixels can be transparent.
    """

    width: int
    height: int
    bytes_per_pixel: int
    format: str
    pages: int
    exif: dict[int, Any]
    alpha: bool = False

    @property
    def kind(self) -> tuple[int, int, int, str, int]:
        """What says of which size and type the decoded pixels are."""
        turn = int(self.exif.get(ORIENTATION, 1))
        return self.width, self.height, self.bytes_per_pixel, self.format, turn

    @property
    def turned(self) -> str:
        """What to say of an image that EXIF turns; empty where it does not."""
        turn = self.exif.get(ORIENTATION, 1)
        return f" (its EXIF orientation is {turn})" if turn != 1 else ""

    @property
    def size_bytes(self) -> int:
        """Of the decoded pixels of one page."""
        return self.width * self.height * self.bytes_per_pixel


def image_header(source: Path | bytes, what: str) -> ImageHeader:
    """The header of the image file or of its content; `what` names it in the error.

    Raises InputError where it is no image that is known here, or has more pixels than
    `limits.IMAGE_MEGAPIXELS`.
    """
    if isinstance(source, Path) and source.suffix.lower() in RAW_SUFFIXES:
        return _checked(ImageHeader(*raw_size(source, what), 6, "RAW", 1, {}), what)
    try:
        with (
            BytesIO(source) if isinstance(source, bytes) else source.open("rb") as file,
            warnings.catch_warnings(),
        ):
            # Of a damaged file Pillow warns before it fails.
            warnings.simplefilter("ignore")
            header = _read(file)
    except (OSError, ValueError, SyntaxError, struct.error, EOFError, KeyError, TypeError) as error:
        # Pillow's own errors have no number: the file could be read, but is no image.
        if isinstance(error, OSError) and error.errno:
            raise InputError(f"cannot read {what}: {error.strerror}") from error
        if isinstance(source, Path):
            require_package(source, _start(source))
        raise InputError(_NO_IMAGE.format(what)) from error
    return _checked(header, what)


def _start(file: Path) -> bytes:
    with file.open("rb") as opened:
        return opened.read(12)


def _checked(header: ImageHeader, what: str) -> ImageHeader:
    if header.width < 1 or header.height < 1:
        raise InputError(_NO_IMAGE.format(what))
    IMAGE_MEGAPIXELS.check(header.width * header.height / 1e6, what)
    return header


_NO_IMAGE = "{} cannot be decoded: it is truncated or no image"


def _read(file: BinaryIO) -> ImageHeader:
    from PIL import Image, UnidentifiedImageError

    # Pillow's own limit would answer before ours, and could not be raised.
    Image.MAX_IMAGE_PIXELS = None
    register_heif()
    try:
        image = Image.open(file)
    except UnidentifiedImageError:
        return _read_tiff(file)
    # Pillow shows colours of 16 bits as 8: what its decoder is told, tells them apart.
    deep = any("16" in str(tile[3]) for tile in image.tile)
    # Pillow before 10.3 shows grey of 16 bits as whole numbers of 32.
    depth = 2 if deep or "16" in image.mode else 4 if image.mode in "IF" else 1
    bands = 3 if image.mode == "P" else len(image.getbands())
    pages = getattr(image, "n_frames", 1) if image.format in _PAGED else 1
    alpha = image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info
    return ImageHeader(*image.size, depth * bands, image.format or "", pages, _exif(image), alpha)


def _exif(image: Any) -> dict[int, Any]:
    # Pillow unpacks a PNG to look for EXIF behind its pixels, where hardly any is.
    if image.format == "PNG" and "exif" not in image.info:
        return {}
    try:
        tags = image.getexif()
        return {**tags, **tags.get_ifd(_PHOTOGRAPH)}
    except Exception:  # damaged EXIF fails in many ways, and the pixels may be whole
        return {}


def _read_tiff(file: BinaryIO) -> ImageHeader:
    """The first page of a TIFF whose kind of pixels Pillow does not know."""
    from PIL import TiffImagePlugin

    file.seek(0)
    start = file.read(8)
    if start[:4] not in _TIFF_STARTS:
        raise ValueError("no image")
    if start[2:4] in (b"+\0", b"\0+"):  # BigTIFF
        start += file.read(8)
    directory = TiffImagePlugin.ImageFileDirectory_v2(start)
    file.seek(directory.next)
    directory.load(file)
    bits = directory.get(_BITS, (8,))
    depth = -(-max(bits if isinstance(bits, tuple) else (bits,)) // 8)
    if directory.get(_COMPRESSION) in _LOGARITHMIC:
        depth = 4
    samples = int(directory.get(_SAMPLES, 1))
    return ImageHeader(directory[_WIDTH], directory[_HEIGHT], depth * samples, "TIFF", 1, {})

"""Images, arrays and small JSON files: checked when read, written atomically."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from tokenize import TokenError
from typing import Any
from zipfile import BadZipFile

import cv2
import numpy as np
from numpy.typing import NDArray

from ..types import ImageArray, InputError
from .atomic import atomic_write, write_bytes
from .camera_formats import RAW_SUFFIXES, read_by_pillow, read_raw
from .image_header import image_header
from .limits import ARRAY_GIB, FILE_MIB, GIB, IMAGES

_BITS = (8, 10, 12, 14)  # that cameras have
# What older OpenCVs, or smaller ones, lack.
_BY_PILLOW = ("AVIF", "GIF", "JPEG2000")
FLAGS = cv2.IMREAD_ANYDEPTH | cv2.IMREAD_ANYCOLOR
# Of compressed_depth_image_transport: int32 how, float32 a and b of its quantization.
_DEPTH_HEADER = struct.Struct("<iff")


def read_image(file: Path, floats: bool = False) -> ImageArray:
    """An image file as uint8 or uint16, H x W or H x W x 3 BGR, turned by its EXIF orientation;
    black where it is transparent.

    With `floats` also as float32, where the file (TIFF, EXR) holds such. Raises InputError where
    the file is missing, truncated, no image, or larger than `limits.IMAGE_MEGAPIXELS`.
    """
    what = f"the image {file}"
    if file.suffix.lower() in RAW_SUFFIXES:
        return read_raw(file, what)
    header = image_header(file, what)
    if header.format == "HEIF":
        return read_by_pillow(file, what)
    try:
        data = np.fromfile(file, dtype=np.uint8)
    except OSError as error:
        raise InputError(f"cannot read {what}: {error.strerror or error}") from error
    if _is_truncated(data):
        raise InputError(f"{what} is truncated: copy it again")
    try:
        image = _decoded(data, what, FLAGS)
        if header.alpha:
            image = _without_transparent(image, data)
        return _of_known_type(image, what, floats)
    except InputError:
        if header.format not in _BY_PILLOW:
            raise
        return read_by_pillow(file, what)


def read_page(file: Path, page: int) -> ImageArray:
    """One page, from 0 on, of an image file with several; else as `read_image`."""
    what = f"page {page + 1} of the image {file}"
    if image_header(file, what).format != "TIFF":
        return read_by_pillow(file, what, page)
    done, images = cv2.imreadmulti(str(file), page, 1, flags=FLAGS)
    if not done or len(images) != 1:
        raise InputError(f"{what} cannot be decoded: it is truncated or no image")
    return _of_known_type(np.asarray(images[0]), what)


def held_bits(images: Iterable[ImageArray]) -> int:
    """How many bits 16-bit images hold, 0 where they fill their type or are of 8 bits."""
    needed = 0
    for image in images:
        if image.dtype != np.uint16:
            return 0
        needed = max(needed, int(image.max()).bit_length())
        if needed > _BITS[-1]:
            return 0
    return next((bits for bits in _BITS if 0 < needed <= bits), 0)


def filled_bits(image: ImageArray, bits: int) -> ImageArray:
    """A 16-bit image of which a camera fills the lowest `bits`, scaled to fill its type; others,
    and any for 0 `bits`, as they are. Raises InputError where a value has more.
    """
    if not 0 < bits < 16 or image.dtype != np.uint16:
        return image
    if int(image.max(initial=0)) >> bits:
        raise InputError(f"bit_depth {bits} is too few: the image has the value {image.max()}")
    return np.asarray(np.rint(image * np.float32(65535 / ((1 << bits) - 1))), np.uint16)


def emptied_bits(image: ImageArray, bits: int) -> ImageArray:
    """What `filled_bits` filled, in its values before."""
    if not 0 < bits < 16 or image.dtype != np.uint16:
        return image
    return np.asarray(np.rint(image * np.float32(((1 << bits) - 1) / 65535)), np.uint16)


def _of_known_type(image: NDArray[Any], what: str, floats: bool = False) -> ImageArray:
    if image.dtype not in (np.uint8, np.uint16, *([np.float32] if floats else [])):
        raise InputError(f"{what} is {image.dtype}: use 8 or 16 bits per channel")
    return image


def require_room(files: Sequence[Path], folder: Path) -> None:
    """Raises InputError where the images of `folder` are more than `limits.IMAGES`, or all together
    larger than `limits.ARRAY_GIB`.
    """
    IMAGES.check(len(files), str(folder))
    size = sum(image_header(file, f"the image {file}").size_bytes for file in files)
    ARRAY_GIB.check(size / GIB, str(folder))


def decode_image_file(content: bytes, what: str, flags: int = FLAGS) -> NDArray[Any]:
    """The content of an image file, `what` in the error, as OpenCV decodes it with `flags`.

    Raises InputError where it is no image, or larger than `limits.IMAGE_MEGAPIXELS`.
    """
    image_header(content, what)
    return _decoded(np.frombuffer(content, np.uint8), what, flags)


def compressed_pixels(content: bytes, kind: str) -> NDArray[Any]:
    """The pixels of a CompressedImage by its `data` and `format`: as OpenCV decodes the image file
    (JPEG, PNG); depth packed as PNG: uint16 as it is, or float32 metres, NaN where unknown.

    Raises InputError where they cannot be read, or are too many.
    """
    what = f"a compressed image ({kind[:40]!r})"
    if "compressedDepth" not in kind:
        return decode_image_file(content, what, cv2.IMREAD_UNCHANGED)
    if "rvl" in kind.lower():
        raise InputError(f"{what} is packed by RVL: set its publisher's parameter format to png")
    if len(content) <= _DEPTH_HEADER.size:
        raise InputError(f"{what} is truncated")
    packed = decode_image_file(content[_DEPTH_HEADER.size :], what, cv2.IMREAD_UNCHANGED)
    if packed.dtype != np.uint16 or packed.ndim != 2:
        raise InputError(f"{what} holds {packed.shape} {packed.dtype}, no depth of 16 bits")
    if not kind.lstrip().startswith("32FC1"):
        return packed
    _, a, b = _DEPTH_HEADER.unpack_from(content)
    with np.errstate(divide="ignore", invalid="ignore"):
        depth = np.float32(a) / (packed.astype(np.float32) - np.float32(b))
    depth[packed == 0] = np.nan
    return np.asarray(depth, np.float32)


def _decoded(data: NDArray[np.uint8], what: str, flags: int) -> NDArray[Any]:
    try:
        image = cv2.imdecode(data, flags) if data.size else None
    except cv2.error as error:
        raise InputError(f"{what} is too large or damaged: shrink it") from error
    if image is None:
        raise InputError(f"{what} cannot be decoded: it is truncated or no image")
    return np.asarray(image)


def _without_transparent(image: NDArray[Any], data: NDArray[np.uint8]) -> NDArray[Any]:
    """`image` of the file `data`, black where that is transparent: colours there mean nothing."""
    whole = cv2.imdecode(data, cv2.IMREAD_UNCHANGED)
    if whole is None or whole.ndim < 3 or whole.shape[2] != 4 or whole.shape[:2] != image.shape[:2]:
        return image
    image[whole[..., 3] == 0] = 0
    return image


def _is_truncated(data: np.ndarray[Any, Any]) -> bool:
    """OpenCV decodes what is there and leaves the rest grey: look for the end marker instead.

    By content, since files are often named .png but hold a JPEG. Cameras append data to a JPEG.
    """
    if data[:8].tobytes() == b"\x89PNG\r\n\x1a\n":
        return b"IEND" not in data[-64:].tobytes()
    if data[:2].tobytes() == b"\xff\xd8":
        return b"\xff\xd9" not in data[-65536:].tobytes()
    return False


def write_image(file: Path, image: ImageArray) -> None:
    """`image` as PNG (or the format of the suffix) at `file`, atomically."""
    try:
        done, data = cv2.imencode(file.suffix, image)
    except cv2.error as error:
        name = f"{file.stem}.png"
        raise InputError(f"{file} has no suffix of an image: name it like {name}") from error
    if not done:
        raise InputError(f"the image {file} cannot be encoded as {file.suffix}")
    write_bytes(file, data.tobytes())


def write_array(file: Path, array: np.ndarray[Any, Any]) -> None:
    """`array` as .npy at `file`, atomically and without pickle."""
    with atomic_write(file) as opened:
        np.save(opened, array, allow_pickle=False)


def read_array(file: Path) -> np.ndarray[Any, Any]:
    """The .npy array at `file`; raises InputError where it is missing, truncated or pickled."""
    try:
        # Mapped, nothing is taken on trust: a file that is shorter than its header says is refused.
        array = np.load(file, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError, MemoryError, TokenError, BadZipFile) as error:
        raise InputError(f"cannot read the array {file}: {error}") from error
    if not isinstance(array, np.ndarray):
        array.close()
        raise InputError(f"{file} holds several arrays (.npz): give a .npy file")
    ARRAY_GIB.check(array.nbytes / GIB, str(file))
    return np.array(array)


def read_json(file: Path) -> Mapping[str, Any]:
    """The JSON object in `file`; raises InputError where it is missing, too large or no object."""
    try:
        FILE_MIB.check(file.stat().st_size / 2**20, str(file))
        content = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"{file} is not valid JSON: {error}") from error
    if not isinstance(content, dict):
        raise InputError(f"{file} must hold a JSON object")
    return content


def file_inside(description: Path, what: str, name: str) -> Path:
    """The file `name` that `what` of the JSON file `description` names, beside it or below.

    Raises InputError where it is not there, or leaves the folder.
    """
    folder = description.parent
    file = folder / name
    try:
        inside = file.resolve().is_relative_to(folder.resolve())
    except (OSError, ValueError, RuntimeError):  # too long, not encodable, a loop of links
        inside = False
    if not inside:
        raise InputError(f"{description}: {what} leaves the folder")
    if not file.is_file():
        raise InputError(f"{description}: the image {name!r} does not exist")
    return file

"""Raw files without a header: the pixels of a machine-vision camera as it packs them.

Names are those of the GenICam Pixel Format Naming Convention 2.4: `p` is packed with the lowest
bits first, `Packed` is GigE Vision's older way.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...types import ImageArray, InputError

_SIZE = re.compile(r"(\d{1,5})[xX](\d{1,5})")
MAX_SIDE = 16384
PIXEL_FORMATS = ("Mono8", "Mono12p", "Mono12Packed", "Mono16")
"""Of a monochrome camera; a colour camera's say the pattern in place of Mono (BayerRG12p). FLIR's
say Polarized in place of Mono, and after the pattern (BayerRGPolarized12p).
"""
_BITS = {"8": 8, "12p": 12, "12Packed": 12, "16": 16}
_PATTERNS = {"BayerRG": "rggb", "BayerGR": "grbg", "BayerGB": "gbrg", "BayerBG": "bggr"}


def read_packed(file: Path, pixel_format: str, size: str) -> tuple[ImageArray, str | None]:
    """The H x W pixels of `file`, uint8, or uint16 with 12 bits as the highest of 16; and the
    Bayer pattern that the format names.

    `size` is WIDTHxHEIGHT. Raises InputError on a format or a size that is none, and where the
    file does not hold as many bytes.
    """
    kind, bayer = _known(pixel_format)
    width, height = _sides(size)
    bits = _BITS[kind]
    expected = -(-width * height * bits // 8)
    try:
        held = file.stat().st_size
        if held != expected:
            raise InputError(
                f"{file} has {held} bytes, {width}x{height} in {pixel_format} are {expected}: "
                "correct --size or --pixel-format"
            )
        data = np.fromfile(file, np.uint8)
    except OSError as error:
        raise InputError(f"cannot read {file}: {error.strerror or error}") from error
    return _UNPACK[kind](data)[: width * height].reshape(height, width), bayer


def _known(pixel_format: str) -> tuple[str, str | None]:
    starts = [("Mono", None), ("Polarized", None), *_PATTERNS.items()]
    starts += [(f"{start}Polarized", bayer) for start, bayer in _PATTERNS.items()]
    for start, bayer in starts:
        for kind in _BITS:
            if pixel_format.lower() == f"{start}{kind}".lower():
                return kind, bayer
    raise InputError(
        f"there is no pixel format {pixel_format!r} here; there are {', '.join(PIXEL_FORMATS)} "
        "and the same with BayerRG, BayerGR, BayerGB, BayerBG in place of Mono"
    )


def _sides(size: str) -> tuple[int, int]:
    match = _SIZE.fullmatch(size)
    sides = (int(match[1]), int(match[2])) if match else (0, 0)
    if not 2 <= min(sides) <= max(sides) <= MAX_SIDE:
        raise InputError(f"--size is WIDTHxHEIGHT up to {MAX_SIDE}, as in 2448x2048, not {size!r}")
    return sides


def _triples(data: NDArray[np.uint8]) -> NDArray[np.uint16]:
    whole = np.zeros(-(-data.size // 3) * 3, np.uint16)
    whole[: data.size] = data
    return whole.reshape(-1, 3)


def _twelve_p(data: NDArray[np.uint8]) -> NDArray[Any]:
    low, shared, high = _triples(data).T
    return _paired(low | (shared & 15) << 8, shared >> 4 | high << 4)


def _twelve_packed(data: NDArray[np.uint8]) -> NDArray[Any]:
    first, shared, second = _triples(data).T
    return _paired(first << 4 | shared & 15, second << 4 | shared >> 4)


def _paired(first: NDArray[np.uint16], second: NDArray[np.uint16]) -> NDArray[np.uint16]:
    return np.stack([first, second], axis=1).ravel() << np.uint16(4)


_UNPACK: dict[str, Callable[[NDArray[np.uint8]], NDArray[Any]]] = {
    "8": lambda data: data,
    "16": lambda data: data.view("<u2").astype(np.uint16, copy=False),
    "12p": _twelve_p,
    "12Packed": _twelve_packed,
}

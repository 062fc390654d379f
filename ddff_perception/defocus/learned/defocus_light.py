"""The trained network at run time: an engine, images of any size, a lens known or not."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np

from ...engines.loading import EngineSet
from ...parameters import Settings, parameter
from ...types import FloatArray, ImageArray
from ..solution import DefocusMap, Photograph
from .lens_vector import lens_vector

_MULTIPLE, _MOST = 32, 64


@dataclass(frozen=True)
class DefocusLightSettings(Settings):
    """Values of `defocus_light`."""

    model: str = parameter(
        "defocus_light", "Network: a shipped one by name, or the path of an ONNX file with its card"
    )
    shorter_side: int = parameter(
        352, "of what the network sees; smaller is faster and sees less blur", "px", (64, 2048)
    )


def defocus_light(
    photograph: Photograph, settings: DefocusLightSettings, engines: EngineSet
) -> DefocusMap:
    """The signed disc of each pixel by a network that learned from rendered rooms
    (`networks.defocus_light`).

    Assumes: colours as cameras show them (sRGB), blur by defocus alone. The lens may be unknown in
    whole or in part. The side of the plane in focus is told by what stands where; with `side` near
    or far it is taken as given. A file with the sharp head undoes the blur as well: what it adds at
    the size that the network sees is enlarged and added to the image.
    """
    image, lens = photograph.image, photograph.lens
    height, width = network_size((image.shape[0], image.shape[1]), settings.shorter_side)
    # Discs shrink with the image.
    factor = width / image.shape[1]
    told = lens_vector(lens.blur_scale * factor, lens.focus_dioptres)
    found = engines.get().run({"image": _tensor(image, (width, height)), "lens": told[None]})
    size, spread, behind = (
        _grown(found[name][0, 0], image.shape[:2]) for name in ("size", "spread", "behind")
    )
    signed = _with_side(size / factor, spread / factor, behind, photograph.side)
    change = found.get("change")
    return signed if change is None else replace(signed, sharp=_changed(image, change[0]))


def _changed(image: ImageArray, change: FloatArray) -> ImageArray:
    """`image` and what is to be added to it, 3 x h x w, red, green, blue of 0..255."""
    top = np.iinfo(image.dtype).max
    planes = np.ascontiguousarray(change[::-1].transpose(1, 2, 0), np.float32)
    grown = cv2.resize(planes, (image.shape[1], image.shape[0]), interpolation=cv2.INTER_CUBIC)
    added = grown if image.ndim == 3 else grown.mean(axis=2)
    values = image + added * np.float32(top / 255.0)
    return np.clip(np.rint(values), 0, top).astype(image.dtype)  # type: ignore[return-value]


def network_size(size: tuple[int, int], shorter_side: int) -> tuple[int, int]:
    """Height and width that the network sees of an image of `size`: multiples of 32, of nearly the
    same shape, no larger than the image; at most 2048.
    """
    scale = min(1.0, shorter_side / min(size)) / _MULTIPLE
    height, width = (min(max(2, round(side * scale)), _MOST) * _MULTIPLE for side in size)
    return height, width


def _tensor(image: ImageArray, size: tuple[int, int]) -> FloatArray:
    colour = cv2.cvtColor(image, cv2.COLOR_GRAY2BGR) if image.ndim == 2 else image
    small = cv2.resize(colour, size, interpolation=cv2.INTER_AREA)
    values = small[..., ::-1].astype(np.float32) * np.float32(255.0 / np.iinfo(image.dtype).max)
    return np.ascontiguousarray(values.transpose(2, 0, 1)[None])


def _grown(plane: FloatArray, shape: tuple[int, ...]) -> FloatArray:
    size = (shape[1], shape[0])
    return np.asarray(cv2.resize(np.asarray(plane, np.float32), size), np.float32)


def _with_side(size: FloatArray, spread: FloatArray, behind: FloatArray, side: str) -> DefocusMap:
    if side != "both":
        sure = np.ones(size.shape, np.float32)
        return DefocusMap(size if side == "far" else -size, spread, sure)
    far = behind >= 0.5
    return DefocusMap(
        np.where(far, size, -size), spread, np.where(far, behind, np.float32(1.0) - behind)
    )

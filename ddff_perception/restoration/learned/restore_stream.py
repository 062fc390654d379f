"""RestoreStream at run time: what is wrong is told once, the image restored in tiles by it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import cv2
import numpy as np

from ...engines.loading import EngineSet
from ...optics.tiling import OVERLAP, in_tiles
from ...parameters import Settings, parameter
from ...types import FloatArray, ImageArray
from ..classical.adaptive import AdaptiveSettings, adaptive, sharpened
from ..planes import to_image, to_planes
from ..solution import Degradation, Observed, Restored

DEFAULT_MODEL = "restore_stream"
PARTS = ("estimator", "restorer")
_MULTIPLE, _LEAST = 8, 32
# Of a larger image the middle tells what is wrong.
_TOLD_PX = 1024
_RIGHT = 8.0 / 255
# Of the noise, in what the network makes.
_SHARE_LEFT = 0.2
# What the network adds is as imprecise on a hardly noisy image as on a noisy one: where `adaptive`
# is nearer to the truth, none of it is taken, then more and more. Noise in 8-bit steps, quality of
# JPEG.
_NOISE_STEPS, _QUALITIES = (5.0, 8.0), (85.0, 70.0)


@dataclass(frozen=True)
class RestoreStreamSettings(Settings):
    """Values of `restore_stream`."""

    model: str = parameter(
        DEFAULT_MODEL,
        "Network: the shipped one, or the path of one's own ONNX files (`ddff train restoration`) "
        "without _estimator.onnx",
    )
    tile_px: int = parameter(
        768, "larger images are restored in tiles of this side that overlap", "px", (192, 4096)
    )


def restore_stream(
    observed: Observed, settings: RestoreStreamSettings, engines: EngineSet
) -> Restored:
    """Grain as `adaptive` takes it away, bettered by a network that is told what is wrong with all
    of the image (`networks.restore_stream`), then blur as there. Of a stream the network is told
    the same until it is looked anew.

    What ships is told of in docs/models/restore_stream.md.
    Assumes: what was degraded as in training. Confidence: the probability that brightness is within
    8 of 255 steps of the truth, as the network learned it.
    """
    image = observed.image
    share = trusted_share(observed.seen)
    if share == 0.0:
        return adaptive(observed, AdaptiveSettings())
    found = observed.seen.memory.get(settings.model)
    if found is None:
        found = {k: v.copy() for k, v in engines.get(0).run({"image": _middle(image)}).items()}
        observed.seen.memory[settings.model] = found
    told = found["told"]
    begun = adaptive(observed, AdaptiveSettings(sharpen=0.0))
    planes, base = network_image(image), network_image(begun.image)

    def tile(rows: slice, columns: slice) -> FloatArray:
        part = np.ascontiguousarray(planes[..., rows, columns])
        own = np.ascontiguousarray(base[..., rows, columns])
        made = engines.get(1).run({"image": part, "base": own, "told": told})
        return np.concatenate([made["restored"][0], made["confidence"][0]]).astype(np.float32)

    side = settings.tile_px - settings.tile_px % _MULTIPLE
    size = (planes.shape[2], planes.shape[3])
    joined = in_tiles(tile, size, side, min(OVERLAP, side // 3))
    height, width = image.shape[:2]
    mixed = base[0] + np.float32(share) * (joined[:3] - base[0])
    restored = _as_image(mixed[:, :height, :width], image)
    left = error_of(joined[3, :height, :width])
    if begun.error is not None:
        left = np.float32(share) * left + np.float32(1 - share) * begun.error
    seen = observed.seen.beyond or observed.seen
    if "blur" in seen.kinds:
        noise = _SHARE_LEFT * seen.noise[0].level
        restored = to_image(sharpened(to_planes(restored), seen, 1.0, noise), image)
    return Restored(restored, left)


def trusted_share(seen: Degradation) -> float:
    """Of the network's change, the share that is taken, 0 to 1, by how strong what is seen is."""
    seen = seen.beyond or seen
    noise = 255 * seen.noise[0].level if "noise" in seen.kinds else 0.0
    quality = seen.compression.quality if "jpeg" in seen.kinds else 100.0
    shares = (
        np.interp(noise, _NOISE_STEPS, (0.0, 1.0)),
        np.interp(-quality, -np.array(_QUALITIES), (0.0, 1.0)),
    )
    return float(max(shares))


def error_of(sure: FloatArray) -> FloatArray:
    """The standard deviation that makes an error within 8 of 255 steps as probable as that."""
    from scipy.special import erfinv

    part = erfinv(np.clip(sure, 1e-3, 1 - 1e-6))
    return np.asarray(_RIGHT / (np.sqrt(2) * part), np.float32)


def network_image(image: ImageArray) -> FloatArray:
    """1 x 3 x H x W in 0..1, the border repeated up to a multiple of 8."""
    if image.ndim == 2:
        image = cast(ImageArray, np.repeat(image[..., None], 3, axis=2))
    extra = [max(_LEAST, -(-n // _MULTIPLE) * _MULTIPLE) - n for n in image.shape[:2]]
    if any(extra):
        border = cv2.BORDER_REPLICATE
        image = cast(ImageArray, cv2.copyMakeBorder(image, 0, extra[0], 0, extra[1], border))
    scale = np.float32(1.0 / np.iinfo(image.dtype).max)
    return np.multiply(image.transpose(2, 0, 1)[None], scale, dtype=np.float32, order="C")


def _middle(image: ImageArray) -> FloatArray:
    corner = [max(0, n - _TOLD_PX) // 2 for n in image.shape[:2]]
    return network_image(image[corner[0] : corner[0] + _TOLD_PX, corner[1] : corner[1] + _TOLD_PX])


def _as_image(planes: FloatArray, like: ImageArray) -> ImageArray:
    top = np.iinfo(like.dtype).max
    found = np.clip(planes, 0, 1) * np.float32(top) + np.float32(0.5)
    if like.ndim == 2:
        return cast(ImageArray, found.mean(axis=0).astype(like.dtype))
    return cast(ImageArray, np.ascontiguousarray(found.transpose(1, 2, 0), like.dtype))

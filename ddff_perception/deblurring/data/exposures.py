"""Exact sub-frames of pictures along camera paths, averaged in light, as a camera hands them on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

from ...optics.srgb import srgb_bytes, srgb_decode, srgb_encode
from ...types import FloatArray
from .camera_paths import Matrices, middle

_SHARP_TO_PX = 7
_CODES = np.asarray(srgb_encode(np.linspace(0, 1, 4096)), np.float32)


@dataclass(frozen=True, slots=True)
class Layer:
    """A picture that moves along a path: linear H x W x 3 float32, `at` its pixel in the middle.

    `cover`: H x W float32 in 0..1, how far it hides what lies behind; None: everywhere. `nearness`:
    H x W float32, inverse depth about its mean: with `parallax` a path's shift is so much larger.
    """

    picture: FloatArray
    at: tuple[float, float]
    path: list[Matrices]
    cover: FloatArray | None = None
    nearness: FloatArray | None = None
    parallax: float = 0.0


@dataclass(frozen=True, slots=True)
class Burst:
    """Frames in time, N x S x S x 3 uint8 BGR, each with its sharp one; `matrices` N x 3 x 3 from
    the scene to pixels of each; `corners` N x 2: where each crop begins in the camera's frame.
    """

    frames: NDArray[np.uint8]
    sharp: NDArray[np.uint8]
    matrices: NDArray[np.float32]
    corners: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Camera:
    """`gain` of light, `full_well` electrons at 1, `read` noise, JPEG `quality` (0: none);
    `averages_code`: light is averaged after the curve, as who blurs videos often does.
    """

    gain: float = 1.0
    full_well: float = 1e5
    read: float = 0.0
    quality: int = 0
    averages_code: bool = False


def photographed(layers: list[Layer], size: int, camera: Camera, rng: np.random.Generator) -> Burst:
    """The burst of the layers, the first one behind. Crops follow the first one's motion."""
    back = layers[0]
    half = (size - 1) / 2
    frames, sharp, matrices, corners = [], [], [], []
    for number, frame in enumerate(back.path):
        now = middle(frame)
        corner = np.rint(now[:2, 2] / now[2, 2])
        crop = np.eye(3)
        crop[:2, 2] = half - corner
        clear = _view(layers, number, None, crop, size, camera.gain)
        count = max(len(layer.path[number]) for layer in layers)
        fine = count <= _SHARP_TO_PX
        total = np.zeros_like(clear)
        for instant in range(count):
            light = _view(
                layers, number, instant / max(count - 1, 1), crop, size, camera.gain, fine
            )
            total += _encoded(light) if camera.averages_code else light
        total /= count
        light = srgb_decode(total) if camera.averages_code else total
        frames.append(_developed(np.asarray(light, np.float32), camera, rng))
        sharp.append(srgb_bytes(clear))
        start = np.eye(3)
        start[:2, 2] = -np.array(back.at)
        matrices.append((crop @ now @ start).astype(np.float32))
        corners.append(corner.astype(np.float32))
    return Burst(np.stack(frames), np.stack(sharp), np.stack(matrices), np.stack(corners))


def _view(
    layers: list[Layer], number: int, share: float | None, crop: Matrices, size: int, gain: float,
    fine: bool = True,
) -> FloatArray:  # fmt: skip
    """All layers at one instant of a frame (None: its middle), in linear light."""
    seen: FloatArray | None = None
    for layer in layers:
        frame = layer.path[number]
        place = len(frame) // 2 if share is None else round(share * (len(frame) - 1))
        start = np.eye(3)
        start[:2, 2] = -np.array(layer.at)
        light, cover = _seen(layer, crop @ frame[place] @ start, frame[place], size, fine)
        behind = light if seen is None else seen
        seen = light if cover is None else behind + cover[..., None] * (light - behind)
    assert seen is not None
    return np.asarray(seen * np.float32(gain), np.float32)


def _encoded(light: FloatArray) -> FloatArray:
    """`srgb_encode` to a 4096th."""
    return _CODES[(light.clip(0, 1) * np.float32(4095) + np.float32(0.5)).astype(np.uint16)]


def _seen(
    layer: Layer, matrix: Matrices, own: Matrices, size: int, fine: bool
) -> tuple[FloatArray, FloatArray | None]:
    flags = cv2.INTER_CUBIC if fine else cv2.INTER_LINEAR
    border = cv2.BORDER_REFLECT_101
    shape = (size, size)
    if layer.nearness is not None and layer.parallax:
        shift = layer.parallax * own[:2, 2]
        maps = _parallax_maps(layer.nearness, matrix, shift, size)
        return cast(FloatArray, cv2.remap(layer.picture, *maps, flags, borderMode=border)), None
    light = cv2.warpPerspective(layer.picture, matrix, shape, flags=flags, borderMode=border)
    if layer.cover is None:
        return cast(FloatArray, light), None
    cover = cv2.warpPerspective(layer.cover, matrix, shape, flags=cv2.INTER_LINEAR)
    return cast(FloatArray, light), cast(FloatArray, cover)


def _parallax_maps(
    nearness: FloatArray, matrix: Matrices, shift: NDArray[np.float64], size: int
) -> tuple[FloatArray, FloatArray]:
    """Where each pixel of the view comes from, where near things shift further; occlusion is not
    heeded, but all instants agree.
    """
    back = np.linalg.inv(matrix)
    y, x = np.mgrid[:size, :size].astype(np.float32)
    back = back.astype(np.float32)
    near = np.zeros((size, size), np.float32)
    for _ in range(3):
        u, v = x - near * np.float32(shift[0]), y - near * np.float32(shift[1])
        weight = back[2, 0] * u + back[2, 1] * v + back[2, 2]
        there = [((back[n, 0] * u + back[n, 1] * v + back[n, 2]) / weight) for n in range(2)]
        maps = (there[0], there[1])
        near = np.asarray(
            cv2.remap(nearness, *maps, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)
        )
    return maps


def _developed(light: FloatArray, camera: Camera, rng: np.random.Generator) -> NDArray[np.uint8]:
    spread = np.sqrt(np.maximum(light, 0) / camera.full_well + camera.read**2)
    grain = rng.standard_normal(light.shape, dtype=np.float32)
    image = srgb_bytes(np.asarray(light + spread * grain, np.float32))
    if not camera.quality:
        return image
    done, code = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, camera.quality])
    return np.asarray(cv2.imdecode(code, cv2.IMREAD_COLOR), np.uint8) if done else image

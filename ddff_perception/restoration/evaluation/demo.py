"""The demo: a camera in bad light, its images restored while they come."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from ...evaluation.demo import Demo
from ...files.frame_folder import read_frames, write_frames
from ...optics.degradation import sensor_noise
from ...parameters import Value
from ...types import CameraModel, ImageArray, InputError

_NAME = "degraded"
_FULL_WELL, _READ = 400.0, 4.0


def in_bad_light(image: ImageArray, seed: int) -> ImageArray:
    """`image`, uint8, as a small sensor sees it in little light."""
    values = np.multiply(image, 1.0 / np.iinfo(image.dtype).max, dtype=np.float32)
    found = sensor_noise(values, np.random.default_rng(seed), _FULL_WELL, _READ)
    return np.asarray(np.rint(found * 255), np.uint8)


def degraded_frames(source: Path | None, output: Path, width: int) -> tuple[str, dict[str, Value]]:
    """The sharp frames of a frame folder (the package's own where None), no wider than `width`,
    made noisy, as a frame folder below `output`.
    """
    from ...simulation.moving_camera.frames import open_frames

    folder = open_frames(None) if source is None else read_frames(source)
    pairs = []
    for number in range(len(folder)):
        image, truth = folder[number]
        clean = _no_wider(image if truth is None else truth, width)
        pairs.append((in_bad_light(clean, number), clean))
    if not pairs:
        raise InputError(f"{source} holds no frames")
    height, found_width = pairs[0][1].shape[:2]
    camera = folder.camera
    if camera is not None and camera.width != found_width:
        camera = CameraModel.centred(found_width, height, camera.fx * found_width / camera.width)
    write_frames(output / _NAME, pairs, folder.rate_hz, camera)
    return str((output / _NAME).resolve()), {}


def _no_wider(image: ImageArray, width: int) -> ImageArray:
    scale = width / image.shape[1]
    if scale >= 1:
        return image
    small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return np.asarray(small, image.dtype)  # type: ignore[return-value]


RESTORATION_DEMO = Demo(
    title="Restoration, live over DDS",
    sensor="sim_moving_camera",
    recorded=(
        "image_rect",
        "camera_info",
        "truth/image",
        "image_restored",
        "restoration/camera_info",
        "restoration/confidence",
    ),
    sent=("image_rect", "image_restored", "restoration/confidence"),
    shown="image_restored",
    prepare=degraded_frames,
)

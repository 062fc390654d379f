"""Drawn scenes through a thin lens: what a wide aperture shows, with everything that is true."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from ddff_perception.files.bags import BagWriter
from ddff_perception.files.bags_messages import MessageFactory
from ddff_perception.files.bags_types import CAMERA_INFO, FOCUS_STATE, IMAGE
from ddff_perception.optics.defocus import DefocusedView
from ddff_perception.optics.srgb import srgb_bytes
from ddff_perception.types import CameraModel


@dataclass(frozen=True)
class Scene:
    """`image` as the lens shows it, `sharp` as a pinhole does, `depth` in metres; the lens has
    `scale` px per dioptre and is focused at `focus_m`.
    """

    image: np.ndarray
    sharp: np.ndarray
    depth: np.ndarray
    scale: float
    focus_m: float


def blocks(height: int, width: int, seed: int = 0, side: int = 12) -> np.ndarray:
    """Radiance of random blocks with clear edges and faint colours, H x W x 3 float32."""
    rng = np.random.default_rng(seed)
    shape = (height // side + 2, width // side + 2)
    coarse = rng.choice([0.05, 0.3, 0.8], shape)[..., None] * rng.uniform(0.85, 1.0, (*shape, 3))
    grown = cv2.resize(coarse, None, fx=side, fy=side, interpolation=cv2.INTER_NEAREST)
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), 17, 1.2)
    return cv2.warpAffine(grown, turn, (width, height), flags=cv2.INTER_AREA).astype(np.float32)


def scene(
    near_m: float = 0.8,
    far_m: float = 2.0,
    focus_m: float = 0.8,
    scale: float = 10.0,
    size: tuple[int, int] = (144, 192),
) -> Scene:
    """Left half at `near_m`, right half at `far_m`."""
    height, width = size
    depth = np.full(size, far_m, np.float32)
    depth[:, : width // 2] = near_m
    radiance = blocks(height, width)
    view = DefocusedView(radiance, np.float32(1 / depth), scale, 60.0)
    image, sharp = srgb_bytes(view.at(1 / focus_m)), srgb_bytes(radiance)
    return Scene(image, sharp, depth, scale, focus_m)


def write_charts(folder: Path) -> None:
    """A flat chart at 0.5, 1 and 2 m before a lens that is focused at 0.5 m."""
    radiance = blocks(240, 320)
    for number, distance_m in enumerate((0.5, 1.0, 2.0)):
        away = np.full(radiance.shape[:2], 1 / distance_m, np.float32)
        shown = DefocusedView(radiance, away, 5.0, 20.0).at(2.0)
        cv2.imwrite(str(folder / f"{number}.png"), srgb_bytes(shown))


def write_defocus_bag(folder: Path, images: int = 3) -> Path:
    """A camera whose lens rests, with true depth and a defocus map as if a node had made it."""
    shown = scene()
    camera = CameraModel.centred(shown.image.shape[1], shown.image.shape[0], 500.0)
    topics = {
        "focus_state": FOCUS_STATE, "camera_info": CAMERA_INFO, "image_rect": IMAGE,
        "truth/depth": IMAGE, "defocus/image": IMAGE,
    }  # fmt: skip
    with BagWriter(folder) as bag:
        factory = MessageFactory(bag.store, "camera_optical_frame")
        for name, kind in topics.items():
            bag.add_topic(f"/camera/{name}", kind)
        for stamp in range(10**8, (images + 1) * 10**8, 10**8):
            made = {
                "focus_state": factory.focus_state(stamp, shown.focus_m),
                "camera_info": factory.camera_info(stamp, camera),
                "image_rect": factory.image(stamp, shown.image),
                "truth/depth": factory.image(stamp, shown.depth),
                "defocus/image": factory.image(stamp, np.zeros_like(shown.depth)),
            }
            for name, message in made.items():
                bag.write(f"/camera/{name}", stamp, message)
    return folder

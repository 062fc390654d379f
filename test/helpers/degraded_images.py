"""Clean pictures and degraded ones, for tests of what restores them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np

from ddff_perception.evaluation.image_metrics import unit_image
from ddff_perception.files.bags import BagWriter
from ddff_perception.files.bags_messages import MessageFactory
from ddff_perception.files.bags_types import IMAGE
from ddff_perception.files.images import write_image
from ddff_perception.optics.degradation import degraded
from ddff_perception.optics.srgb import srgb_bytes
from ddff_perception.optics.textures import dead_leaves
from ddff_perception.restoration.evaluation.demo import in_bad_light
from ddff_perception.restoration.pipeline import RestorationPipeline, RestoredFrame

STEP_NS = 33_000_000


@cache
def clean(size: int = 128, seed: int = 0) -> np.ndarray:
    """A picture with edges, and flat parts in which noise can be told; size x size x 3 uint8."""
    light = np.asarray(dead_leaves(np.random.default_rng(seed), size, smallest=0.1), np.float32)
    return srgb_bytes(light)


@cache
def worse(*names: str, size: int = 128, seed: int = 0) -> np.ndarray:
    """The same after these degradations."""
    values = degraded(unit_image(clean(size, seed)), names, np.random.default_rng(seed))
    return np.asarray(np.rint(values.clip(0, 1) * 255), np.uint8)


def noisy(image: np.ndarray, sigma: float, seed: int = 0) -> np.ndarray:
    """White noise of so many 8-bit steps."""
    top = np.iinfo(image.dtype).max
    change = np.random.default_rng(seed).normal(0, sigma * top / 255, image.shape)
    return (image + change).round().clip(0, top).astype(image.dtype)


def run(images: Sequence[np.ndarray], **values) -> tuple[RestorationPipeline, list[RestoredFrame]]:
    """A result of each image of a stream; names have `__` for a dot."""
    pipeline = RestorationPipeline({n.replace("__", "."): v for n, v in values.items()})
    found = []
    for number, image in enumerate(images, 1):
        assert pipeline.add_image(number * STEP_NS, image)
        found.append(pipeline.estimate())
    return pipeline, found


def write_degraded_image(folder: Path) -> Path:
    """`folder`/photo.png, noisy, and the clean one beside it."""
    write_image(folder / "photo.png", noisy(clean(96), 12))
    write_image(folder / "clean.png", clean(96))
    return folder / "photo.png"


def write_restoration_bag(folder: Path, frames: int = 3) -> Path:
    """A bag of noisy images, clean ones, and what a node made of them."""
    pipeline = RestorationPipeline()
    with BagWriter(folder) as bag:
        factory = MessageFactory(bag.store, "camera_optical_frame")
        for topic in ("image_rect", "truth/image", "image_restored"):
            bag.add_topic(f"/{topic}", IMAGE)
        for number in range(1, frames + 1):
            stamp, truth = number * STEP_NS, clean(96, number)
            image = in_bad_light(truth, number)
            pipeline.add_image(stamp, image)
            made = pipeline.estimate().found.image
            pairs = {"image_rect": image, "truth/image": truth, "image_restored": made}
            for topic, array in pairs.items():
                bag.write(f"/{topic}", stamp, factory.image(stamp, array))
    return folder

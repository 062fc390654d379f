"""Drives along a drawn wall as images, folders and bags: seen, not described, in other light."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ddff_perception.alignment.capture.frames import Frame
from ddff_perception.alignment.capture.reference import Reference, build_reference
from ddff_perception.alignment.data.drawn import DrawnRoute
from ddff_perception.alignment.methods import METHODS, described_by
from ddff_perception.files.bags import BagWriter
from ddff_perception.files.bags_messages import MessageFactory
from ddff_perception.files.bags_types import IMAGE, ROUTE_MATCH

HZ = 5.0
FRAMES = 60
START_NS = 1_000 * 10**9
SIFT = {"sift.width": 128}


def places(first: float = 0.0, last: float = 1.0, frames: int = FRAMES) -> NDArray[np.float64]:
    return np.linspace(first, last, frames)


def drive(seed: int = 0, where: NDArray[np.float64] | None = None, light: float = 1.0):
    """Images (n, 120, 160, 3) along the wall `seed`."""
    along = places() if where is None else where
    return DrawnRoute(seed, length=1200).drive(along, light, noise=2.0, seed=seed + 1)


def frames(images: NDArray[np.uint8], start_ns: int = START_NS):
    return [Frame(n, round(start_ns + n * 1e9 / HZ), image) for n, image in enumerate(images)]


def reference(seed: int = 0, **values: object) -> Reference:
    """By `sift`, small."""
    method = METHODS.create("sift", {"width": 128, **values})
    return build_reference(frames(drive(seed)), method, {**described_by(method), "source": "wall"})


def write_images(folder: Path, images: NDArray[np.uint8]) -> Path:
    folder.mkdir(parents=True)
    for number, image in enumerate(images):
        cv2.imwrite(str(folder / f"{number:03d}.png"), image)
    return folder


def write_bag(path: Path, images: NDArray[np.uint8], topic: str = "/camera/image_raw") -> Path:
    with BagWriter(path) as bag:
        factory = MessageFactory(bag.store, "camera_optical_frame")
        bag.add_topic(topic, IMAGE)
        for frame in frames(images):
            bag.write(topic, frame.stamp_ns, factory.image(frame.stamp_ns, frame.image))
    return path


def write_route_bag(path: Path, where: NDArray[np.float64], live: bool = True) -> Path:
    """A drive with its true places on the drive along all of the wall; where `live`, with a node
    that was one frame late, and lost at first.
    """
    true_s = np.interp(where, places(), np.arange(FRAMES)) / HZ
    late = {"/truth/route_match": 0.0} | ({"/route_match": 1 / HZ} if live else {})
    with BagWriter(path) as bag:
        factory = MessageFactory(bag.store, "camera_optical_frame")
        types = bag.store.types
        bag.add_topic("/camera/image_raw", IMAGE)
        for name in late:
            bag.add_topic(name, ROUTE_MATCH)
        for frame, true in zip(frames(drive(where=where, light=0.8)), true_s, strict=True):
            image = factory.image(frame.stamp_ns, frame.image)
            bag.write("/camera/image_raw", frame.stamp_ns, image)
            for name, late_s in late.items():
                seconds, rest = divmod(round(START_NS + (true - late_s) * 1e9), 10**9)
                message = types[ROUTE_MATCH](
                    header=image.header,
                    lost=late_s > 0 and frame.number < 10,
                    reference_stamp=types["builtin_interfaces/msg/Time"](sec=seconds, nanosec=rest),
                    frame=0,
                    confidence=0.5,
                    rate=1.0,
                )
                bag.write(name, frame.stamp_ns, message)
    return path

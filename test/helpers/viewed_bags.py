"""A small bag of everything that is looked at: images, depth, a cloud, the lens, diagnostics."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from ddff_perception.files.bags import BagWriter
from ddff_perception.files.bags_messages import MessageFactory
from ddff_perception.files.bags_types import DIAGNOSTICS, FOCUS_STATE, IMAGE

POINTS = "sensor_msgs/msg/PointCloud2"
FRAME = "camera_optical_frame"
START_NS = 1_700_000_000 * 10**9
STEP_NS = 100_000_000
TOPICS = {
    "/demo/image_rect": IMAGE,
    "/demo/depth/image_rect": IMAGE,
    "/demo/depth/confidence": IMAGE,
    "/demo/points": POINTS,
    "/demo/focus_state": FOCUS_STATE,
    "/diagnostics": DIAGNOSTICS,
}
HEIGHT, WIDTH = 120, 160


def scene(number: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Image, depth and points, in colours that no page has of itself: red on the left."""
    image = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    image[:, : WIDTH // 2, 2], image[:, WIDTH // 2 :, 1] = 220, 160
    image[:, number % WIDTH] = 255
    depth = np.tile(np.linspace(0.5, 2.0, WIDTH, dtype=np.float32), (HEIGHT, 1))
    depth[: HEIGHT // 12] = np.nan
    y, x = np.mgrid[:HEIGHT, :WIDTH].astype(np.float32)
    points = np.stack([(x - WIDTH / 2) * depth / WIDTH, (y - HEIGHT / 2) * depth / WIDTH, depth])
    return image, depth, np.moveaxis(points, 0, -1)[::2, ::2]


def cloud(store: Any, factory: MessageFactory, stamp_ns: int, points: np.ndarray) -> Any:
    """Points in magenta, as a message."""
    height, width = points.shape[:2]
    records = np.zeros((height, width, 4), np.float32)
    records[..., :3] = points
    records[..., 3] = np.full((height, width), 0xE000E0, np.uint32).view(np.float32)
    field = store.types["sensor_msgs/msg/PointField"]
    fields = [field(name=n, offset=4 * i, datatype=7, count=1) for i, n in enumerate("xyz")]
    fields.append(field(name="rgb", offset=12, datatype=7, count=1))
    return store.types[POINTS](
        header=factory.image(stamp_ns, np.zeros((1, 1), np.uint8)).header,
        height=height,
        width=width,
        fields=fields,
        is_bigendian=False,
        point_step=16,
        row_step=16 * width,
        data=records.view(np.uint8).reshape(-1),
        is_dense=False,
    )


def viewed_bag(path: Path, frames: int = 30) -> Path:
    """A bag of so many frames, ten a second."""
    with BagWriter(path) as bag:
        factory = MessageFactory(bag.store, FRAME)
        for topic, kind in TOPICS.items():
            bag.add_topic(topic, kind)
        for number in range(frames):
            at = START_NS + number * STEP_NS
            image, depth, points = scene(number)
            made = {
                "/demo/image_rect": factory.image(at, image),
                "/demo/depth/image_rect": factory.image(at, depth),
                "/demo/depth/confidence": factory.image(at, np.full_like(depth, 0.7)),
                "/demo/points": cloud(bag.store, factory, at, points),
                "/demo/focus_state": factory.focus_state(at, 0.5 + 0.05 * (number % 10)),
                "/diagnostics": factory.diagnostics(
                    at,
                    "/demo/depth_from_focus: stream",
                    {"solve median [ms]": f"{20 + number % 5}", "odd": "<b>no tag</b>"},
                ),
            }
            for topic, message in made.items():
                bag.write(topic, at, message)
    return path

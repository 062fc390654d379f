"""Takes the images of a scene from live topics, when it is told to."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import rclpy
from numpy.typing import NDArray
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions
from sensor_msgs.msg import CameraInfo, Image

from ...depth_encoding import depth_to_millimetres
from ...ros.messages import camera_model, image_array, slice_image
from ...ros.qos import PROFILES
from ...types import CameraModel, ImageArray, InputError
from .raw_folder import DEPTH_COLOUR

TOPICS = {"photograph": "image_rect", "depth": "depth/image_rect", DEPTH_COLOUR: "depth/color"}
# Of two apertures one exposure has little light: a mean of some frames has less noise.
FRAMES = 8


class TripleRecorder(Node):
    """Listens to a camera whose aperture can be set (`image_rect`) and to a depth sensor
    (`depth/image_rect`, and perhaps `depth/color` on the same pixels), each with its camera_info.

    `cameras`: `camera` of the photographs and `depth_camera`, as their camera_info says, once it
    has come.
    """

    def __init__(self) -> None:
        super().__init__("triple_recorder")
        self.cameras: dict[str, CameraModel] = {}
        self._frames: dict[str, list[Any]] = {}
        self._infos: dict[str, CameraInfo] = {}
        profile = PROFILES["sensor"]
        for what, topic in TOPICS.items():

            def came(message: Image, what: str = what) -> None:
                self._frames.setdefault(what, []).append(message)

            self.create_subscription(Image, topic, came, profile())
        for what, topic in (("photograph", "camera_info"), ("depth", "depth/camera_info")):

            def told(message: CameraInfo, what: str = what) -> None:
                self._infos[what] = message

            self.create_subscription(CameraInfo, topic, told, profile())
        self._executor = SingleThreadedExecutor()
        self._executor.add_node(self)

    def photograph(self, frames: int = FRAMES, patience_s: float = 10.0) -> ImageArray:
        """The mean of the next frames of `image_rect`; raises InputError where none come."""
        images = self._next("photograph", frames, patience_s)
        mean = _of_one_size([slice_image(m) for m in images]).mean(axis=0)
        kind = slice_image(images[0]).dtype
        self._note("photograph", images[0])
        return np.rint(mean).astype(kind)  # type: ignore[no-any-return]

    def depth(self, frames: int = FRAMES, patience_s: float = 10.0) -> dict[str, ImageArray]:
        """`depth` (uint16 millimetres, 0 unknown): each pixel's median of the next frames, where it
        is known in at least half of them; and the `depth_color` that came meanwhile.
        """
        images = self._next("depth", frames, patience_s)
        self._note("depth", images[0])
        stacked = _of_one_size([_millimetres(m) for m in images])
        known = stacked > 0
        seen = 2 * known.sum(axis=0) >= len(images)
        middle = np.zeros(seen.shape, np.uint16)
        there = np.where(known, stacked, np.nan)[:, seen]
        middle[seen] = np.nanmedian(there, axis=0) if there.size else 0
        found: dict[str, ImageArray] = {"depth": middle}
        colours = self._frames.get(DEPTH_COLOUR)
        return found | ({DEPTH_COLOUR: slice_image(colours[-1])} if colours else {})

    def close(self) -> None:
        """Stops listening."""
        self._executor.shutdown()
        self.destroy_node()

    def _next(self, what: str, frames: int, patience_s: float) -> list[Image]:
        """The next messages, none of them older than this call."""
        self._spin(0.05)  # what has waited in the middleware
        self._frames.clear()
        ends = time.monotonic() + patience_s
        while len(self._frames.get(what, ())) < frames and time.monotonic() < ends:
            self._spin(0.05)
        found = self._frames.get(what, [])
        if not found:
            topic = self.resolve_topic_name(TOPICS[what])
            raise InputError(f"no image came on {topic} within {patience_s:g} s: is it published?")
        return list(found)

    def _spin(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            self._executor.spin_once(timeout_sec=left)

    def _note(self, what: str, image: Image) -> None:
        info = self._infos.get(what)
        camera = None if info is None else camera_model(info, image.width, image.height)
        if camera is not None:
            self.cameras["camera" if what == "photograph" else "depth_camera"] = camera


def open_recorder(remaps: list[str]) -> TripleRecorder:
    """A recorder in this ROS domain; `remaps` as ROS has them, `from:=to`."""
    if not rclpy.ok():
        arguments = ["--ros-args", *(word for remap in remaps for word in ("-r", remap))]
        rclpy.init(
            args=arguments if remaps else None, signal_handler_options=SignalHandlerOptions.NO
        )
    return TripleRecorder()


def _millimetres(message: Image) -> NDArray[np.uint16]:
    depth = image_array(message)
    if depth.ndim == 2 and depth.dtype == np.uint16:
        return np.asarray(depth, np.uint16)
    if depth.ndim == 2 and depth.dtype == np.float32:
        return depth_to_millimetres(np.asarray(depth, np.float32))[0]
    raise InputError(f"the depth images are {message.encoding}: 16UC1 or 32FC1 is needed")


def _of_one_size(images: list[Any]) -> NDArray[np.float32]:
    if len({image.shape for image in images}) > 1:
        raise InputError("the images changed their size while they were taken")
    return np.stack(images).astype(np.float32)

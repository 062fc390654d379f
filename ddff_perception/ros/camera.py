"""What follows from a camera's camera_info, kept while it stays, and where cameras stand by TF."""

from __future__ import annotations

from functools import partial
from typing import Any

from sensor_msgs.msg import CameraInfo
from std_msgs.msg import Header

from ..optics.camera_geometry import PointGrid
from ..optics.rigid_transform import RigidTransform
from ..types import CameraModel, InputError
from .camera_info import resized_camera_info
from .inputs import CAMERA_INFO
from .interface import NodeInterface
from .messages import CloudBuffer, camera_model


class CameraCache:
    """Camera model, rays and cloud message of a stream of equal camera_info messages."""

    def __init__(self) -> None:
        self._key: object = None
        self._model: CameraModel | None = None
        self._grid: PointGrid | None = None
        self._cloud: CloudBuffer | None = None

    def model(self, info: CameraInfo, width: int, height: int) -> CameraModel | None:
        """`messages.camera_model`, computed when something changed. Raises InputError like it."""
        region = info.roi
        key = (
            (width, height, info.width, info.height, info.binning_x, info.binning_y),
            (region.x_offset, region.y_offset, region.width, region.height),
            (tuple(info.k), tuple(info.p), tuple(info.d)),
        )
        if key != self._key:
            self._model = camera_model(info, width, height)
            self._key = key
        return self._model

    def grid(self, camera: CameraModel, stride: int) -> PointGrid:
        """The rays of `camera` at a stride, computed when either changed."""
        grid = self._grid
        if grid is None or grid.camera != camera or grid.stride != stride:
            grid = self._grid = PointGrid(camera, stride)
        return grid

    def cloud(self, grid: PointGrid) -> CloudBuffer:
        """A cloud message to fill, the same one as long as its size stays."""
        cloud = self._cloud
        if cloud is None or cloud.shape != grid.shape:
            cloud = self._cloud = CloudBuffer(grid.shape)
        return cloud


class CameraInput(CameraCache):
    """The camera_info that came last on the topic `name` of `node`, a `PerceptionNode`, and what it
    says of its images.

    What does not belong to the images is rejected and not used; that there is none, or that it is
    not calibrated, is logged.
    """

    def __init__(self, node: Any, name: str) -> None:
        super().__init__()
        self._node, self._name = node, name
        self.info: CameraInfo | None = None

    def take(self, message: CameraInfo) -> None:
        self.info = message

    def of_images(self, width: int, height: int) -> tuple[CameraInfo | None, CameraModel | None]:
        """The camera_info of images of this size, rectified, and their camera; each is None where
        it is not known.
        """
        if not self._is_there():
            return None, None
        try:
            camera = self.model(self.info, width, height)
        except InputError as error:
            self._node.reject(self._name, str(error))
            return None, None
        if camera is None:
            self._node.warn_throttled(
                f"uncalibrated {self._name}",
                f"{self._name} has K zero (not calibrated): what needs it does not come",
            )
        return self.info, camera

    def resized(
        self,
        source: tuple[int, int],
        target: tuple[int, int],
        header: Header,
        used: tuple[int, int] | None = None,
    ) -> CameraInfo | None:
        """See `resized_camera_info`; None where there is no camera_info, or it does not fit."""
        if not self._is_there():
            return None
        try:
            return resized_camera_info(self.info, source, target, header, used)
        except InputError as error:
            self._node.reject(self._name, str(error))
            return None

    def _is_there(self) -> bool:
        if self.info is None:
            self._node.warn_throttled(
                f"no {self._name}", f"there is no {self._name} yet: what needs it does not come"
            )
        return self.info is not None


class CameraInputs(dict[str, CameraInput]):
    """One `CameraInput` for each camera_info among the inputs of `node`, by topic."""

    def __init__(self, node: Any, interface: NodeInterface) -> None:
        infos = [topic.name for topic in interface.inputs if topic.type == CAMERA_INFO]
        super().__init__((name, CameraInput(node, name)) for name in infos or ["camera_info"])

    @property
    def first(self) -> CameraInput:
        """That of the images that results belong to."""
        return next(iter(self.values()))

    def forget(self) -> None:
        """Forgets what came."""
        for camera in self.values():
            camera.info = None


class Transforms:
    """What TF says, of `node`; nothing is subscribed before the first question."""

    def __init__(self, node: Any) -> None:
        self._node = node
        self._buffer: Any = None
        self._listener: Any = None

    def stand(self, target: str, source: str, stamp: Any) -> RigidTransform:
        """Points of the frame `source` in the frame `target` at a message's stamp, or as they are
        known last.

        Raises InputError where TF does not know, or tf2_ros is not installed.
        """
        if target == source:
            return RigidTransform.identity()
        try:
            import tf2_ros
            from rclpy.time import Time
        except ImportError as error:
            raise InputError(
                f"{source} is another frame than {target}, and tf2_ros is not installed to say "
                "where it stands: install it, or give the transform as a parameter"
            ) from error
        if self._buffer is None:
            self._buffer = tf2_ros.Buffer()
            self._listener = tf2_ros.TransformListener(self._buffer, self._node)
        ask = partial(self._buffer.lookup_transform, target, source)
        try:
            try:
                found = ask(Time.from_msg(stamp)).transform
            except tf2_ros.ExtrapolationException:
                # The image came before the transform of its instant: the newest is near.
                found = ask(Time()).transform
        except tf2_ros.TransformException as error:
            raise InputError(
                f"TF does not say where {source} stands in {target}: {error}"
            ) from error
        move, turn = found.translation, found.rotation
        return RigidTransform.of_numbers([move.x, move.y, move.z, turn.x, turn.y, turn.z, turn.w])

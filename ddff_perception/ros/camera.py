"""What follows from a camera's camera_info, worked out once and kept while it stays."""

from __future__ import annotations

from sensor_msgs.msg import CameraInfo

from ..optics.camera_geometry import PointGrid
from ..types import CameraModel
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

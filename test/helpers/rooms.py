"""A room of planes, cast by rays: floor, walls, a table, a box; true depth and labels."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ddff_perception.files.rgbd_folder import RgbdFolder, RgbdImages, write_rgbd
from ddff_perception.optics.rigid_transform import RigidTransform
from ddff_perception.simulation.classes import NYU13
from ddff_perception.types import CameraModel

CAMERA = CameraModel(160, 120, 130.0, 130.0, 79.5, 59.5)
# x right, y down, z forward of a level camera 1.4 m above the floor; low and high corners.
_BOXES = {
    "table": ((-0.3, 0.68, 1.9), (0.9, 0.74, 2.7)),
    "objects": ((-1.2, 1.1, 1.8), (-0.5, 1.4, 2.4)),
}
_SHELL = {
    "floor": (1, 1.4),
    "ceiling": (1, -1.2),
    "wall": (2, 3.6),
    "left wall": (0, -1.9),
    "right wall": (0, 1.9),
}
TILT_DEG = 12.0
_COLOURS = np.random.default_rng(5).integers(40, 220, (256, 3)).astype(np.uint8)


def gravity(tilt_deg: float = TILT_DEG) -> np.ndarray:
    """What points down in the optical frame of the camera, which looks down by `tilt_deg`."""
    angle = np.radians(tilt_deg)
    return np.array([0.0, np.cos(angle), np.sin(angle)], np.float32)


def room(
    camera: CameraModel = CAMERA, tilt_deg: float = TILT_DEG, at: RigidTransform | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Depth (float32 metres) and labels (uint8) that a camera sees; `at`: where it stands in the
    first camera's optical frame.
    """
    columns = (np.arange(camera.width) - camera.cx) / camera.fx
    rows = (np.arange(camera.height) - camera.cy) / camera.fy
    x, y = np.meshgrid(columns, rows)
    rays = np.stack([x, y, np.ones_like(x)], axis=-1)
    place = RigidTransform.identity() if at is None else at
    angle = np.radians(tilt_deg)
    level = np.array(
        [[1, 0, 0], [0, np.cos(angle), np.sin(angle)], [0, -np.sin(angle), np.cos(angle)]]
    )
    rays = rays @ (level @ place.rotation).T
    eye = level @ place.translation
    depth = np.full(x.shape, np.inf)
    labels = np.full(x.shape, 255, np.uint8)
    with np.errstate(divide="ignore", invalid="ignore"):
        for name, (axis, offset) in _SHELL.items():
            reach = (offset - eye[axis]) / rays[..., axis]
            nearer = (reach > 0) & (reach < depth)
            depth[nearer] = reach[nearer]
            labels[nearer] = NYU13.index(name.split()[-1])
        for name, corners in _BOXES.items():
            low, high = ((np.array(corner) - eye) / rays for corner in corners)
            enter = np.minimum(low, high).max(axis=-1)
            leave = np.maximum(low, high).min(axis=-1)
            nearer = (enter > 0) & (enter < leave) & (enter < depth)
            depth[nearer] = enter[nearer]
            labels[nearer] = NYU13.index(name)
    return depth.astype(np.float32), labels


def picture(labels: np.ndarray) -> np.ndarray:
    """A colour image in which every class has one colour."""
    return _COLOURS[labels]


def millimetres(depth: np.ndarray) -> np.ndarray:
    """Metres as a camera's whole millimetres, 0 unknown."""
    return np.rint(np.nan_to_num(depth, nan=0.0, posinf=0.0) * 1000).astype(np.uint16)


def write_room(folder: Path, frames: int = 2, camera: CameraModel = CAMERA) -> Path:
    """The room as an RGB-D folder; it does not change from frame to frame."""
    depth, labels = room(camera)
    x, y, z = (float(v) for v in gravity())
    one = RgbdImages(picture(labels), millimetres(depth), labels, (x, y, z))
    write_rgbd(folder, RgbdFolder(folder, (), camera=camera), [one] * frames)
    return folder

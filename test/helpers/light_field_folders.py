"""Light fields as files, in the formats in which data sets come."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ddff_perception.files.images import write_image

# Focal length 100 mm on a 35 mm sensor, as the benchmark's scenes have it.
PARAMETERS = """[intrinsics]
focal_length_mm = 100.0
image_resolution_x_px = {width}
image_resolution_y_px = {height}
sensor_size_mm = 35.0
fstop = 100.0

[extrinsics]
num_cams_x = {columns}
num_cams_y = {rows}
baseline_mm = 100.0
focus_distance_m = 10.0
center_cam_x_m = 1.34

[meta]
scene = made_up
category = additional
disp_min = -1.0
disp_max = 0.75
frustum_disp_min = -2.5
depth_map_scale = 10.0
"""


def pfm(array: np.ndarray) -> bytes:
    """A grey portable float map: rows from bottom to top, little endian."""
    head = f"Pf\n{array.shape[1]} {array.shape[0]}\n-1.0\n"
    return head.encode() + array[::-1].astype("<f4").tobytes()


def write_benchmark_folder(
    folder: Path, views: np.ndarray, depth: float | None = None, parameters: bool = True
) -> Path:
    """A folder of the 4D light field benchmark; `depth` metres everywhere where given."""
    folder.mkdir(parents=True)
    rows, columns, height, width = views.shape[:4]
    for number, image in enumerate(views.reshape(-1, *views.shape[2:])):
        write_image(folder / f"input_Cam{number:03d}.png", image)
    if parameters:
        text = PARAMETERS.format(width=width, height=height, rows=rows, columns=columns)
        (folder / "parameters.cfg").write_text(text)
    if depth is not None:
        scale = 0.1 * 100 / 35 * max(width, height)
        truth = np.full((height, width), depth, np.float32)
        (folder / "gt_depth_lowres.pfm").write_bytes(pfm(truth))
        (folder / "gt_disp_lowres.pfm").write_bytes(pfm(scale * (1 / truth - 0.1)))
    return folder

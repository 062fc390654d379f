"""Small result folders and stacks as `ddff depth` and `ddff simulate` leave them."""

import numpy as np

from ddff_perception.files.atomic import make_folder, write_json
from ddff_perception.files.images import write_array, write_image
from ddff_perception.files.stack_folder import write_stack
from ddff_perception.types import CameraModel, FocalStack, FocusSlice

HEIGHT, WIDTH = 24, 32
TRUTH = np.where(np.arange(WIDTH) < 16, 1.0, 2.0).astype(np.float32) * np.ones(
    (HEIGHT, 1), np.float32
)


def make_stack(folder, aperture=None):
    """Two slices and a truth of 1 m (left half) and 2 m (right half)."""
    image = np.full((HEIGHT, WIDTH, 3), 100, np.uint8)
    camera = CameraModel(WIDTH, HEIGHT, 40.0, 40.0, 15.5, 11.5, aperture)
    slices = tuple(FocusSlice(image, distance) for distance in (2.0, 1.0))
    write_stack(folder, FocalStack(slices, camera), truth=TRUTH)
    return folder


def make_result(folder, depth=None, **summary):
    """A result whose depth is 1.25 times the truth, unknown in the first row."""
    make_folder(folder)
    if depth is None:
        depth = TRUTH * np.float32(1.25)
        depth[0] = np.nan
    write_array(folder / "depth.npy", depth)
    confidence = np.linspace(0, 1, depth.size, dtype=np.float32).reshape(depth.shape)
    write_array(folder / "confidence.npy", confidence)
    write_image(folder / "all_in_focus.png", np.full((*depth.shape, 3), 60, np.uint8))
    content = {
        "method": "multiscale",
        "parameters": {"method": "multiscale", "cell": 8},
        "version": "0.1.0",
        "slices": 2,
        "relative": False,
        "timings_ms": {"slice": 2.0, "solve": 6.0},
        "total_s": 0.05,
        **summary,
    }
    write_json(folder / "summary.json", content)
    return folder

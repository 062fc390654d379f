"""The demo: a focus sweep through a stack, and depth from it while it runs."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from ...evaluation.demo import Demo
from ...files.stack_folder import read_stack, write_stack
from ...optics.resampling import shrunk_stack
from ...parameters import Value
from ...types import InputError

# What the package can do; the node's own default needs no engine.
METHOD = "focus_stream"


def checked_stack(stack: Path | None, output: Path, max_width: int) -> tuple[str, dict[str, Value]]:
    """The stack to play, a shrunken copy where its images are too wide; unknown focus distances are
    allowed where it has none.
    """
    from ...simulation.focus_camera.sources import DEMO_STACK

    folder = DEMO_STACK if stack is None else stack
    if stack is None and not folder.is_dir():
        raise InputError("the package has no stack of its own here: give one with --source")
    content = read_stack(folder)
    relative = bool(np.isnan(content.stack.focus_distances_m).all())
    given: dict[str, Value] = {"capture.allow_unknown": relative}
    small = shrunk_stack(content.stack, max_width)
    if small is content.stack:
        return str(folder.resolve()), given
    truth = content.truth
    if truth is not None:
        height, width = small.images[0].shape[:2]
        # The nearest true depth: a mean of two would lie where there is nothing.
        resized = cv2.resize(truth, (width, height), interpolation=cv2.INTER_NEAREST)
        truth = np.asarray(resized, np.float32)
    write_stack(output / "stack", small, truth=truth)
    return str((output / "stack").resolve()), given


DEPTH_DEMO = Demo(
    title="Depth from focus, live over DDS",
    sensor="sim_camera",
    recorded=(
        "image_rect",
        "camera_info",
        "focus_state",
        "truth/depth",
        "depth/image_rect",
        "depth/camera_info",
        "depth/confidence",
        "image_all_in_focus",
        "points",
    ),
    sent=("image_rect", "depth/image_rect", "depth/confidence", "image_all_in_focus", "points"),
    shown="depth/image_rect",
    # A full cloud is five times the size of its depth image.
    given={"method": METHOD, "points.stride": 2},
    prepare=checked_stack,
)

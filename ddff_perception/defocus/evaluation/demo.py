"""The demo: a focus camera at rest, and depth, defocus and sharp images from each image alone."""

from __future__ import annotations

from pathlib import Path

from ...evaluation.demo import Demo
from ...files.stack_folder import read_camera
from ...parameters import Value
from ...types import InputError

# What a stack without an aperture is taken with.
_APERTURE_M = 0.012


def known_lens(stack: Path | None, _output: Path, _width: int) -> tuple[str, dict[str, Value]]:
    """The stack whose middle slice is shown, and the aperture of its camera, which camera_info
    does not tell.
    """
    from ...simulation.focus_camera.sources import DEMO_STACK

    folder = DEMO_STACK if stack is None else stack
    if not (folder / "stack.json").is_file():
        raise InputError(f"{folder} holds no stack (stack.json): give one with --source")
    camera = read_camera(folder)
    aperture = (camera.aperture_diameter_m if camera else None) or _APERTURE_M
    return str(folder.resolve()), {"lens.aperture_m": aperture}


DEFOCUS_DEMO = Demo(
    title="Depth from defocus, live over DDS",
    sensor="sim_camera",
    recorded=(
        "image_rect",
        "camera_info",
        "focus_state",
        "truth/depth",
        "depth/image_rect",
        "depth/camera_info",
        "depth/confidence",
        "defocus/image",
        "image_deblurred",
        "points",
    ),
    sent=("image_rect", "depth/image_rect", "defocus/image", "image_deblurred", "points"),
    shown="depth/image_rect",
    played={"order": "rest"},
    prepare=known_lens,
)

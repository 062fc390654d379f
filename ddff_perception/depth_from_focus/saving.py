"""One folder with everything that depth from focus knows at an instant."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from ..depth_encoding import depth_to_millimetres
from ..evaluation.reports.colours import to_bgr
from ..files.atomic import make_folder, remove
from ..files.clouds import Band, write_ply_bands
from ..files.images import write_array, write_image
from ..files.limits import GIB, SNAPSHOTS, SNAPSHOTS_GIB
from ..files.stack_folder import write_stack
from ..optics.camera_geometry import depth_to_points
from ..types import CameraModel, DepthEstimate, FocalStack, InputError

_BAND_PX = 1 << 20

RESULT_FILES = (
    *("depth.npy", "confidence.npy", "all_in_focus.png", "depth.png", "cloud.ply"),
    *("source.png", "depth_color.png", "summary.json", "report.html"),
)
"""What `write_estimate` and the commands that call it put into a folder."""


def save_snapshot(root: Path, name: str, stack: FocalStack, estimate: DepthEstimate | None) -> Path:
    """Writes `root`/`name` whole or not at all, and returns it (with a number where it exists).

    It holds `stack/` (a stack folder) and, with an `estimate`, `depth.npy` (float32 metres),
    `confidence.npy`, `all_in_focus.png`, `depth.png` (16-bit millimetres) unless the depth is
    relative, and `cloud.ply` where the camera is known. Raises InputError where it cannot be
    written, or where `root` holds more than `limits.SNAPSHOTS` or would hold more than
    `limits.SNAPSHOTS_GIB`.
    """
    make_folder(root)
    SNAPSHOTS.check(1 + sum(path.is_dir() for path in root.iterdir()), str(root))
    there = sum(path.stat().st_size for path in root.rglob("*") if path.is_file())
    coming = sum(item.image.nbytes for item in stack.slices)
    SNAPSHOTS_GIB.check((there + coming) / GIB, str(root))
    try:
        partial = Path(tempfile.mkdtemp(prefix=f".{name}.", dir=root))
        partial.chmod(0o755)
    except OSError as error:
        raise InputError(f"cannot write into {root}: {error.strerror or error}") from error
    try:
        write_stack(partial / "stack", stack)
        if estimate is not None:
            write_estimate(partial, estimate, stack.camera)
        return _move(partial, root / name)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def write_estimate(folder: Path, estimate: DepthEstimate, camera: CameraModel | None) -> int | None:
    """Writes the result files into `folder` and returns the number of cloud points.

    `depth.npy` (float32 metres, NaN unknown), `confidence.npy`, `all_in_focus.png`; unless the
    depth is relative `depth.png` (16-bit millimetres); with a `camera` also `cloud.ply`, None
    without one; `source.png` (16-bit) where it is known which slice a pixel is from. What an
    earlier estimate left there and this one has not is removed. Raises InputError where it cannot
    be written.
    """
    for name in ("all_in_focus.png", "source.png", "depth.png", "cloud.ply"):
        remove(folder / name)
    write_array(folder / "depth.npy", estimate.depth)
    write_array(folder / "confidence.npy", estimate.confidence)
    if estimate.all_in_focus is not None:
        write_image(folder / "all_in_focus.png", estimate.all_in_focus)
    if estimate.source is not None:
        write_image(folder / "source.png", estimate.source)
    if estimate.relative:
        return None
    write_image(folder / "depth.png", depth_to_millimetres(estimate.depth)[0])
    if camera is None:
        return None
    return write_ply_bands(folder / "cloud.ply", _bands(estimate, camera))


def _bands(estimate: DepthEstimate, camera: CameraModel) -> Iterator[Band]:
    """Points with their colours, a band of rows after the other: a cloud is far larger than its
    depth image.
    """
    rows = max(1, _BAND_PX // camera.width)
    for top in range(0, camera.height, rows):
        depth = estimate.depth[top : top + rows]
        part = camera.cropped(0, top, camera.width, len(depth))
        image = estimate.all_in_focus
        colour = None if image is None else to_bgr(image[top : top + rows])
        yield depth_to_points(depth, part), colour


def _move(folder: Path, goal: Path) -> Path:
    """Renames `folder` to `goal`, or to `goal-2`, `goal-3` ... where there is one already."""
    for number in range(1, 10_000):
        target = goal if number == 1 else goal.with_name(f"{goal.name}-{number}")
        if target.exists():
            continue
        try:
            return folder.rename(target)
        except OSError as error:
            if not target.exists():
                raise InputError(f"cannot write {target}: {error.strerror or error}") from error
    raise InputError(f"{goal.parent} is full of snapshots: empty it")

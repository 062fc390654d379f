"""ZEDD, 100 real focus stacks with depth (Y. Zuo et al., Zero-Shot Depth from Defocus, 2026)::

    ZEDD/metadata.txt                 per line: run_N, motor position, focus distance in metres
    ZEDD/val/val_0001/focus_stack/    img_run_N_motor_HEX_aperture_F2.8.jpg ...
    ZEDD/val/val_0001/gt/             K.txt (3 x 3, for the size of the depth), depth.npy (metres)
    ZEDD/test/test_0001/              the same without depth.npy

Nine runs are nine focus distances, each at five large apertures and at F16. A submission is a zip
file of `zedd_output_0001.npy` ... `zedd_output_0050.npy`, metres, 1216 x 1824, nothing unknown.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ...files.atomic import atomic_write
from ...files.images import read_array, read_image
from ...files.stack_folder import StackFolder
from ...types import CameraModel, FloatArray, FocalStack, FocusSlice, ImageArray, InputError

SPLITS = ("val", "test")
APERTURES = (1.4, 2.0, 2.8, 4.0, 5.6, 16.0)
USUAL_RUNS = (1, 3, 5, 7, 9)
"""Those of the published rows, at F2.8."""
TEST_SIZE = (1216, 1824)
VALIDATION_SIZE = (480, 640)
"""Rows and columns that the published rows are scored at: resized to the rows, cropped around the
middle to the columns."""
_SHARP = (5, 16.0)
_NEAREST_M, _FARTHEST_M = 0.01, 1000.0
_HEADER_BYTES = 4096


@dataclass(frozen=True, slots=True)
class FocusRun:
    """One focus distance of the rig: the motor's position in hexadecimal, and metres."""

    motor: str
    distance_m: float


def read_focus_runs(root: Path) -> dict[int, FocusRun]:
    """The runs of `root`/metadata.txt by number; raises InputError where it is none."""
    file = root / "metadata.txt"
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError) as error:
        raise InputError(
            f"{root} holds no ZEDD: it has no metadata.txt that can be read"
        ) from error
    runs = {}
    for line in (text.strip() for text in lines):
        if not line or line.startswith("#"):
            continue
        try:
            name, motor, distance = line.split("\t")
            runs[int(name.removeprefix("run_"))] = FocusRun(_motor(motor), float(distance))
        except ValueError as error:
            raise InputError(f"{file}: {line!r} is no run, motor position and distance") from error
    if not all(0 < run.distance_m < np.inf for run in runs.values()):
        raise InputError(f"{file}: focus distances must be metres > 0")
    return runs


def find_scenes(root: Path, split: str) -> list[Path]:
    """The scenes of a split in order; raises InputError where there are none."""
    scenes = sorted(path for path in (root / split).glob(f"{split}_*") if path.is_dir())
    if split not in SPLITS or not scenes:
        raise InputError(f"{root} has no scenes of the split {split!r}: {' or '.join(SPLITS)}")
    return scenes


def read_scene(
    scene: Path,
    runs: dict[int, FocusRun],
    *,
    f_number: float = 2.8,
    numbers: Sequence[int] = USUAL_RUNS,
    size: tuple[int, int] = VALIDATION_SIZE,
) -> StackFolder:
    """One scene as a stack of rows x columns `size`, with its truth (metres, NaN where unknown;
    None in the test split) and the sharp image of F16.

    Raises InputError where a file is missing or damaged, or a run or an aperture is not there.
    """
    if f_number not in APERTURES or not set(numbers) <= set(runs):
        apertures = ", ".join(f"{value:g}" for value in APERTURES)
        raise InputError(f"ZEDD has the apertures F {apertures} and the runs {sorted(runs)}")

    def image(number: int, aperture: float) -> ImageArray:
        name = f"img_run_{number}_motor_{runs[number].motor}_aperture_F{aperture:.1f}.jpg"
        fitted: ImageArray = _fitted(read_image(scene / "focus_stack" / name), size, cv2.INTER_AREA)
        return fitted

    truth = _read_truth(scene / "gt" / "depth.npy")
    shape = TEST_SIZE if truth is None else truth.shape
    camera = _read_camera(scene / "gt" / "K.txt", (shape[0], shape[1]), size)
    items = [FocusSlice(image(n, f_number), runs[n].distance_m) for n in numbers]
    seen = None if truth is None else _fitted(truth, size, cv2.INTER_NEAREST)
    return StackFolder(scene, FocalStack(tuple(items), camera), seen, image(*_SHARP))


def write_submission(
    file: Path,
    depths: Iterable[FloatArray],
    *,
    count: int = 50,
    size: tuple[int, int] = TEST_SIZE,
) -> None:
    """`depths` of the test scenes in order, rows x columns `size` metres, as the test server takes
    them. Raises InputError on another count or size, on what is not finite and positive, and where
    the file cannot be written; then there is no file.
    """
    if file.suffix != ".zip":
        raise InputError(f"{file} must end in .zip")
    with (
        atomic_write(file) as target,
        zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as packed,
    ):
        number = 0
        for number, depth in enumerate(depths, 1):
            _require(f"depth {number}", depth, size)
            with packed.open(_name(number), "w") as entry:
                np.lib.format.write_array(entry, np.asarray(depth, np.float32), allow_pickle=False)
        if number != count:
            raise InputError(f"a submission needs {count} depth maps, not {number}")


def check_submission(file: Path, *, count: int = 50, size: tuple[int, int] = TEST_SIZE) -> None:
    """InputError on anything in `file` that the test server would refuse."""
    names = [_name(number) for number in range(1, count + 1)]
    limit = 8 * size[0] * size[1] + _HEADER_BYTES
    try:
        with zipfile.ZipFile(file) as packed:
            if sorted(packed.namelist()) != names:
                raise InputError(f"{file} must hold {names[0]} to {names[-1]} and nothing else")
            for name in names:
                if packed.getinfo(name).file_size > limit:
                    raise InputError(f"{file}: {name} is larger than a depth map can be")
                with packed.open(name) as entry:
                    _require(name, np.lib.format.read_array(entry, allow_pickle=False), size)
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"{file} is no submission: {error}") from error


def _name(number: int) -> str:
    return f"zedd_output_{number:04d}.npy"


def _require(name: str, depth: NDArray[np.generic], size: tuple[int, int]) -> None:
    if depth.shape != size or depth.dtype.kind != "f":
        raise InputError(f"{name} is {depth.shape} {depth.dtype}, not {size} floats")
    if not (np.isfinite(depth).all() and (depth > 0).all()):  # type: ignore[operator]
        raise InputError(f"{name} must be metres > 0 everywhere: fill what is unknown")


def _motor(text: str) -> str:
    """Four digits or so; it becomes part of a file's name."""
    int(text, 16)
    return text


def _fitted(image: Any, size: tuple[int, int], way: int) -> Any:
    """Resized to the rows of `size`, then cropped around the middle to its columns."""
    rows, columns = size
    if image.shape[0] != rows:
        width = int(image.shape[1] * rows / image.shape[0])
        image = cv2.resize(image, (width, rows), interpolation=way)
    if image.shape[1] < columns:
        raise InputError(f"an image of {image.shape[1]} columns is narrower than {columns}")
    left = (image.shape[1] - columns) // 2
    return np.ascontiguousarray(image[:, left : left + columns])


def _read_truth(file: Path) -> FloatArray | None:
    if not file.is_file():
        return None
    depth = read_array(file)
    if depth.ndim != 2 or depth.dtype.kind != "f":
        raise InputError(f"{file} is {depth.shape} {depth.dtype}: it must be one map of metres")
    known = (depth >= _NEAREST_M) & (depth <= _FARTHEST_M)
    return np.where(known, depth, np.nan).astype(np.float32)


def _read_camera(file: Path, shape: tuple[int, int], size: tuple[int, int]) -> CameraModel:
    """`shape`: rows and columns that the matrix in `file` is for."""
    try:
        matrix = np.loadtxt(file)
        if matrix.shape != (3, 3):
            raise ValueError(f"it is {matrix.shape}")
    except (OSError, ValueError) as error:
        raise InputError(f"{file} holds no 3 x 3 camera matrix: {error}") from error
    width = int(shape[1] * size[0] / shape[0])
    fx, fy, cx, cy = (float(matrix[at]) for at in ((0, 0), (1, 1), (0, 2), (1, 2)))
    camera = CameraModel(shape[1], shape[0], fx, fy, cx, cy).resized(width, size[0])
    left = (width - size[1]) // 2
    return CameraModel(size[1], size[0], camera.fx, camera.fy, camera.cx - left, camera.cy)

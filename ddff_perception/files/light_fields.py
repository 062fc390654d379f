"""Light fields on disk: folders of sub-aperture images, and arrays.

A folder as the 4D light field benchmark (K. Honauer et al., 2016) has them:

    input_Cam000.png ...   views row by row, the first one top left
    parameters.cfg         optional: grid, baseline, focal length, plane of zero disparity
    gt_depth_lowres.pfm    optional truth of the centre view, metres
    gt_disp_lowres.pfm     optional truth of the centre view, disparity in pixels

or one with any other images, in natural order. An array is V x U x H x W x 3 RGB, uint8 or uint16,
as .npy, HDF5 or MATLAB file; nothing is ever unpickled.
"""

from __future__ import annotations

import configparser
import math
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from scipy.io import loadmat, whosmat

from ..types import (
    CameraModel,
    FloatArray,
    ImageArray,
    InputError,
    LightField,
    LightFieldCalibration,
)
from .images import read_array, read_image, require_room
from .limits import ARRAY_GIB, GIB, IMAGE_MEGAPIXELS
from .photographs import find_photographs

HDF5_SUFFIXES = (".h5", ".hdf5")
ARRAY_SUFFIXES = (".npy", ".mat", *HDF5_SUFFIXES)
_HDF5_START = b"\x89HDF\r\n\x1a\n"


@dataclass(frozen=True, slots=True)
class StoredLightField:
    """A light field and what lies beside it.

    `disparity_px`: H x W float32, pixels, NaN where unknown; `depth_m`: H x W float32 metres, NaN
    where unknown; both of the centre view, None where there is none. `disparity_range_px`: the
    nearest and farthest disparity that the files state, None where they state none.
    """

    light_field: LightField
    disparity_px: FloatArray | None = None
    depth_m: FloatArray | None = None
    disparity_range_px: tuple[float, float] | None = None
    parameters: dict[str, str] = field(default_factory=dict)


def read_light_field(path: Path, grid: tuple[int, int] | None = None) -> StoredLightField:
    """The light field at `path`, a folder or an array file.

    `grid`: rows and columns of views of a folder; by default what `parameters.cfg` says, else a
    square. Raises InputError with one sentence about what is wrong.
    """
    if path.is_dir():
        return _read_folder(path, grid)
    if path.suffix.lower() not in ARRAY_SUFFIXES:
        raise InputError(
            f"{path} is no folder of views and no array ({', '.join(ARRAY_SUFFIXES)}): give one"
        )
    views = read_views(path)
    return StoredLightField(LightField(np.ascontiguousarray(views[..., ::-1])))


def read_views(path: Path) -> np.ndarray[Any, Any]:
    """The V x U x H x W x 3 RGB array at `path`; the only array of five axes that it holds."""
    if path.suffix.lower() == ".npy":
        return _checked(path, [read_array(path)])
    try:
        with path.open("rb") as file:
            start = file.read(128)
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}") from error
    if path.suffix.lower() in HDF5_SUFFIXES:
        return _checked(path, hdf5_arrays(path))
    if start.startswith(_HDF5_START) or b"MATLAB 7.3" in start:
        # MATLAB 7.3 is HDF5 with the axes in reverse order.
        return _checked(path, [array.T for array in hdf5_arrays(path)])
    return _checked(path, list(read_matlab(path).values()))


def hdf5_arrays(path: Path) -> list[np.ndarray[Any, Any]]:
    """Every array of five axes in an HDF5 file; raises InputError where it is none."""
    with open_hdf5(path) as file:
        arrays = [item for item in _datasets(file) if item.ndim == 5]
        ARRAY_GIB.check(sum(item.nbytes for item in arrays) / GIB, str(path))
        return [np.asarray(item) for item in arrays]


def open_hdf5(path: Path) -> Any:
    """The HDF5 file at `path`, open for reading; raises InputError where it is none."""
    try:
        import h5py
    except ModuleNotFoundError as error:
        raise InputError(
            f"{path} needs h5py: install it with pip install 'ddff_perception[train]'"
        ) from error
    try:
        return h5py.File(path, "r")
    except OSError as error:
        raise InputError(f"cannot read the HDF5 file {path}: {error}") from error


_FLOAT_MAP = re.compile(rb"Pf\s+(\d{1,6})\s+(\d{1,6})\s+([-+.0-9eE]{1,24})\s")


def read_pfm(path: Path) -> FloatArray:
    """A portable float map, H x W float32; raises InputError where it is none."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}") from error
    # OpenCV reads them from 4.7 on, and Ubuntu 24.04 has 4.6.
    header = _FLOAT_MAP.match(content)
    if header is None:
        raise InputError(f"{path} is no grey portable float map (.pfm)")
    width, height = int(header[1]), int(header[2])
    try:
        scale = float(header[3])
    except ValueError:
        scale = 0.0
    if not scale or not math.isfinite(scale):
        raise InputError(f"{path} has the scale {header[3].decode()}; it must be a number but 0")
    IMAGE_MEGAPIXELS.check(width * height / 1e6, str(path))
    held = len(content) - header.end()
    if min(width, height) < 1 or held != 4 * width * height:
        raise InputError(
            f"{path} is no grey portable float map (.pfm), or is truncated: {held} bytes for "
            f"{width}x{height} values"
        )
    order = "<f4" if scale < 0 else ">f4"
    values = np.frombuffer(content, order, offset=header.end()).reshape(height, width)
    # Rows begin at the bottom; the sign of the scale is the order of bytes, the rest a divisor, as
    # OpenCV has it.
    return np.ascontiguousarray(values[::-1] / np.float32(abs(scale)), np.float32)


def _datasets(group: Any) -> list[Any]:
    found = []
    for item in group.values():
        found += _datasets(item) if hasattr(item, "values") else [item]
    return found


def _checked(path: Path, arrays: list[np.ndarray[Any, Any]]) -> np.ndarray[Any, Any]:
    fitting = [a for a in arrays if a.ndim == 5 and a.shape[4] == 3]
    if len(fitting) != 1:
        shapes = ", ".join(str(a.shape) for a in arrays) or "nothing"
        raise InputError(f"{path} must hold one array V x U x H x W x 3, but holds {shapes}")
    (array,) = fitting
    if array.dtype not in (np.uint8, np.uint16):
        raise InputError(f"{path} holds {array.dtype}: a light field has 8 or 16 bits per channel")
    return array


def _read_folder(folder: Path, grid: tuple[int, int] | None) -> StoredLightField:
    files = [f for f in find_photographs(folder) if f.stem.lower().startswith("input_cam")]
    files = files or find_photographs(folder)
    parameters = _parameters(folder / "parameters.cfg")
    rows, columns = grid or _grid(parameters, len(files))
    if rows * columns != len(files):
        raise InputError(
            f"{folder} holds {len(files)} views, which is no grid of {rows} rows and {columns} "
            "columns: give rows and columns as --grid 9x9"
        )
    require_room(files, folder)
    images: list[ImageArray] = []
    for file in files:
        image = read_image(file)
        first = images[0] if images else image
        if image.shape != first.shape or image.dtype != first.dtype:
            raise InputError(f"{file} differs from the first view in size or type")
        images.append(image)
    views: ImageArray = np.stack(images).reshape(rows, columns, *images[0].shape)  # type: ignore[assignment]
    calibration = _calibration(folder / "parameters.cfg", parameters, views.shape[2:4])
    return StoredLightField(
        LightField(views, calibration),
        _truth(folder / "gt_disp_lowres.pfm", views.shape[2:4], positive=False),
        _truth(folder / "gt_depth_lowres.pfm", views.shape[2:4], positive=True),
        _range(parameters),
        parameters,
    )


def _truth(file: Path, shape: tuple[int, ...], *, positive: bool) -> FloatArray | None:
    if not file.is_file():
        return None
    truth = read_pfm(file)
    if truth.shape != shape:
        raise InputError(f"{file} is {truth.shape}, the views are {shape}")
    unknown = ~np.isfinite(truth) | ((truth <= 0) if positive else False)
    return np.where(unknown, np.float32(np.nan), truth)


def _parameters(file: Path) -> dict[str, str]:
    """Every `name = value` of the file, whatever section it stands in."""
    if not file.is_file():
        return {}
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        parser.read_string(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, configparser.Error) as error:
        raise InputError(
            f"{file} is no file of parameters: {str(error).splitlines()[0]}"
        ) from error
    return {name: value for section in parser.sections() for name, value in parser[section].items()}


def _grid(parameters: dict[str, str], count: int) -> tuple[int, int]:
    try:
        return int(parameters["num_cams_y"]), int(parameters["num_cams_x"])
    except (KeyError, ValueError):
        side = math.isqrt(count)
        return side, side


def _calibration(
    file: Path, parameters: dict[str, str], size: tuple[int, ...]
) -> LightFieldCalibration | None:
    """Focal length in pixels is f / sensor x the longer side; zero disparity at the focus plane."""
    names = ("focal_length_mm", "sensor_size_mm", "baseline_mm", "focus_distance_m")
    if not all(name in parameters for name in names):
        return None
    try:
        focal, sensor, baseline, plane = (float(parameters[name]) for name in names)
        if sensor <= 0:
            raise ValueError("sensor_size_mm must be positive")
        height, width = size
        camera = CameraModel.centred(width, height, focal / sensor * max(size))
        return LightFieldCalibration(baseline * 1e-3, camera, plane)
    except ValueError as error:
        raise InputError(f"{file}: {error}") from error


def _range(parameters: dict[str, str]) -> tuple[float, float] | None:
    try:
        return float(parameters["disp_max"]), float(parameters["disp_min"])
    except (KeyError, ValueError):
        return None


def read_matlab(path: Path) -> dict[str, np.ndarray[Any, Any]]:
    """The arrays in a MATLAB file by name; raises InputError where it is none or is damaged.

    Versions up to 7.2; those of 7.3 are HDF5. The format holds numbers and texts, never code.
    """
    try:
        # Every value takes 8 bytes at the most, and twice as many where it is complex.
        values = sum(math.prod(shape) for _, shape, _ in whosmat(path))
        ARRAY_GIB.check(8 * values / GIB, str(path))
        content = loadmat(path)
    except InputError:
        raise
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}") from error
    except Exception as error:  # SciPy raises a dozen kinds on damaged files
        raise InputError(f"{path} is no MATLAB file: {error}") from error
    return {name: value for name, value in content.items() if isinstance(value, np.ndarray)}

"""NYUv2 as its authors publish it, and MATLAB's files: what every capability reads of them.

N. Silberman et al., "Indoor segmentation and support inference from RGBD images", ECCV 2012.
Nothing of it comes with this package; it has terms of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..types import CameraModel, FloatArray, InputError, require_choice

SPLITS = ("train", "test")
IMAGES = "nyu_depth_v2_labeled.mat"
# The colour camera of NYUv2's Kinect (its toolbox, camera_params.m).
CAMERA = CameraModel(640, 480, 518.857901, 519.469611, 325.582449, 253.736166)


@dataclass(frozen=True, slots=True)
class NyuFrame:
    """`colour` uint8 H x W x 3 BGR; `depth` float32 metres, NaN unknown; `labels` H x W, of the 894
    classes, 0 none; `camera` of both.
    """

    name: str
    colour: NDArray[np.uint8]
    depth: FloatArray
    labels: NDArray[Any]
    camera: CameraModel


class NyuFrames:
    """`nyu_depth_v2_labeled.mat` with `splits.mat`: 795 images to train, 654 to test.

    Depth is the in-painted one, or the sensor's where `inpainted` is False. Raises InputError where
    a file is missing or holds something else.
    """

    def __init__(self, folder: Path, split: str, inpainted: bool = True) -> None:
        require_choice("split", split, SPLITS)
        splits = read_matlab(folder / "splits.mat")
        key = {"train": "trainNdxs", "test": "testNdxs"}[split]
        self._numbers = matlab_field(folder / "splits.mat", splits, key).astype(int).ravel() - 1
        self._file = open_hdf5(folder / IMAGES)
        self._depth = "depths" if inpainted else "rawDepths"

    def __len__(self) -> int:
        return len(self._numbers)

    def __getitem__(self, index: int) -> NyuFrame:
        number = int(self._numbers[index])
        # MATLAB counts columns first.
        labels = np.asarray(self._file["labels"][number]).T
        depth = np.asarray(self._file[self._depth][number], np.float32).T
        colour = np.asarray(self._file["images"][number]).transpose(2, 1, 0)[..., ::-1]
        return NyuFrame(
            f"{number + 1:04d}",
            np.ascontiguousarray(colour, np.uint8),
            np.where(depth > 0, depth, np.float32(np.nan)),
            labels,
            CAMERA.resized(labels.shape[1], labels.shape[0]),
        )


def read_matlab(path: Path) -> Mapping[str, Any]:
    """What a MATLAB file up to version 7 holds; raises InputError where it is none."""
    from scipy.io import loadmat

    read = lambda: loadmat(str(path), squeeze_me=True, struct_as_record=False)  # noqa: E731
    return dict(_opened(path, read))


def open_hdf5(path: Path) -> Any:
    """A MATLAB file of version 7.3, open; raises InputError where it is none."""
    try:
        import h5py
    except ImportError as error:
        raise InputError("reading MATLAB 7.3 files needs the package h5py") from error
    return _opened(path, lambda: h5py.File(path, "r"))


def matlab_field(path: Path, content: Mapping[str, Any], name: str) -> NDArray[Any]:
    """A variable of what `read_matlab` gave; raises InputError where it is not there."""
    if name not in content:
        raise InputError(f"{path} holds no {name}")
    return np.asarray(content[name])


def _opened(path: Path, read: Callable[[], Any]) -> Any:
    try:
        return read()
    except Exception as error:  # damaged files end in a dozen kinds of error
        raise InputError(f"{path} is missing or no file of the data set: {error}") from error

"""NYUv2 and SUN RGB-D as their authors publish them, with the splits of section 4.4.

N. Silberman et al., ECCV 2012; S. Gupta et al., CVPR 2013 (40 classes); S. Song et al., CVPR 2015.
Nothing of them comes with this package; they have terms of their own.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray

from ...files.images import read_image
from ...simulation.classes import NYU40, UNLABELLED
from ...training.nyu import SPLITS, NyuFrames, matlab_field, open_hdf5, read_matlab
from ...types import CameraModel, FloatArray, InputError, require_choice

SUN_CLASSES = NYU40[:37]
"""In the order of the thesis's Table 4.4; the first 37 of NYU's 40."""
_SUN_ROOT = "/n/fs/sun3d/data/"
_FARTHEST_M = 8.0


@dataclass(frozen=True, slots=True)
class PublishedFrame:
    """`colour` uint8 H x W x 3 BGR; `depth` float32 metres, NaN unknown; `labels` uint8 H x W,
    index into NYU40, 255 unlabelled; `camera` of both.
    """

    name: str
    colour: NDArray[np.uint8]
    depth: FloatArray
    labels: NDArray[np.uint8]
    camera: CameraModel


class NyuV2:
    """`nyu_depth_v2_labeled.mat` with `splits.mat` (795 train, 654 test) and `classMapping40.mat`.

    Depth is the in-painted one, or the sensor's where `inpainted` is False. Raises InputError where
    a file is missing or holds something else.
    """

    def __init__(self, folder: Path, split: str, inpainted: bool = True) -> None:
        self._frames = NyuFrames(folder, split, inpainted)
        file = folder / "classMapping40.mat"
        classes = matlab_field(file, read_matlab(file), "mapClass").astype(int).ravel()
        # 0 stays unlabelled; the classes of both count from 1.
        self._to_40 = np.full(len(classes) + 1, UNLABELLED, np.uint8)
        self._to_40[1:] = np.where((classes >= 1) & (classes <= 40), classes - 1, UNLABELLED)

    def __len__(self) -> int:
        return len(self._frames)

    def __iter__(self) -> Iterator[PublishedFrame]:
        return (self[index] for index in range(len(self)))

    def __getitem__(self, index: int) -> PublishedFrame:
        frame = self._frames[index]
        labels = self._to_40[np.minimum(frame.labels, len(self._to_40) - 1)]
        return PublishedFrame(frame.name, frame.colour, frame.depth, labels, frame.camera)


class SunRgbd:
    """The folder that holds `SUNRGBD/` and `SUNRGBDtoolbox/`: 5,285 images to train, 5,050 to test.

    The RealSense's training images are left out, as their depth is bad (`realsense` keeps them);
    depth is the in-painted one (`depth_bfx`) unless `inpainted` is False. Raises InputError where a
    file is missing or holds something else.
    """

    def __init__(
        self, folder: Path, split: str, inpainted: bool = True, realsense: bool = False
    ) -> None:
        require_choice("split", split, SPLITS)
        toolbox = folder / "SUNRGBDtoolbox"
        self._folder, self._inpainted = folder, inpainted
        lists = toolbox / "traintestSUNRGBD" / "allsplit.mat"
        paths = matlab_field(
            lists, read_matlab(lists), {"train": "alltrain", "test": "alltest"}[split]
        )
        wanted = {_inside(str(path)) for path in np.atleast_1d(paths)}
        if split == "train" and not realsense:
            wanted = {path for path in wanted if "realsense" not in path.parts}
        meta = toolbox / "Metadata" / "SUNRGBDMeta.mat"
        entries = np.atleast_1d(matlab_field(meta, read_matlab(meta), "SUNRGBDMeta"))
        self._entries = [
            (number, entry)
            for number, entry in enumerate(entries)
            if _inside(str(entry.rgbpath)).parent.parent in wanted
        ]
        self._file = open_hdf5(toolbox / "Metadata" / "SUNRGBD2Dseg.mat")

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[PublishedFrame]:
        return (self[index] for index in range(len(self)))

    def __getitem__(self, index: int) -> PublishedFrame:
        number, entry = self._entries[index]
        labels = np.asarray(self._file[self._file["SUNRGBD2Dseg"]["seglabel"][number][0]]).T
        labels = labels.astype(np.int64)
        known = (labels >= 1) & (labels <= len(SUN_CLASSES))
        colour = read_image(self._folder / _inside(str(entry.rgbpath)))
        k = np.asarray(entry.K, np.float64)
        size = colour.shape[1], colour.shape[0]
        return PublishedFrame(
            str(_inside(str(entry.rgbpath)).parent.parent),
            np.asarray(colour, np.uint8),
            self._read_depth(_inside(str(entry.depthpath))),
            np.where(known, labels - 1, UNLABELLED).astype(np.uint8),
            CameraModel(*size, k[0, 0], k[1, 1], k[0, 2], k[1, 2]),
        )

    def _read_depth(self, path: PurePosixPath) -> FloatArray:
        folder = "depth_bfx" if self._inpainted else "depth"
        image = read_image(self._folder / path.parent.parent / folder / path.name)
        bits = image.astype(np.uint16)
        # The toolbox (read3dPoints.m) turns the bits round by three; millimetres up to 8 m.
        metres = ((bits >> 3) | (bits << 13)).astype(np.float32) / 1000
        return np.where(metres > 0, np.minimum(metres, _FARTHEST_M), np.float32(np.nan))


def _inside(path: str) -> PurePosixPath:
    """A path of the authors' machine as one below the data set's folder."""
    found = PurePosixPath(path.replace("\\", "/").replace("//", "/").removeprefix(_SUN_ROOT))
    if found.is_absolute() or ".." in found.parts:
        raise InputError(f"the data set's path {path!r} leads out of its folder")
    return found

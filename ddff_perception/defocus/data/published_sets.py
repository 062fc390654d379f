"""Make3D, DPDD and NYUv2 as their authors publish them; images are defocused after the fact.

A. Saxena et al., "Make3D", PAMI 31 (2009): images and depth by a laser scanner. A. Abuolaim and M.
Brown, "Defocus deblurring using dual-pixel data", ECCV 2020 (DPDD): a wide and a narrow aperture.
Nothing of them comes with this package; they have terms of their own.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from ...files.images import read_image
from ...optics.defocus import DefocusedView
from ...optics.srgb import srgb_bytes, srgb_decode
from ...parameters import Settings, parameter
from ...training.nyu import NyuFrames
from ...types import FloatArray, ImageArray, InputError, require_choice
from .known_crops import KnownImage

SPLITS = {"train": "Train400", "test": "Test134"}
_MAT_LIMIT = 64 << 20
_DPDD_PARTS = ("train_c", "val_c", "test_c")


@dataclass(frozen=True, slots=True)
class DefocusedFrame:
    """`image` as the lens shows it, H x W x 3 BGR; `sharp` the same scene in focus all over, None
    where there is none; `depth` float32 H x W metres, NaN unknown, None where there is none.
    """

    name: str
    image: ImageArray
    sharp: ImageArray | None = None
    depth: FloatArray | None = None


@dataclass(frozen=True)
class MadeUpLens(Settings):
    """The lens of images that are defocused after the fact; beyond `farthest_m` all is as far."""

    focus_m: float = parameter(2.0, "distance in focus", "m", (0.05, 1000.0))
    focal_mm: float = parameter(15.0, "focal length", "mm", (1.0, 1000.0))
    f_number: float = parameter(2.8, "focal length over aperture", limits=(0.5, 64.0))
    pixel_um: float = parameter(5.6, "side of a pixel", "um", (0.5, 50.0))
    farthest_m: float = parameter(80.0, "where depth ends", "m", (1.0, 1e6))

    @property
    def blur_scale(self) -> float:
        """Diameter of the disc in px per dioptre of defocus."""
        aperture_m = self.focal_mm / self.f_number * 1e-3
        return aperture_m * self.focal_mm * 1e3 / self.pixel_um


def defocused(sharp: ImageArray, depth: FloatArray, lens: MadeUpLens) -> ImageArray:
    """`sharp` (H x W x 3 uint8) as `lens` would show it, with `depth` in metres, as NYUv2 and
    Make3D are defocused for training; unknown depth counts as the farthest.
    """
    far = np.float32(lens.farthest_m)
    known = np.nan_to_num(depth, nan=lens.farthest_m, posinf=lens.farthest_m)
    dioptres = np.asarray(1.0 / np.clip(known, 0.05, far), np.float32)
    away = np.abs(dioptres - 1.0 / lens.focus_m).max()
    light = np.asarray(srgb_decode(sharp / 255.0), np.float32)
    view = DefocusedView(light, dioptres, lens.blur_scale, float(lens.blur_scale * away))
    return srgb_bytes(view.at(1.0 / lens.focus_m))


class NyuDefocused:
    """NYUv2 (`training/nyu.py`) as `lens` would show it, as `KnownImages`: what Nazir's thesis
    trains on beside iDFD. Unknown depth, of the sensor where `inpainted` is False, is NaN.
    """

    def __init__(
        self, folder: Path, split: str, lens: MadeUpLens | None = None, inpainted: bool = True
    ) -> None:
        self._frames = NyuFrames(folder, split)
        self._measured = None if inpainted else NyuFrames(folder, split, inpainted=False)
        self.lens = lens or MadeUpLens()

    def __len__(self) -> int:
        return len(self._frames)

    def __getitem__(self, number: int) -> KnownImage:
        """The image of a number; its blur is that of in-painted depth always."""
        frame, lens = self._frames[number], self.lens
        image = defocused(frame.colour, frame.depth, lens)
        depth = frame.depth if self._measured is None else self._measured[number].depth
        return KnownImage(image, frame.colour, depth, 1.0 / lens.focus_m, lens.blur_scale)


class Make3D:
    """`Train400Img/img-NAME.jpg` with `Train400Depth/depth_sph_corr-NAME.mat` (or Test134), depth
    at the size of the image. Raises InputError where a file is missing or holds something else.
    """

    def __init__(self, folder: Path, split: str) -> None:
        require_choice("split", split, tuple(SPLITS))
        name = SPLITS[split]
        self._depths = folder / f"{name}Depth"
        self._images = sorted((folder / f"{name}Img").glob("img-*.jpg"))
        if not self._images:
            raise InputError(f"{folder} holds no images {name}Img/img-*.jpg of Make3D")

    def __len__(self) -> int:
        return len(self._images)

    def __iter__(self) -> Iterator[DefocusedFrame]:
        return (self[number] for number in range(len(self)))

    def __getitem__(self, number: int) -> DefocusedFrame:
        """The sharp image of a number, and its depth."""
        file = self._images[number]
        name = file.stem.removeprefix("img-")
        image = read_image(file)
        depth = _grid_depth(self._depths / f"depth_sph_corr-{name}.mat")
        size = (image.shape[1], image.shape[0])
        whole = np.asarray(cv2.resize(depth, size, interpolation=cv2.INTER_NEAREST), np.float32)
        return DefocusedFrame(name, image, image, whole)


class Dpdd:
    """`PART/source/NAME.png` with `PART/target/NAME.png`, 16 bits; `part` is `train_c`, `val_c` or
    `test_c`. Raises InputError where a file is missing.
    """

    def __init__(self, folder: Path, part: str) -> None:
        require_choice("part", part, _DPDD_PARTS)
        self._folder = folder / part
        self._names = sorted(file.name for file in (self._folder / "source").glob("*.png"))
        if not self._names:
            raise InputError(f"{self._folder / 'source'} holds no images of DPDD")

    def __len__(self) -> int:
        return len(self._names)

    def __iter__(self) -> Iterator[DefocusedFrame]:
        return (self[number] for number in range(len(self)))

    def __getitem__(self, number: int) -> DefocusedFrame:
        """The pair of a number, ordered by the sources' names."""
        name = self._names[number]
        image, sharp = self._folder / "source" / name, self._targets()[number]
        return DefocusedFrame(Path(name).stem, read_image(image), read_image(sharp))

    def _targets(self) -> list[Path]:
        # Source and target are two shots with names of their own, in one order.
        found = sorted((self._folder / "target").glob("*.png"))
        if len(found) != len(self._names):
            raise InputError(
                f"{self._folder} holds {len(self._names)} sources but {len(found)} targets"
            )
        return found


def _grid_depth(file: Path) -> FloatArray:
    """The last of the four planes of `Position3DGrid`: metres along the ray's axis."""
    from scipy.io import loadmat

    if not file.is_file():
        raise InputError(f"there is no {file}")
    if file.stat().st_size > _MAT_LIMIT:
        raise InputError(f"{file} is too large for a grid of Make3D")
    try:
        grid = loadmat(file, variable_names=["Position3DGrid"])["Position3DGrid"]
    except Exception as error:  # SciPy raises a dozen kinds on damaged files
        raise InputError(f"{file} holds no Position3DGrid") from error
    if grid.ndim != 3 or grid.shape[2] != 4:
        raise InputError(f"{file}: Position3DGrid is {grid.shape}, not rows x columns x 4")
    return np.ascontiguousarray(grid[..., 3], np.float32)

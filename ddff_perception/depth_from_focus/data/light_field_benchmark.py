"""The 4D light field benchmark (K. Honauer et al., 2016) as focal stacks.

Scenes are folders as `files/light_fields.py` reads them, below one folder per category or not.
As in C. Hazirbas et al., Deep Depth From Focus, section 3.7, the additional and stratified scenes
are learned from; those that the benchmark calls training are left to test on. Stacks are
refocused over -2.5 .. 2.5 px. A batch is that of `stack_folders.py` with `disparities`
(B x S) and `truth_disparity` (B x H x W) in pixels beside it. Disparities beyond infinity, which
that range holds, have negative dioptres: what a lens focused there would have.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from ...files.light_fields import read_light_field
from ...optics.light_field import even_disparities, refocus
from ...types import FloatArray, ImageArray, InputError, LightFieldCalibration
from .views import as_floats, coloured, item_generator, mirrored, view_of

LEARNED = (
    "antinous", "boardgames", "dishes", "greek", "kitchen", "medieval2", "museum", "pens",
    "pillows", "platonic", "rosemary", "table", "tomb", "tower", "town", "vinyl",
    "backgammon", "dots", "pyramids", "stripes",
)  # fmt: skip
NEAR_PX, FAR_PX = 2.5, -2.5


def find_scenes(folder: Path) -> list[Path]:
    """The folders of the scenes to learn from that are there; raises InputError where none is."""
    candidates = {path.name: path for path in [*folder.glob("*"), *folder.glob("*/*")]}
    found = [candidates[name] for name in LEARNED if name in candidates]
    if not found:
        raise InputError(
            f"{folder} holds none of the scenes {', '.join(LEARNED[:4])}, ...: give the "
            "folder that the benchmark's archives were unpacked in"
        )
    return found


@dataclass(frozen=True)
class _Scene:
    images: list[ImageArray]
    truth: FloatArray
    calibration: LightFieldCalibration | None


class LightFieldBenchmark(Dataset[dict[str, Tensor]]):
    """Crops of refocused scenes: random and mirrored, or with `augment` False the centre.

    `crop`: pixels. Scenes are refocused when they are first used and then kept. Raises InputError
    on a scene without disparity.
    """

    def __init__(
        self,
        scenes: Sequence[Path],
        *,
        slices: int = 10,
        crop: int = 224,
        augment: bool = True,
    ) -> None:
        if not scenes:
            raise InputError("there are no light fields to learn from")
        self._scenes = list(scenes)
        self._kept: dict[int, _Scene] = {}
        self._disparities = even_disparities(NEAR_PX, FAR_PX, slices)
        self._crop, self._augment = crop, augment

    def __len__(self) -> int:
        return len(self._scenes)

    def __getitem__(self, index: int) -> dict[str, Tensor]:
        if not 0 <= index < len(self):
            raise IndexError(index)
        scene = self._scene(index)
        random = item_generator(self._augment)
        known = np.isfinite(scene.truth)
        if self._crop > min(known.shape):
            raise InputError(f"a crop of {self._crop} px does not fit into a view")
        rows, columns = view_of(known, self._crop, random)
        pixels = as_floats([image[rows, columns] for image in scene.images])
        disparity = np.where(known, scene.truth, np.float32(0))[rows, columns]
        pixels, disparity, valid = mirrored((pixels, disparity, known[rows, columns]), random)
        disparities = np.array(self._disparities)
        scale, offset = _to_dioptres(scene.calibration)
        return {
            "images": torch.from_numpy(pixels),
            "dioptres": torch.from_numpy((disparities * scale + offset).astype(np.float32)),
            "truth": torch.from_numpy((disparity * scale + offset).astype(np.float32)),
            "valid": torch.from_numpy(valid),
            "blur_scale": torch.tensor(np.nan, dtype=torch.float32),
            "disparities": torch.from_numpy(disparities.astype(np.float32)),
            "truth_disparity": torch.from_numpy(disparity),
        }

    def _scene(self, number: int) -> _Scene:
        if number not in self._kept:
            folder = self._scenes[number]
            stored = read_light_field(folder)
            if stored.disparity_px is None:
                raise InputError(f"{folder} has no gt_disp_lowres.pfm: training needs the truth")
            images = refocus(stored.light_field, self._disparities)
            self._kept[number] = _Scene(
                [coloured(image) for image in images],
                stored.disparity_px,
                stored.light_field.calibration,
            )
        return self._kept[number]


def _to_dioptres(calibration: LightFieldCalibration | None) -> tuple[float, float]:
    """Dioptres per pixel of disparity, and dioptres at disparity 0; pixels where unknown."""
    if calibration is None:
        return 1.0, 0.0
    return (
        1.0 / (calibration.baseline_m * calibration.camera.fx),
        1.0 / calibration.zero_disparity_m,
    )

"""Views of a rendered world (`ddff simulate dataset`), which stacks are blurred from.

A renderer's denoiser leaves a faint pattern on plain surfaces, which a lens would focus on as on a
texture: what differs from its surroundings by less than a camera's noise is smoothed away.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ...files.atomic import make_folder
from ...files.images import write_array
from ...files.results import written_by
from ...types import FloatArray
from ..assets.record import SUMMARY, recorded_assets
from .reader import WorldView, open_world

_FAINT = 0.02  # of the radiance
_WINDOW_PX = 7
_DARKEST = 1e-3


def is_world(folder: Path) -> bool:
    """Whether `folder` holds a data set of `ddff simulate dataset`."""
    return (folder / SUMMARY).is_file()


@written_by("training data")
def write_world_views(
    folder: Path,
    worlds: Sequence[Path],
    progress: Callable[[int, int], None] | None = None,
    *,
    judges: bool = False,
) -> None:
    """The views of the data sets `worlds` into `folder`; those that are there stay.

    Raises InputError where a data set is not complete or damaged, or kept for judges and that is
    not what the views are for (`judges`).
    """
    sets = [open_world(world, judges=judges) for world in worlds]
    make_folder(folder)
    total, done = sum(map(len, sets)), 0
    for number, data in enumerate(sets):
        for view in range(len(data)):
            file = folder / f"world{number}_{view:06d}.npy"
            if not file.is_file():
                write_array(file, sharp_view(data[view]))
            done += 1
            if progress is not None:
                progress(done, total)


def assets_of(worlds: Sequence[Path], *, judges: bool = False) -> list[str]:
    """Keys of the assets that the data sets show, for the card of what learns from them. Raises
    InputError where one is kept for judges, and they are not for these (`judges`).
    """
    sets = [open_world(world, judges=judges) for world in worlds]
    return sorted({key for world in sets for key in recorded_assets(world.folder)})


def sharp_view(view: WorldView) -> NDArray[np.float16]:
    """H x W x 4 as `view_pool.read_view` gives it, of the view's middle frame."""
    root = np.sqrt(np.clip(without_pattern(view.middle[..., ::-1]), 0, 16))
    with np.errstate(divide="ignore"):
        dioptres = np.where(np.isfinite(view.depth), 1.0 / view.depth, 0.0)
    return np.dstack([root, dioptres]).astype(np.float16)


def without_pattern(radiance: FloatArray) -> FloatArray:
    """`radiance` (H x W x 3, linear) without what differs from its surroundings by 2 % or so."""
    light: Any = np.log(np.maximum(radiance, _DARKEST)).astype(np.float32)
    for _ in range(2):
        light = cv2.bilateralFilter(light, _WINDOW_PX, _FAINT, _WINDOW_PX / 2)
    return np.asarray(np.exp(light), np.float32)

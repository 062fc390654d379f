"""Sub-apertures of a light field in the place of slices: depth from light field (DFLF, PSP-LF).

Hazirbas et al., section 4.2 and supplement: the same networks get 11 of the 9 x 9 sub-apertures as
their stack. Which 11 is only in a figure that the text does not describe, so that the pattern is
a choice here.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..types import FloatArray, ImageArray, InputError

_WHITE = {"uint8": 255.0, "uint16": 65535.0, "float32": 1.0}
PATTERNS = ("cross", "row", "column", "diagonals", "star")
SUB_APERTURES = 11


def pick_sub_apertures(
    rows: int, columns: int, pattern: str = "cross", count: int = SUB_APERTURES
) -> NDArray[np.intp]:
    """(v, u) of `count` sub-apertures out of `rows` x `columns`, `count` x 2, row by row.

    `cross`: along the middle row and the middle column; `diagonals`: along both diagonals; `star`:
    both; `row`, `column`: one line. They are spread evenly over the pattern, the same on either
    side of the central one, which an odd `count` has in it.

    Raises InputError on an unknown pattern, an even or not square grid, or too many.
    """
    if pattern not in PATTERNS:
        raise InputError(f"pattern must be one of {', '.join(PATTERNS)}, not {pattern!r}")
    if rows != columns or rows % 2 == 0:
        raise InputError(
            f"patterns of sub-apertures need a square grid with a central one, not {rows} x "
            f"{columns}"
        )
    v, u = np.mgrid[:rows, :columns]
    middle = rows // 2
    lines = {
        "row": v == middle,
        "column": u == middle,
        "cross": (v == middle) | (u == middle),
        "diagonals": (v == u) | (v == rows - 1 - u),
        "star": (v == middle) | (u == middle) | (v == u) | (v == rows - 1 - u),
    }
    places = np.argwhere(lines[pattern])
    if not 2 <= count <= len(places):
        raise InputError(
            f"pattern {pattern} has {len(places)} sub-apertures on a {rows} x {columns} grid, not "
            f"{count}: give 2 to {len(places)}, or another pattern"
        )
    step = (len(places) - 1) / (count - 1)
    half = np.floor(np.arange(count // 2) * step + 0.5).astype(np.intp)
    middles = [len(places) // 2] if count % 2 else []
    chosen = np.concatenate([half, middles, (len(places) - 1 - half)[::-1]]).astype(np.intp)
    return np.asarray(places[chosen], np.intp)


def light_field_batch(
    sub_apertures: ImageArray | FloatArray,
    disparities: tuple[float, float],
    pattern: str = "cross",
    count: int = SUB_APERTURES,
    truth: FloatArray | None = None,
) -> dict[str, Tensor]:
    """A batch of one for a network of depth from focus, from the views of a light field.

    `sub_apertures`: V x U x H x W x 3 BGR, uint8, uint16 or float32 in 0..1; `disparities`: the
    highest and the lowest disparity of the scene, pixels between neighbouring sub-apertures;
    `truth`: H x W float32 disparity of the central view in pixels, NaN or 0 where unknown.

    Returns `images` (1 x `count` x 3 x H x W float32, 0..1) and `dioptres` (1 x `count`): the
    range of disparities, evenly, since views have no focus distance; the network's `disparity`
    comes out in pixels. With a truth also `truth` (1 x H x W) and `valid` (1 x H x W bool).
    """
    fits = sub_apertures.ndim == 5 and sub_apertures.shape[-1] == 3
    if not fits or sub_apertures.dtype.name not in _WHITE:
        raise InputError(
            f"sub-apertures must be V x U x H x W x 3 in {', '.join(_WHITE)}, not "
            f"{tuple(sub_apertures.shape)} {sub_apertures.dtype}"
        )
    highest, lowest = disparities
    if not np.isfinite([highest, lowest]).all() or highest <= lowest:
        raise InputError(f"disparities must be (highest, lowest), not {disparities}")
    rows, columns = sub_apertures.shape[:2]
    places = pick_sub_apertures(rows, columns, pattern, count)
    views = sub_apertures[places[:, 0], places[:, 1]].transpose(0, 3, 1, 2)
    scale = _WHITE[views.dtype.name]
    images = np.ascontiguousarray(views, dtype=np.float32) / np.float32(scale)
    steps = np.linspace(highest, lowest, count, dtype=np.float32)
    batch = {"images": torch.from_numpy(images)[None], "dioptres": torch.from_numpy(steps)[None]}
    if truth is not None:
        known = np.isfinite(truth) & (truth != 0)
        filled = np.where(known, truth, 0).astype(np.float32)
        batch |= {"truth": torch.from_numpy(filled)[None], "valid": torch.from_numpy(known)[None]}
    return batch

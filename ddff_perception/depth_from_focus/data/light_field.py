"""Sub-apertures of a light field in the place of slices: depth from light field (DFLF, PSP-LF).

Hazirbas et al., section 4.2 and supplement: the same networks get 11 of the 9 x 9 sub-apertures as
their stack. Which 11 is only in a figure that the text does not describe, so that the pattern is
a choice here.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from ...optics.light_field import View, select_views
from ...types import FloatArray, InputError, LightField

SUB_APERTURES = 11


def pick_views(
    light_field: LightField, pattern: str = "cross", count: int = SUB_APERTURES
) -> list[View]:
    """(row, column) of `count` sub-apertures of a pattern of `optics.light_field`, row by row.

    Evenly spread and, where the grid has a centre, the same on either side of it; an odd `count`
    has the centre, whose depth the networks estimate, in the middle.

    Raises InputError on an unknown pattern, on fewer than two, and on more than there are.
    """
    places = sorted(select_views(light_field, pattern))
    if not 2 <= count <= len(places):
        raise InputError(
            f"the pattern {pattern} has {len(places)} views, not {count}: give 2 to "
            f"{len(places)}, or another pattern"
        )
    last = len(places) - 1
    half = [int(number * last / (count - 1) + 0.5) for number in range(count // 2)]
    middle = [len(places) // 2] if count % 2 else []
    return [places[i] for i in (*half, *middle, *(last - i for i in reversed(half)))]


def light_field_batch(
    light_field: LightField,
    disparities_px: tuple[float, float],
    pattern: str = "cross",
    count: int = SUB_APERTURES,
    truth: FloatArray | None = None,
) -> dict[str, Tensor]:
    """A batch of one for a network of depth from focus, from the views of a light field.

    `disparities_px`: the highest and the lowest disparity of the scene between neighbouring views;
    `truth`: H x W float32 disparity of the central view in pixels, NaN where unknown.

    Returns `images` (1 x `count` x 3 x H x W float32 BGR, 0..1) and `dioptres` (1 x `count`
    float32): the range of disparities, evenly, since views have no focus distance; the network's
    `disparity` comes out in pixels. With a truth also `truth` (1 x H x W float32, 0 where unknown)
    and `valid` (1 x H x W bool).
    """
    highest, lowest = disparities_px
    if not np.isfinite(disparities_px).all() or highest <= lowest:
        raise InputError(f"disparities must be (highest, lowest), not {disparities_px}")
    places = np.array(pick_views(light_field, pattern, count))
    views = light_field.views[places[:, 0], places[:, 1]]
    if views.ndim == 3:
        views = np.repeat(views[..., None], 3, axis=-1)
    white = 255.0 if views.dtype == np.uint8 else 65535.0
    images = np.ascontiguousarray(views.transpose(0, 3, 1, 2), dtype=np.float32)
    images /= np.float32(white)
    steps = np.linspace(highest, lowest, count, dtype=np.float32)
    batch = {"images": torch.from_numpy(images)[None], "dioptres": torch.from_numpy(steps)[None]}
    if truth is not None:
        known = np.isfinite(truth)
        filled = np.where(known, truth, 0).astype(np.float32)
        batch |= {"truth": torch.from_numpy(filled)[None], "valid": torch.from_numpy(known)[None]}
    return batch

"""Sharp views through random lenses, one image each: what DefocusLight learns from.

A view (`training/views/view_pool.py`) is cropped, a plane in focus and an aperture are drawn, and
`optics/defocus.py` shows what the lens does. Noise comes after the blur, since what a renderer
leaves on plain walls would blur as texture does. An item is a dict of tensors:

    image    3 x H x W float32, 0..255, red, green, blue
    lens     5 float32, `lens_vector`, mostly known
    sharp    the same without blur and noise
    defocus  H x W float32, signed diameter of the disc, px
    dioptres H x W float32, inverse depth, 1/m
    scale    float32, px per dioptre
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from ...optics.defocus import DefocusedView
from ...optics.thin_lens import signed_defocus_px
from ...parameters import Settings, parameter
from ...training.job import Batch
from ...training.views.camera import NoiseSettings, developed, with_noise
from ...training.views.field import FieldSettings
from ...training.views.view_pool import random_crops, read_view
from ...types import FloatArray, InputError
from ..learned.lens_vector import lens_vector

_NOISE = NoiseSettings(jpeg=0.2, field=FieldSettings(mosaic=0.15))
_CLOSEST = 0.75


@dataclass(frozen=True)
class LensSettings(Settings):
    """What can be set about the lenses."""

    height: int = parameter(192, "of the crops, a multiple of 32", "px", (32, 2048))
    width: int = parameter(256, "of the crops, a multiple of 32", "px", (32, 2048))
    least_px: float = parameter(1.0, "smallest of the widest discs", "px", (0.1, 100.0))
    most_px: float = parameter(20.0, "largest of the widest discs", "px", (0.1, 100.0))
    unknown: float = parameter(
        0.15, "share of images whose blur per dioptre, and whose focus, is not told", "", (0.0, 1.0)
    )
    all_in_focus: bool = parameter(
        False, "show the sharp views in place of what the lens makes: what defocus has to beat"
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.height % 32 or self.width % 32:
            raise InputError(
                f"height and width must be multiples of 32, not {self.height} and {self.width}"
            )
        if self.least_px > self.most_px:
            raise InputError(
                f"least_px must not be over most_px, as {self.least_px:g} is over {self.most_px:g}"
            )


class LensViews(Dataset[dict[str, Tensor]]):
    """`count` items of the `files` of views; the same each time where `fixed`."""

    def __init__(
        self, files: Sequence[Path], settings: LensSettings, count: int, fixed: bool = False
    ) -> None:
        self._files, self._settings = files, settings
        self._count, self._fixed = count, fixed

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, index: int) -> Batch:
        if not self._fixed:
            return self._drawn(self._files[int(torch.randint(len(self._files), ()))])
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(index)
            return self._drawn(self._files[index % len(self._files)])

    def _drawn(self, file: Path) -> Batch:
        own = self._settings
        view = torch.from_numpy(read_view(file))[None]
        radiance, dioptres = random_crops(view, own.height, own.width, _CLOSEST)
        values = dioptres[0].numpy()
        focus, scale = random_lens(values, own)
        light = np.ascontiguousarray(radiance[0].permute(1, 2, 0).numpy())
        seen = light if own.all_in_focus else _seen(light, values, focus, scale)
        # Of one exposure and tone curve.
        both = torch.from_numpy(np.stack([seen, light])).permute(0, 3, 1, 2)[None]
        image, sharp = developed(both).split(1, dim=1)
        image = with_noise(image, _NOISE)[0, 0].flip(0).float()
        defocus = signed_defocus_px(values, focus, scale)
        return {
            "image": image,
            "lens": told_lens(scale, focus, own.unknown),
            "sharp": sharp[0, 0].flip(0).float(),
            "defocus": torch.from_numpy(defocus.astype(np.float32)),
            "dioptres": dioptres[0].float(),
            "scale": torch.tensor(scale, dtype=torch.float32),
        }


def told_lens(scale: float, focus: float, unknown: float) -> Tensor:
    """`lens_vector` of which each of both is left out in a share `unknown` of the draws."""
    told = [v if float(torch.rand(())) >= unknown else math.nan for v in (scale, focus)]
    return torch.from_numpy(lens_vector(*told))


def random_lens(dioptres: FloatArray, settings: LensSettings) -> tuple[float, float]:
    """A plane in focus (1/m) and a blur per dioptre (px) for a view of H x W inverse distances: as
    often at something in the view as beyond its nearest or farthest point.
    """
    low, high = (float(v) for v in np.percentile(dioptres, (1, 99)))
    extent = max(high - low, 0.05 * high, 0.02)
    way = float(torch.rand(()))
    if way < 0.5:
        focus = float(dioptres.flat[int(torch.randint(dioptres.size, ()))])
    else:
        # Cameras at rest are set to the far or the near end.
        beyond = 0.5 * extent * float(torch.rand(())) ** 2
        focus = max(low - beyond, 0.0) if way < 0.7 else high + beyond
    least, most = math.log(settings.least_px), math.log(settings.most_px)
    widest = math.exp(least + (most - least) * float(torch.rand(())) ** 0.7)
    away = max(abs(high - focus), abs(focus - low), 0.01)
    return focus, widest / away


def _seen(light: FloatArray, dioptres: FloatArray, focus: float, scale: float) -> FloatArray:
    away = max(abs(float(dioptres.max()) - focus), abs(focus - float(dioptres.min())))
    view = DefocusedView(light, dioptres, scale, min(scale * away, 40.0))
    return view.at(focus)


def stacked(items: Sequence[Batch]) -> dict[str, Tensor]:
    """Items as one batch."""
    return {name: torch.stack([item[name] for item in items]) for name in items[0]}

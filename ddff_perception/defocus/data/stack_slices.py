"""A person's own captures to learn from: slices of focal stacks, and triples.

A stack folder with true depth (depth.npy, of a sensor or of the whole stack by `ddff depth`), known
focus distances and a camera with its aperture gives as many images as it has slices; where aif.png
lies beside them, that is what the blur is taken from.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ...files.images import read_image
from ...files.stack_folder import read_stack
from ...types import InputError
from ..triples.folder import read_triples
from .known_crops import KnownImage

SHARP = "aif.png"


class StackSlices:
    """The slices of one stack folder as `KnownImages`.

    Raises InputError where it lacks its depth, its camera's aperture or its focus distances.
    """

    def __init__(self, folder: Path) -> None:
        content = read_stack(folder)
        stack, camera = content.stack, content.stack.camera
        if content.truth is None:
            raise InputError(f"{folder} has no depth.npy: its slices say nothing without depth")
        if camera is None or not camera.aperture_diameter_m:
            raise InputError(f"{folder} names no aperture_diameter_m: how much it blurs is unknown")
        if not np.isfinite(1.0 / stack.focus_distances_m).all():
            raise InputError(f"{folder} has slices of unknown focus distance")
        sharp = folder / SHARP
        self._slices, self._depth = stack.slices, content.truth
        self._sharp = read_image(sharp) if sharp.is_file() else None
        self._scale = camera.aperture_diameter_m * camera.fx

    def __len__(self) -> int:
        return len(self._slices)

    def __getitem__(self, number: int) -> KnownImage:
        taken = self._slices[number]
        focus = 1.0 / taken.focus_distance_m
        return KnownImage(taken.image, self._sharp, self._depth, focus, self._scale)


class Triples:
    """Every eighth triple of a folder of `ddff triples prepare` where `held_out` (the last one of
    fewer), or the others, as `KnownImages`; depth as it was in-painted, or measured alone.
    """

    def __init__(self, folder: Path, held_out: bool, inpainted: bool = True) -> None:
        self._folder, self._inpainted = read_triples(folder), inpainted
        numbers = range(len(self._folder))
        held = [n for n in numbers if n % 8 == 7] or [numbers[-1]]
        learned = [n for n in numbers if n not in held] or held
        self._numbers = held if held_out else learned

    def __len__(self) -> int:
        return len(self._numbers)

    def __getitem__(self, number: int) -> KnownImage:
        one = self._folder[self._numbers[number]]
        depth = one.depth if self._inpainted else one.measured
        return KnownImage(one.image, one.sharp, depth, 1.0 / one.focus_distance_m, one.blur_scale)

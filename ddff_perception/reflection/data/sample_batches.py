"""Batches of generated samples, endless and seeded by torch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import IterableDataset

from .sample import GeneratorSettings, Sample, random_sample


class MixedBatches(IterableDataset[dict[str, Tensor]]):
    """Batches of `batch` samples, a share `settings.grey` of the batches monochrome.

    `stokes`: B x 3 x C x H x W half Stokes parameters; `transmission`, `reflection`: B x C x H x W;
    `share`: B x 1 x H x W. C is 1 or, in colour (or where `colour` asks for it), 3.
    """

    def __init__(
        self,
        pictures: Sequence[NDArray[np.generic]],
        settings: GeneratorSettings,
        batch: int,
        colour: bool = False,
    ) -> None:
        super().__init__()
        self._pictures, self._settings = pictures, settings
        self._batch, self._colour = batch, colour

    def __iter__(self) -> Iterator[dict[str, Tensor]]:
        while True:
            rng = np.random.default_rng(int(torch.randint(2**62, ())))
            grey = bool(rng.random() < self._settings.grey)
            samples = [
                random_sample(rng, self._pictures, self._settings, grey) for _ in range(self._batch)
            ]
            yield self._as_batch(samples)

    def _as_batch(self, samples: list[Sample]) -> dict[str, Tensor]:
        stokes = [
            torch.stack([self._planes(p) for p in (s.stokes.s0, s.stokes.s1, s.stokes.s2)])
            for s in samples
        ]
        return {
            "stokes": 0.5 * torch.stack(stokes),
            "transmission": torch.stack([self._planes(s.truth.transmission) for s in samples]),
            "reflection": torch.stack([self._planes(s.truth.reflection) for s in samples]),
            "share": torch.stack([torch.from_numpy(s.share)[None] for s in samples]),
        }

    def _planes(self, image: NDArray[np.float32]) -> Tensor:
        if image.ndim == 3:
            return torch.from_numpy(np.ascontiguousarray(np.moveaxis(image, 2, 0)))
        return torch.from_numpy(image)[None].expand(3 if self._colour else 1, -1, -1)

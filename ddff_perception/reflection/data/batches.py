"""Polarizer images for training, whole batches made on the device that trains.

The steps and their order are told in `settings.py`; tests compare them with `optics/`. A graphics
card makes a batch in the time of a few layers of a network.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import cv2
import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import IterableDataset

from .draws import Draws
from .grain import Grain, random_grain
from .light import SceneSettings, layers_of_light
from .settings import GeneratorSettings
from .surface import Surfaces, random_surfaces

_DOUBLE_ANGLES = (0.0, torch.pi / 2, torch.pi, 1.5 * torch.pi)
_STEEP = 0.3
# Motion between two shots (NRD): displacements at the points of a grid. The paper's variances, read
# as standard deviations in units of the grid's spacing.
_MOTION_GRID_PX = 32
_MOTION_DEVIATIONS = (0.1, 0.05, 0.025)


class GeneratedBatches(IterableDataset[dict[str, Tensor]]):
    """Batches of `batch` samples on `device`, a share `settings.grey` of the batches monochrome.

    `stokes`: B x 3 x C x H x W half Stokes parameters; `transmission`, `reflection`: B x C x H x W;
    `share`: B x 1 x H x W, of the light that is reflected, over all polarizations; float32 in the
    camera's 0..1. C is 1 or, in colour (or where `colour` asks for it), 3. `pictures`: square parts
    of them are copied to the device once.
    """

    def __init__(
        self,
        pictures: Sequence[NDArray[np.generic]],
        settings: GeneratorSettings,
        batch: int,
        colour: bool = False,
        scenes: SceneSettings | None = None,
        device: str = "cpu",
    ) -> None:
        super().__init__()
        self._pictures, self._settings = pictures, settings
        self._batch, self._colour = batch, colour
        self._scenes = scenes or SceneSettings()
        self._device = torch.device(device)

    def __iter__(self) -> Iterator[dict[str, Tensor]]:
        bank = picture_bank(self._pictures).to(self._device)
        while True:
            grey = bool(torch.rand(()) < self._settings.grey)
            draws = Draws(self._batch, self._device)
            with torch.no_grad():
                batch = random_batch(draws, bank, self._settings, self._scenes, grey)
            if grey and self._colour:
                batch = {
                    name: values if name == "share" else values.expand(*_three(values))
                    for name, values in batch.items()
                }
            yield batch


def _three(values: Tensor) -> list[int]:
    return [-1] * (values.ndim - 3) + [3, -1, -1]


def picture_bank(pictures: Sequence[NDArray[np.generic]]) -> Tensor:
    """N x 3 x P x P float16: the pictures' middle squares, at the size of the smallest."""
    edge = min(min(picture.shape[:2]) for picture in pictures)
    return torch.from_numpy(np.stack([_square(picture, edge) for picture in pictures]))


def _square(picture: NDArray[np.generic], edge: int) -> NDArray[np.float16]:
    height, width = picture.shape[:2]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    part = picture[top : top + side, left : left + side]
    if side != edge:
        resized = cv2.resize(part.astype(np.float32), (edge, edge), interpolation=cv2.INTER_AREA)
        part = np.asarray(resized)
    return np.ascontiguousarray(np.moveaxis(part, 2, 0), dtype=np.float16)


def random_batch(
    draws: Draws,
    pictures: Tensor,
    settings: GeneratorSettings,
    scenes: SceneSettings,
    grey: bool,
) -> dict[str, Tensor]:
    """One batch; `pictures` as `picture_bank` gives them, on the device of `draws`."""
    size = settings.size
    behind, before = layers_of_light(draws, pictures, size, grey, settings.light, scenes)
    surfaces = random_surfaces(draws, size, settings.surface, _STEEP)
    grain = random_grain(draws, size, settings.surface_grain) if settings.surface_grain else None
    mixing = Mixing(surfaces, grain)
    four = draws.chance(settings.four_angles).view(-1, 1, 1, 1)
    moving = draws.chance(settings.motion) if settings.motion else None
    images = []
    for number, angle in enumerate(_DOUBLE_ANGLES):
        seen_behind, seen_before = behind, before
        if number and moving is not None:
            seen_behind, seen_before = (moved(draws, layer, moving) for layer in (behind, before))
        images.append(sum(mixing.seen(seen_behind, seen_before, angle)))
    layers = mixing.seen(behind, before, None)
    seen, exposure = camera(draws, images, settings)  # type: ignore[arg-type]
    layers = tuple(exposure * layer for layer in layers)  # type: ignore[assignment]
    if settings.noise is not None:
        # What was brighter than the camera's range is as bright as it in the truth as well.
        within = 1 / sum(layers).clamp(min=1.0)  # type: ignore[union-attr]
        layers = tuple(layer * within for layer in layers)  # type: ignore[assignment]
    return {
        "stokes": half_stokes_of(seen, four),
        "transmission": layers[0],
        "reflection": layers[1],
        "share": mixing.share,
    }


def half_stokes_of(images: Sequence[Tensor], four: Tensor) -> Tensor:
    """B x 3 x C x H x W half Stokes parameters, least squares, of the images at 0, 45, 90 and 135
    degrees, or of the first three where not `four`.
    """
    first, second, third, fourth = images
    pair = 0.5 * (first + third)
    mean = torch.where(four, 0.5 * (pair + 0.5 * (second + fourth)), pair)
    diagonal = torch.where(four, 0.5 * (second - fourth), second - pair)
    return torch.stack([mean, 0.5 * (first - third), diagonal], dim=1)


class Mixing:
    """What a polarizer sees of either layer, of surfaces with `Grain`."""

    def __init__(self, surfaces: Surfaces, grain: Grain | None = None) -> None:
        self._axis, self._ghost_px = surfaces.perpendicular, surfaces.ghost_px
        alone = face_reflectances(surfaces.incidence, surfaces.index)
        both = (torch.where(surfaces.pane > 0, 2 * f / (1 + f), f) for f in alone)
        face, total = (tuple(surfaces.glass * f for f in faces) for faces in (alone, both))
        self.share = (total[0] + total[1]) / 2
        # What the first face reflects and what the second adds, of both polarizations.
        self._first = face
        self._second = tuple(t - f for t, f in zip(total, face, strict=True))
        self._through = tuple(1 - t for t in total)
        if grain is not None:
            self._first, self._second, self._through = grain.applied(face, total)

    def seen(self, behind: Tensor, before: Tensor, double: float | None) -> tuple[Tensor, Tensor]:
        """Both layers behind the polarizer at the double angle `double`, None: over all angles."""
        cosine = 0.0 if double is None else torch.cos(double - 2 * self._axis)
        first, second, through = (
            (shares[0] + shares[1]) / 2 + (shares[0] - shares[1]) / 2 * cosine
            for shares in (self._first, self._second, self._through)
        )
        reflected = first * before + second * shifted(before, self._ghost_px)
        return 0.5 * through * behind, 0.5 * reflected


def face_reflectances(incidence: Tensor, index: Tensor) -> tuple[Tensor, Tensor]:
    """`optics.fresnel.surface_reflectances` of incidences in radians."""
    cosine = torch.cos(incidence)
    refracted = torch.sqrt(1 - (torch.sin(incidence) / index).square())
    across = (cosine - index * refracted) / (cosine + index * refracted)
    along = (index * cosine - refracted) / (index * cosine + refracted)
    return across.square(), along.square()


def shifted(layer: Tensor, shift_px: Tensor) -> Tensor:
    """`layer` (B x C x S x S) moved by (x, y) pixels (B x 2), mirrored at the border."""
    return _sampled(layer, -shift_px.view(-1, 1, 1, 2).expand(-1, *layer.shape[2:], -1))


def moved(draws: Draws, layer: Tensor, moving: Tensor) -> Tensor:
    """`layer` with a smooth random motion where `moving` (B): Gaussian at the
    points of a grid, smooth between.
    """
    size = layer.shape[-1]
    points = max(2, size // _MOTION_GRID_PX + 1)
    deviation = draws.choice(_MOTION_DEVIATIONS) * _MOTION_GRID_PX * moving
    grid = draws.normal(len(layer), 2, points, points) * deviation.view(-1, 1, 1, 1)
    motion = F.interpolate(grid, (size, size), mode="bicubic", align_corners=False)
    return _sampled(layer, motion.permute(0, 2, 3, 1))


def _sampled(layer: Tensor, offset_px: Tensor) -> Tensor:
    """`layer` with what is at p + offset(p) (B x S x S x 2, x and y) at p."""
    height, width = layer.shape[2:]
    y = torch.arange(height, device=layer.device, dtype=layer.dtype).view(1, -1, 1)
    x = torch.arange(width, device=layer.device, dtype=layer.dtype).view(1, 1, -1)
    grid = torch.stack(
        [
            (2 * (x + offset_px[..., 0]) + 1) / width - 1,
            (2 * (y + offset_px[..., 1]) + 1) / height - 1,
        ],
        dim=-1,
    )
    return F.grid_sample(layer, grid, padding_mode="reflection", align_corners=False)


def camera(
    draws: Draws, images: list[Tensor], settings: GeneratorSettings
) -> tuple[list[Tensor], Tensor]:
    """Exposed, noisy, clipped and counted images, and exposures B x 1 x 1 x 1."""
    quantiles = [torch.quantile(i[:, :, ::4, ::4].flatten(1), 0.998, dim=1) for i in images]
    brightest = torch.stack(quantiles).amax(dim=0)
    exposure = (draws.uniform(0.4, 1.05) / brightest.clamp(min=1e-6)).view(-1, 1, 1, 1)
    light = [exposure * image for image in images]
    if settings.noise is None:
        return light, exposure
    read = draws.logarithmic(*settings.noise).view(-1, 1, 1, 1)
    shot = read * draws.uniform(0, 1.5).view(-1, 1, 1, 1)
    top = draws.choice(tuple(2.0**bits - 1 for bits in settings.bits)).view(-1, 1, 1, 1)
    seen = []
    for image in light:
        deviation = torch.sqrt(read.square() + shot.square() * image)
        noisy = image + deviation * draws.normal(*image.shape)
        seen.append(torch.round(noisy.clamp(0, 1) * top) / top)
    return seen, exposure

"""Training stacks made on the training device, as fast as a network learns from them.

Every batch is new: crops of sharp views (`data_device_views.py`) through random lenses in random
sweeps (`data_device_blur.py`) of a random camera (`data_device_camera.py`); what is drawn is what
`data_stacks.py` and `data_stack_files.py` draw, which make the same on a processor, in advance.
Random numbers are torch's: a batch depends on the seed that is set before it is drawn.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field

import torch
from torch import Tensor
from torch.nn import functional
from torch.utils.data import IterableDataset

from .camera import developed, with_noise
from .defocus import DefocusedViews
from .inputs import NetworkInputs
from .stack_files import NoiseSettings, enlarged_size
from .stacks import MARGIN_POWER, StackSettings, blur_bounds
from .view_pool import ViewPool

Batch = dict[str, Tensor]
# Height, width and views per batch of 32: most batches are many small crops, some are few large
# ones, in which a wall is as wide as in a whole image.
_SIZES = ((192, 256, 1.0), (320, 448, 0.375))
_LARGE = 0.25
# Slices and how often.
_COUNTS = (3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 15)
_SHARES = (1, 1, 2, 2, 3, 3, 2, 3, 1, 2, 1, 2)
# Blur of the stacks of one batch differs by this much about their common one, in ln.
_BLUR_SPREAD = 0.2


@dataclass(frozen=True, slots=True)
class DeviceSettings:
    """`views` of every batch, each seen with `takes` noises; `bins` of FocusStream's inputs, 0 for
    plain images; `slices`, 0 for any number; `sizes`: (height, width, share of `views`), the
    second in `large` of the batches; `enlarged`: share of batches whose images are enlarged as
    small ones are at run time.
    """

    views: int = 16
    takes: int = 2
    bins: int = 0
    slices: int = 0
    large: float = _LARGE
    enlarged: float = 0.0
    sizes: tuple[tuple[int, int, float], tuple[int, int, float]] = _SIZES
    sweep: StackSettings = field(default_factory=StackSettings)
    noise: NoiseSettings = field(default_factory=NoiseSettings)


class DeviceStacks(IterableDataset[Batch]):
    """Endless batches of `data_stack_files`' kind, on the pool's device."""

    def __init__(self, pool: ViewPool, settings: DeviceSettings) -> None:
        self._pool, self._settings = pool, settings
        self._inputs = NetworkInputs(settings.bins, pool.device) if settings.bins else None

    def __iter__(self) -> Iterator[Batch]:
        while True:
            yield self.draw()

    @torch.no_grad()
    def draw(self) -> Batch:
        """One batch; its random numbers are torch's."""
        settings = self._settings
        height, width, share = settings.sizes[int(torch.rand(()) < settings.large)]
        views = max(1, round(settings.views * share))
        radiance, truth = self._pool.draw(views, height, width)
        dioptres, blur_scale, reach = self._sweeps(truth)
        lens = DefocusedViews(radiance, truth, blur_scale, reach)
        seen = torch.stack([lens.at(focus) for focus in dioptres.unbind(1)], dim=1)
        images = developed(_moved(seen, dioptres, settings.sweep))
        images = images.repeat_interleave(settings.takes, dim=0)
        images = with_noise(images, settings.noise)
        if settings.enlarged and float(torch.rand(())) < settings.enlarged:
            images, truth = _enlarged(images, truth)
        batch = {"truth": truth, "dioptres": dioptres, "valid": _inside(truth, dioptres)}
        batch = {k: v.repeat_interleave(settings.takes, dim=0) for k, v in batch.items()}
        if self._inputs is not None:
            return batch | self._inputs(images, batch["dioptres"])
        # The papers' networks take the nearest focus first.
        return batch | {
            "images": images.flip(1) / 255.0,
            "dioptres": batch["dioptres"].flip(1),
        }

    def _sweeps(self, truth: Tensor) -> tuple[Tensor, Tensor, float]:
        """Focus positions B x S ascending (1/m), blur scale (B,) and the widest disc of any."""
        sweep, count, device = self._settings.sweep, len(truth), truth.device
        flat = truth.flatten(1)
        # torch.quantile is slow on long rows; every 16th pixel says as much.
        low, high = torch.quantile(flat[:, ::16], torch.tensor([0.005, 0.995], device=device), 1)
        extent = torch.maximum(high - low, 0.02 * high)
        least, most = sweep.margin
        share_of_room = torch.rand(2, count) ** MARGIN_POWER
        margins = (least + (most - least) * share_of_room).to(device)
        first = (low - margins[0] * extent).clamp(min=0.0)
        last = high + margins[1] * extent
        slices = self._settings.slices or _COUNTS[int(torch.multinomial(_weights(), 1))]
        share = torch.stack([_spacing(slices, sweep.irregular) for _ in range(count)]).to(device)
        dioptres = first[:, None] + share * (last - first)[:, None]
        narrow, wide = blur_bounds(sweep, slices)
        common = math.log(narrow) + float(torch.rand(())) * math.log(wide / narrow)
        widest = torch.exp(common + _BLUR_SPREAD * (2 * torch.rand(count) - 1)).to(device)
        blur_scale = widest / (last - first)
        span = torch.maximum(flat.amax(1), last) - torch.minimum(flat.amin(1), first)
        return dioptres, blur_scale, float((blur_scale * span).max().clamp(max=2.0 * wide))


def _weights() -> Tensor:
    return torch.tensor(_SHARES, dtype=torch.float32)


def _spacing(slices: int, irregular: float) -> Tensor:
    """Where the slices of a sweep lie between its ends, 0..1 ascending: even, jittered, denser at
    one end, at random, or an even sweep of which slices went missing.
    """
    even = torch.linspace(0, 1, slices)
    if slices < 3 or float(torch.rand(())) >= irregular:
        return even
    way, inner = float(torch.rand(())), slices - 2
    if way < 0.3:
        even[1:-1] += (0.8 * torch.rand(inner) - 0.4) / (slices - 1)
    elif way < 0.5:
        even = even ** (0.5 + 1.5 * float(torch.rand(())))
    elif way < 0.7:
        even[1:-1] = torch.sort(0.02 + 0.96 * torch.rand(inner)).values
        even = _apart(even)
    else:
        full = slices + int(torch.randint(1, 5, ()))
        kept = torch.sort(torch.randperm(full - 2)[:inner]).values + 1
        even[1:-1] = kept / (full - 1)
    return even


def _apart(places: Tensor) -> Tensor:
    """`places` (ascending from 0 to 1) with at least a little between any two."""
    gaps = places.diff().clamp(min=0.01)
    inner = torch.cumsum(gaps, 0)
    return torch.cat([torch.zeros(1), inner / inner[-1]])


def _inside(truth: Tensor, dioptres: Tensor) -> Tensor:
    """B x H x W bool, where the truth lies within the sweep (5 % beyond its ends at most)."""
    first, last = dioptres[:, 0, None, None], dioptres[:, -1, None, None]
    beyond = 0.05 * (last - first)
    return (truth > first - beyond) & (truth < last + beyond)


def _enlarged(images: Tensor, truth: Tensor) -> tuple[Tensor, Tensor]:
    """`images` (B x S x 3 x H x W, whole 0..255) and `truth` (B x H x W) in the size that small
    images are enlarged to.
    """
    size = enlarged_size(int(truth.shape[-2]), int(truth.shape[-1]))
    count = images.shape[:2]
    grown = functional.interpolate(
        images.flatten(0, 1), size=size, mode="bicubic", align_corners=False
    )
    nearest = functional.interpolate(truth[:, None], size=size, mode="nearest-exact")[:, 0]
    return grown.round().clamp(0, 255).unflatten(0, count), nearest


def _moved(radiance: Tensor, dioptres: Tensor, sweep: StackSettings) -> Tensor:
    """Breathing and motion that alignment has left over: B x S x 3 x H x W linear."""
    count, slices = radiance.shape[:2]
    height, width = radiance.shape[-2:]
    breathing = (0.012 * torch.rand(count) - 0.006) * (torch.rand(count) < sweep.breathing)
    share = (dioptres - dioptres[:, :1]) / (dioptres[:, -1:] - dioptres[:, :1])
    growth = 1 + breathing.to(radiance.device)[:, None] * share
    spread = (0.05 + 0.45 * torch.rand(count)) * (torch.rand(count) < sweep.moving)
    shift = (spread[:, None, None] * torch.randn(count, slices, 2)).to(radiance.device)
    if not bool(breathing.any()) and not bool(spread.any()):
        return radiance
    matrix = torch.zeros(count, slices, 2, 3, device=radiance.device)
    matrix[..., 0, 0] = matrix[..., 1, 1] = growth
    matrix[..., 0, 2], matrix[..., 1, 2] = 2 * shift[..., 0] / width, 2 * shift[..., 1] / height
    flat = radiance.flatten(0, 1)
    grid = functional.affine_grid(matrix.flatten(0, 1), list(flat.shape), align_corners=False)
    moved = functional.grid_sample(
        flat, grid, mode="bicubic", padding_mode="border", align_corners=False
    )
    return moved.clamp(min=0.0).unflatten(0, (count, slices))

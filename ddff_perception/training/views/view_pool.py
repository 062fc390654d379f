"""Sharp views with depth kept on the training device, from which crops are drawn.

Views are files of `simulation/focus_camera/sharp_views.py`, H x W x 4 float16: the root of the
radiance, and dioptres; procedural ones (`scenes.py`) are written in the same format, by as many
processes as there are.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from ...files.atomic import make_folder
from ...files.images import read_array, write_array
from ...files.results import written_by
from ...types import InputError
from .scenes import SceneMaker, SharpScene

PROCEDURAL = "procedural"
TRACED_SHARE = 0.6
"""Of what is drawn where there are path-traced views beside procedural ones."""
CLOSEST = 0.75
_SCENES_PER_MAKER = 25
_START_METHOD = "spawn"
_Job = tuple[Path, int, int, tuple[int, int], int]


class ViewPool:
    """All views of `folders` on `device`; those whose names begin with `PROCEDURAL` are drawn with
    a probability of one minus `traced`, a pixel of a crop is at least `closest` of its view's wide.
    Raises InputError where there is none.
    """

    def __init__(
        self,
        folders: Sequence[Path],
        device: torch.device,
        traced: float = TRACED_SHARE,
        closest: float = CLOSEST,
    ) -> None:
        files = [file for folder in folders for file in sorted(folder.glob("*.npy"))]
        if not files:
            names = ", ".join(map(str, folders))
            raise InputError(f"there are no views (*.npy) in {names}")
        self._views = [torch.from_numpy(read_view(file)).to(device) for file in files]
        procedural = [file.name.startswith(PROCEDURAL) for file in files]
        kinds = [[i for i, p in enumerate(procedural) if p is kind] for kind in (False, True)]
        self._kinds = [torch.tensor(numbers) for numbers in kinds]
        self._closest = closest
        self._traced = traced if all(kinds) else float(bool(kinds[0]))
        self.traced, self.procedural = (len(numbers) for numbers in kinds)

    @property
    def device(self) -> torch.device:
        return self._views[0].device

    def draw(self, count: int, height: int, width: int) -> tuple[Tensor, Tensor]:
        """`count` views' `random_crops`."""
        kinds = (torch.rand(count) >= self._traced).long().tolist()
        chosen = [int(self._kinds[k][torch.randint(len(self._kinds[k]), ())]) for k in kinds]
        # Views of different data sets have different sizes.
        crops = [
            random_crops(self._views[number][None], height, width, self._closest)
            for number in chosen
        ]
        radiance, dioptres = (torch.cat(parts) for parts in zip(*crops, strict=True))
        return radiance, dioptres


def random_crops(
    views: Tensor, height: int, width: int, closest: float = CLOSEST
) -> tuple[Tensor, Tensor]:
    """A random crop of each of B x H x W x 4 `views`, `height` x `width`, perhaps shrunk, mirrored,
    in another light: radiance B x 3 x height x width (linear BGR, saturating at 1), dioptres B x
    height x width, both float32. A pixel is at least `closest` of the view's wide, where the view
    is large enough.
    """
    planes = views.float().permute(0, 3, 1, 2)
    grid, zoom = _crop_grids(planes, height, width, closest)
    colour = planes[:, :3].square()
    smaller = (zoom > 1.25)[:, None, None, None]
    if bool(smaller.any()):
        # A crop that is shrunk takes means, so that nothing finer than a pixel is left.
        shrunk = functional.avg_pool2d(functional.pad(colour, (0, 1, 0, 1), "replicate"), 2, 1)
        colour = torch.where(smaller.to(views.device), shrunk, colour)
    radiance = functional.grid_sample(
        colour, grid, mode="bicubic", padding_mode="border", align_corners=False
    ).clamp(min=0.0)
    dioptres = functional.grid_sample(
        planes[:, 3:], grid, mode="nearest", padding_mode="border", align_corners=False
    )
    gain = torch.exp(0.25 * torch.randn(len(views), 1) + 0.08 * torch.randn(len(views), 3))
    return radiance * gain.to(views.device)[:, :, None, None], dioptres[:, 0]


def _crop_grids(planes: Tensor, height: int, width: int, closest: float) -> tuple[Tensor, Tensor]:
    """Sampling grids of random crops, and by how much each shrinks its view."""
    count, full = len(planes), planes.shape[2:]
    most = min(full[1] / width, full[0] / height)
    least = min(closest, most)
    zoom = least + (most - least) * torch.rand(count)
    mirrored = torch.where(torch.rand(count) < 0.5, -1.0, 1.0)
    flipped = torch.where(torch.rand(count) < 0.1, -1.0, 1.0)
    matrix = torch.zeros(count, 2, 3)
    for axis, (side, whole, sign) in enumerate(
        ((width, full[1], mirrored), (height, full[0], flipped))
    ):
        share = zoom * side / whole
        matrix[:, axis, axis] = share * sign
        matrix[:, axis, 2] = (1 - share) * (2 * torch.rand(count) - 1)
    grid = functional.affine_grid(
        matrix.to(planes.device), [count, 1, height, width], align_corners=False
    )
    return grid, zoom


def write_procedural_views(
    folder: Path,
    count: int,
    size: tuple[int, int],
    processes: int,
    textures: int = 80,
    progress: Callable[[int, int], None] | None = None,
) -> None:
    """Writes views of `count` procedural scenes into `folder`; those that are there stay.

    `size`: height and width. `textures`: that one process draws from at a time. `progress`: is
    told how many of how many scenes are there.
    """
    make_folder(folder)
    jobs = [
        (folder, first, min(first + _SCENES_PER_MAKER, count), size, textures)
        for first in range(0, count, _SCENES_PER_MAKER)
    ]
    done = 0
    for made in _each_made(jobs, processes):
        done += made
        if progress is not None:
            progress(done, count)


def _each_made(jobs: list[_Job], processes: int) -> Iterator[int]:
    """The number of scenes of each job when it is done."""
    if processes < 2 or len(jobs) < 2:
        yield from map(_make_scenes, jobs)
        return
    # A forked copy of a process that has loaded torch can wait for ever.
    with multiprocessing.get_context(_START_METHOD).Pool(processes) as pool:
        yield from pool.imap_unordered(_make_scenes, jobs)


@written_by("training data")
def _make_scenes(job: _Job) -> int:
    folder, first, end, (height, width), textures = job
    files = [folder / f"{PROCEDURAL}_{number:06d}.npy" for number in range(first, end)]
    if all(file.is_file() for file in files):
        return len(files)
    maker = SceneMaker(np.random.default_rng([first, 22]), textures)
    for file in files:
        write_array(file, scene_view(maker.scene(height, width)))
    return len(files)


def scene_view(scene: SharpScene) -> NDArray[np.float16]:
    """The scene as a view."""
    root = np.sqrt(np.clip(scene.radiance, 0, 16))
    return np.dstack([root, scene.dioptres]).astype(np.float16)


def read_view(file: Path) -> NDArray[np.float16]:
    """A view; raises InputError where the file is none."""
    values = read_array(file)
    if values.ndim != 3 or values.shape[2] != 4:
        raise InputError(f"{file} is no view of H x W x 4 but {values.shape}")
    return np.asarray(values, np.float16)

"""Bursts that are made once and stored: a folder of arrays that training maps into memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import IterableDataset

from ...files.atomic import atomic_write, make_folder, write_json
from ...files.images import read_json
from ...optics.blur_score import blur_score
from ...training.job import Batch
from ...types import InputError
from ..burst import Burst as SeenBurst
from ..capture.settings import BurstSettings
from ..capture.trust import seen_through, smoothed, smoothed_through, trust
from ..classical.fourier_accumulation import AccumulationSettings, fba
from .exposures import Burst

SUMMARY = "bursts.json"
FORMAT = 1
_ARRAYS = ("frames", "sharp", "matrices", "corners")


def write_shard(folder: Path, number: int, bursts: Sequence[Burst]) -> None:
    """Bursts of one size as the shard `number` of a folder."""
    make_folder(folder)
    for name in _ARRAYS:
        values = np.stack([getattr(burst, name) for burst in bursts])
        with atomic_write(folder / f"{number:04d}_{name}.npy") as file:
            np.lib.format.write_array(file, values, allow_pickle=False)


def write_summary(folder: Path, shards: int, source: str, assets: Sequence[str]) -> None:
    """What makes a folder of shards one of bursts: where they are from."""
    content = {"format": FORMAT, "shards": shards, "source": source, "assets": sorted(assets)}
    write_json(folder / SUMMARY, content)


def is_store(folder: Path) -> bool:
    """Whether a folder holds stored bursts."""
    return (folder / SUMMARY).is_file()


class StoredBursts:
    """The bursts of a folder. Raises InputError where it holds none, or they are damaged."""

    def __init__(self, folder: Path) -> None:
        self.facts: Mapping[str, Any] = read_json(folder / SUMMARY)
        if self.facts.get("format") != FORMAT:
            raise InputError(f"{folder} holds no bursts of format {FORMAT}")
        shards = range(int(self.facts.get("shards", 0)))
        self._shards = [{name: _mapped(folder, n, name) for name in _ARRAYS} for n in shards]
        self._ends = np.cumsum([len(shard["frames"]) for shard in self._shards])
        if not len(self):
            raise InputError(f"{folder} holds no bursts")

    def __len__(self) -> int:
        return int(self._ends[-1]) if len(self._ends) else 0

    def __getitem__(self, number: int) -> Burst:
        shard = int(np.searchsorted(self._ends, number, side="right"))
        within = number - (int(self._ends[shard - 1]) if shard else 0)
        return Burst(**{name: self._shards[shard][name][within] for name in _ARRAYS})


def _mapped(folder: Path, shard: int, name: str) -> NDArray[Any]:
    path = folder / f"{shard:04d}_{name}.npy"
    try:
        found: NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
        return found
    except (OSError, ValueError) as error:
        raise InputError(f"{path} is missing or damaged: make the bursts again") from error


def stores_record(stores: Sequence[StoredBursts]) -> dict[str, Any]:
    """What a card says of the bursts that were learned from."""
    sources = "; ".join(str(store.facts["source"]) for store in stores)
    assets = {str(key) for store in stores for key in store.facts["assets"]}
    count = sum(len(store) for store in stores)
    return {"data_source": f"{count} bursts of {sources}", "assets": sorted(assets)}


class BurstBatches(IterableDataset[Batch]):
    """Batches of parts of stored bursts, as `bursts.Bursts` gives them, and `shifts` B x (N - 1) x
    2: how much further than the matrices say each frame moved, which its crop followed. `laid`, B x
    (N - 1) x 3 x S x S, and `base`, B x 3 x S x S: the others as the newest frame sees them, and
    what accumulation makes of all, both of the whole stored frames.

    Each batch has one number of frames, 1 up to `frames`; any frame is the newest, the others come
    before it (or, as well, after it, backwards), some are left out.
    """

    def __init__(
        self, stores: Sequence[StoredBursts], size: int, frames: int, batch: int, told_px: float
    ) -> None:
        self._stores, self._size, self._batch, self._told_px = stores, size, batch, told_px
        self._frames = frames

    def __iter__(self) -> Iterator[Batch]:
        while True:
            rng = np.random.default_rng(int(torch.randint(2**62, ())))
            count = min(self._frames, int(rng.choice(_COUNTS, p=_SHARES)))
            parts = [self._part(rng, count) for _ in range(self._batch)]
            yield {name: torch.from_numpy(np.stack([p[name] for p in parts])) for name in parts[0]}

    def _part(self, rng: np.random.Generator, count: int) -> dict[str, NDArray[Any]]:
        store = self._stores[int(rng.integers(len(self._stores)))]
        burst = store[int(rng.integers(len(store)))]
        order = _order(rng, len(burst.frames), count)
        start = rng.integers(0, burst.frames.shape[1] - self._size + 1, 2)
        window = [slice(int(s), int(s) + self._size) for s in start]
        frames = burst.frames[order, window[0], window[1]]
        sharp = burst.sharp[order[0], window[0], window[1]]
        matrices = self._told(rng, burst.matrices[order].astype(np.float64))
        seen = accumulated(burst.frames[order], matrices)[:, window[0], window[1]]
        turn, frames, sharp = _turned(rng, np.concatenate([frames, seen]), sharp)
        frames, base, laid = frames[:count], frames[count], frames[count + 1 :]
        shift = np.eye(3)
        shift[:2, 2] = -start[::-1]
        matrices = turn @ shift @ matrices @ np.linalg.inv(turn @ shift)
        matrices /= matrices[:, 2:, 2:] if count > 1 else 1
        moved = (burst.corners[order[1:]] - burst.corners[order[0]]) @ turn[:2, :2].T
        colours = rng.permutation(3) if rng.random() < 0.3 else np.arange(3)
        return {
            "frames": _planes(frames[..., colours]),
            "sharp": _planes(sharp[..., colours]),
            "base": _planes(base[..., colours]),
            "laid": _planes(laid[..., colours]),
            "matrices": matrices.astype(np.float32),
            "shifts": moved.astype(np.float32),
        }

    def _told(self, rng: np.random.Generator, own: NDArray[np.float64]) -> NDArray[np.float64]:
        """From the newest frame's pixels to the others', as a capture would find them."""
        matrices = own[1:] @ np.linalg.inv(own[0])
        count = len(matrices)
        spread = self._told_px * float(rng.choice((0.3, 1.0, 4.0), p=(0.6, 0.3, 0.1)))
        matrices[:, :2, 2] += rng.normal(0, 1, (count, 2)) * spread
        matrices[:, :2, :2] += rng.normal(0, 1, (count, 2, 2)) * spread / self._size
        return matrices


def accumulated(frames: NDArray[np.uint8], matrices: NDArray[np.float64]) -> NDArray[np.uint8]:
    """What `fba` makes of frames N x H x W x 3, the newest first, lying as (N - 1) x 3 x 3 say, and
    after it all but the newest as that one sees them.
    """
    settings = BurstSettings()
    blur = [blur_score(frame) for frame in frames]
    first, shape = smoothed(frames[0]), frames.shape[1:]
    laid = [seen_through(frame, m) for frame, m in zip(frames[1:], matrices, strict=True)]
    used = [(0, frames[0], np.ones(shape[:2], np.float32))]
    for n, (image, matrix) in enumerate(zip(laid, matrices, strict=True), 1):
        if not blur[n] > blur[0] + settings.hopeless_above:
            limit = settings.difference_limit
            shown = smoothed_through(smoothed(frames[n]), matrix, shape)
            used.append((n, image, trust(first, shown, shape, limit)))
    numbers, images, trusted = zip(*used, strict=True)
    burst = SeenBurst(images, trusted, tuple(blur[n] for n in numbers))
    return np.stack([fba(burst, AccumulationSettings()).image, *laid])


_COUNTS, _SHARES = (1, 2, 3, 4, 5, 8), (0.25, 0.12, 0.25, 0.08, 0.25, 0.05)


def _order(rng: np.random.Generator, there: int, count: int) -> NDArray[np.int64]:
    """Numbers of frames, the newest first."""
    gaps = rng.random() < 0.2
    newest = int(rng.integers(count - 1, there))
    before = np.arange(newest)[::-1]
    if gaps and len(before) > count - 1:
        before = np.sort(rng.choice(before, count - 1, replace=False))[::-1]
    order = np.concatenate([[newest], before[: count - 1]]).astype(np.int64)
    return there - 1 - order if rng.random() < 0.5 else order


def _turned(
    rng: np.random.Generator, frames: NDArray[np.uint8], sharp: NDArray[np.uint8]
) -> tuple[NDArray[np.float64], NDArray[np.uint8], NDArray[np.uint8]]:
    """Mirrored and transposed at random, and what that does to a pixel."""
    turn, last = np.eye(3), frames.shape[1] - 1
    if rng.random() < 0.5:
        frames, sharp = frames.transpose(0, 2, 1, 3), sharp.transpose(1, 0, 2)
        turn = np.array([[0, 1, 0], [1, 0, 0], [0, 0, 1.0]]) @ turn
    if rng.random() < 0.5:
        frames, sharp = frames[:, :, ::-1], sharp[:, ::-1]
        turn = np.array([[-1, 0, last], [0, 1, 0], [0, 0, 1.0]]) @ turn
    if rng.random() < 0.5:
        frames, sharp = frames[:, ::-1], sharp[::-1]
        turn = np.array([[1, 0, 0], [0, -1, last], [0, 0, 1.0]]) @ turn
    return turn, frames, sharp


def _planes(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    return np.ascontiguousarray(np.moveaxis(images, -1, -3), np.float32) / np.float32(255)

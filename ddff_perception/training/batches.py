"""Endless batches that depend on the seed and their number only, so that a run can be resumed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch.utils.data import (
    BatchSampler,
    DataLoader,
    Dataset,
    IterableDataset,
    RandomSampler,
    Sampler,
    SequentialSampler,
    get_worker_info,
)

from ..types import InputError
from .job import Batch
from .presets import FitSettings

# Streams of random numbers that must not meet: order of the items, items, batches, steps.
_ORDER, _ITEM, _BATCH, STEP = range(4)
_ENDLESS_EPOCH_STEPS = 1000
# A forked copy of a process with threads (torch has some, DDS has more) can crash or wait for ever.
START_METHOD = "spawn"


def seed_of(seed: int, stream: int, number: int) -> int:
    """A 63-bit seed for draw `number` of one of a run's streams of random numbers."""
    state = np.random.SeedSequence([seed, stream, number]).generate_state(1, np.uint64)
    return int(state[0] >> np.uint64(1))


def make_loader(
    dataset: Dataset[Any], settings: FitSettings, *, shuffle: bool = True
) -> DataLoader[Any]:
    """`dataset` in batches of `settings.batch`, loaded by `settings.workers` processes.

    With `shuffle` for training; without it, in order and to the last item, for validation.
    """
    count = len(dataset)  # type: ignore[arg-type]
    if not count:
        raise InputError("there is nothing to train on: the data set is empty")
    return DataLoader(
        dataset,
        batch_size=settings.batch if shuffle else min(settings.batch, count),
        shuffle=shuffle,
        num_workers=settings.workers,
        persistent_workers=settings.workers > 0,
        multiprocessing_context=START_METHOD if settings.workers else None,
        pin_memory=torch.cuda.is_available() and settings.device != "cpu",
    )


class TrainingBatches:
    """The batches of a run from number `start` on, without an end.

    A DataLoader's items come in a new order each epoch (or the same one, as the loader is made);
    batches run on over the end of an epoch, so that all have one size and no item is left out.
    """

    def __init__(
        self, source: DataLoader[Any] | IterableDataset[Batch], settings: FitSettings, start: int
    ) -> None:
        self._source = source
        self._settings = settings
        self._start = start

    @property
    def epoch_steps(self) -> float:
        """Steps of one epoch."""
        settings = self._settings
        if settings.epoch_steps:
            return settings.epoch_steps
        if isinstance(self._source, IterableDataset):
            return _ENDLESS_EPOCH_STEPS
        batch = self._source.batch_size or 1
        return max(1.0, len(self._source.dataset) / (batch * settings.accumulate))  # type: ignore[arg-type]

    def __iter__(self) -> Iterator[Batch]:
        if isinstance(self._source, IterableDataset):
            seed, workers = self._settings.seed, self._settings.workers
            drawn = _Drawn(self._source, seed, self._start)
            if not workers:
                return iter(drawn)
            # Each process draws every so many-th batch, and the loader takes them in turn.
            return iter(
                DataLoader(
                    drawn,
                    batch_size=None,
                    num_workers=workers,
                    multiprocessing_context=START_METHOD,
                )
            )
        batches: Iterator[Batch] = iter(_seeded(self._source, self._settings.seed, self._start))
        return batches


class _Drawn(IterableDataset[Batch]):
    """The batches of `source` from number `start` on, each from a seed of its own."""

    def __init__(self, source: IterableDataset[Batch], seed: int, start: int) -> None:
        self._source, self._seed, self._start = source, seed, start

    def __iter__(self) -> Iterator[Batch]:
        process = get_worker_info()
        number, step = self._start, 1
        if process is not None:
            number, step = number + process.id, process.num_workers
        iterator, fresh = iter(self._source), True
        while True:
            torch.manual_seed(seed_of(self._seed, _BATCH, number))
            try:
                batch = next(iterator)
            except StopIteration:
                if fresh:
                    raise InputError("there is nothing to train on: no batches came") from None
                iterator, fresh = iter(self._source), True
                continue
            fresh = False
            number += step
            yield batch


def _seeded(loader: DataLoader[Any], seed: int, start: int) -> DataLoader[Any]:
    """`loader` anew: endless, from batch `start` on, each item with a seed of its own."""
    if not isinstance(loader.sampler, RandomSampler | SequentialSampler) or not loader.batch_size:
        raise TypeError("a training loader needs a batch size and a plain order or shuffling")
    shuffled = isinstance(loader.sampler, RandomSampler)
    order = _EndlessOrder(len(loader.dataset), shuffled, seed, start * loader.batch_size)  # type: ignore[arg-type]
    return DataLoader(
        _SeededItems(loader.dataset, seed),
        batch_sampler=BatchSampler(order, loader.batch_size, drop_last=True),
        num_workers=loader.num_workers,
        multiprocessing_context=START_METHOD if loader.num_workers else None,
        collate_fn=loader.collate_fn,
        pin_memory=loader.pin_memory,
        prefetch_factor=loader.prefetch_factor,
    )


class _EndlessOrder(Sampler[tuple[int, int]]):  # type: ignore[type-arg]
    """(number of the draw, index of the item), epoch after epoch."""

    def __init__(self, count: int, shuffled: bool, seed: int, start: int) -> None:
        self._count, self._shuffled, self._seed, self._start = count, shuffled, seed, start

    def __iter__(self) -> Iterator[tuple[int, int]]:
        epoch, skip = divmod(self._start, self._count)
        draw = self._start
        while True:
            order = np.arange(self._count)
            if self._shuffled:
                order = np.random.default_rng([self._seed, _ORDER, epoch]).permutation(order)
            for index in order[skip:]:
                yield draw, int(index)
                draw += 1
            epoch, skip = epoch + 1, 0


class _SeededItems(Dataset[Any]):
    """Items whose random numbers depend on the number of the draw only."""

    def __init__(self, dataset: Dataset[Any], seed: int) -> None:
        self._dataset, self._seed = dataset, seed

    def __getitem__(self, drawn: tuple[int, int]) -> Any:
        number, index = drawn
        torch.manual_seed(seed_of(self._seed, _ITEM, number))
        return self._dataset[index]

"""Batches of labelled views: chosen by what is rare, cut, mirrored, and seen by other cameras."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import Dataset, IterableDataset

from ...simulation.classes import NYU13, NYU40, UNLABELLED, to_13
from ...training.job import Batch
from ...types import InputError
from ..evaluation.counts import class_pixels
from .colour import photograph
from .views import PreparedViews


@dataclass(frozen=True, slots=True)
class DrawSettings:
    """`height`, `width` of what the network sees; `classes`; `smallest` share of a view's sides
    that is cut out; `rare`: 0 takes all views equally often, 1 fully by how rare their classes are;
    `missing`: share of samples without colour, and as many without depth; `blackened`: what is
    missing is black.
    """

    height: int = 192
    width: int = 256
    classes: int = 13
    smallest: float = 0.55
    rare: float = 0.5
    missing: float = 0.0
    blackened: bool = True


class DrawnBatches(IterableDataset[Batch]):
    """Endless batches: `colour` and `hha` N x 3 x H x W float32 in 0..255 (colour is red, green,
    blue), `labels` N x H x W int64 with 255 unlabelled, `present` N x 2 float32.

    `chosen`: numbers of the views that may be drawn.
    """

    def __init__(
        self, views: PreparedViews, chosen: Sequence[int], batch: int, settings: DrawSettings
    ) -> None:
        self._views, self._chosen = views, np.asarray(chosen)
        self._batch, self._settings = batch, settings
        self._table = label_table(views.label_classes, settings.classes)
        counts = np.stack(
            [class_pixels(self._table[views.labels[n]], settings.classes) for n in self._chosen]
        )
        self.class_weights = median_frequency_weights(counts)
        self._odds = _odds(counts, settings.rare)

    def __iter__(self) -> Iterator[Batch]:
        while True:
            rng = np.random.default_rng(int(torch.randint(2**62, (1,))))
            numbers = rng.choice(self._chosen, self._batch, p=self._odds)
            yield collated([self._sample(int(number), rng) for number in numbers])

    def _sample(self, number: int, rng: np.random.Generator) -> dict[str, NDArray[Any]]:
        settings, views = self._settings, self._views
        part = _cut(views.labels.shape[1:], settings, rng)
        size = (settings.width, settings.height)
        light = cv2.resize(views.light[number][part], size, interpolation=cv2.INTER_AREA)
        variant = int(rng.integers(views.hha.shape[1]))
        hha = cv2.resize(views.hha[number, variant][part], size, interpolation=cv2.INTER_NEAREST)
        labels = self._table[views.labels[number][part]]
        labels = cv2.resize(labels, size, interpolation=cv2.INTER_NEAREST)
        if rng.random() < 0.5:
            light, hha, labels = (
                np.ascontiguousarray(image[:, ::-1]) for image in (light, hha, labels)
            )
        colour = photograph(np.asarray(light, np.uint8), rng)
        hha = _other_sensor(np.asarray(hha, np.uint8), rng)
        if rng.random() < 0.1:
            _framed(colour, labels, rng)
        lacking = rng.random() / max(settings.missing, 1e-9)
        present = np.array([lacking >= 1, not 1 <= lacking < 2], np.float32)
        if settings.blackened:
            colour, hha = colour * np.uint8(present[0]), hha * np.uint8(present[1])
        return sample(colour, hha, labels, present)


class WholeViews(Dataset[Batch]):
    """The views `chosen`, whole, as the first camera saw them; for validation."""

    def __init__(self, views: PreparedViews, chosen: Sequence[int], settings: DrawSettings) -> None:
        self._views, self._chosen, self._settings = views, chosen, settings
        self._table = label_table(views.label_classes, settings.classes)

    def __len__(self) -> int:
        return len(self._chosen)

    def __getitem__(self, index: int) -> Batch:
        number = self._chosen[index]
        size = (self._settings.width, self._settings.height)
        light, hha, labels = (
            np.asarray(cv2.resize(image, size, interpolation=kind), np.uint8)
            for image, kind in (
                (self._views.light[number], cv2.INTER_AREA),
                (self._views.hha[number, 0], cv2.INTER_NEAREST),
                (self._table[self._views.labels[number]], cv2.INTER_NEAREST),
            )
        )
        colour = photograph(light, np.random.default_rng(number))
        made = sample(colour, hha, labels, np.ones(2, np.float32))
        return {name: torch.from_numpy(values) for name, values in made.items()}


def label_table(given: int, wanted: int) -> NDArray[np.uint8]:
    """For each of 256 labels out of `given` classes (40 or 13) the one out of `wanted` (the 40, the
    first 37 of them as in SUN RGB-D, or the 13). Raises InputError where they do not follow.
    """
    table = np.arange(256, dtype=np.uint8)
    if given == len(NYU40) and wanted == len(NYU13):
        return to_13(table)
    if wanted > given or (given == len(NYU13) and wanted != given):
        raise InputError(f"labels of {given} classes do not tell {wanted}")
    table[wanted:] = UNLABELLED
    return table


def sample(
    colour: NDArray[np.uint8],
    hha: NDArray[np.uint8],
    labels: NDArray[Any],
    present: NDArray[np.float32],
) -> dict[str, NDArray[Any]]:
    """Images H x W x 3 (colour BGR) as the networks take them."""
    return {
        "colour": np.ascontiguousarray(colour[..., ::-1].transpose(2, 0, 1), np.float32),
        "hha": np.ascontiguousarray(hha.transpose(2, 0, 1), np.float32),
        "labels": labels.astype(np.int64),
        "present": present,
    }


def collated(samples: Sequence[dict[str, NDArray[Any]]]) -> Batch:
    """Samples as one batch."""
    return {
        name: torch.from_numpy(np.stack([made[name] for made in samples])) for name in samples[0]
    }


def median_frequency_weights(counts: NDArray[np.int64]) -> NDArray[np.float32]:
    """Weights of the classes (section 4.3): median(frequency) / frequency, 0 where there is none.

    `counts`: pixels by view and class; the frequency of a class is its share of the labelled pixels
    of the views that show it.
    """
    shown = counts > 0
    of_those = (counts.sum(axis=1, keepdims=True) * shown).sum(axis=0)
    share = counts.sum(axis=0) / np.maximum(of_those, 1)
    there = share > 0
    weights = np.zeros(len(share), np.float32)
    weights[there] = np.median(share[there]) / share[there]
    return weights


def _odds(counts: NDArray[np.int64], rare: float) -> NDArray[np.float64]:
    """How often each view is drawn: by the mean rarity of what it shows, to the power `rare`."""
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    whole = counts.sum(axis=0) / max(int(counts.sum()), 1)
    rarity = (shares / np.sqrt(np.maximum(whole, 1e-4))).sum(axis=1)
    odds = np.maximum(rarity, 1e-3) ** (2 * rare)
    return np.asarray(odds / odds.sum())


def _cut(
    shape: tuple[int, ...], settings: DrawSettings, rng: np.random.Generator
) -> tuple[slice, slice]:
    """A part of an image of the network's shape, within a tenth."""
    share = rng.uniform(settings.smallest, 1.0)
    stretch = np.exp(rng.uniform(-0.1, 0.1))
    height = min(shape[0], round(shape[0] * share * stretch))
    width = min(shape[1], round(shape[1] * share / stretch))
    top, left = (int(rng.integers(0, n + 1)) for n in (shape[0] - height, shape[1] - width))
    return slice(top, top + height), slice(left, left + width)


def _other_sensor(hha: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Other scale of the distances, a ground found too high or low, and lost blocks."""
    known = hha > 0
    values = hha.astype(np.float32)
    values[..., 0] *= np.float32(np.exp(rng.normal(0, 0.08)))
    if rng.random() < 0.3:
        values[..., 1] += np.float32(rng.uniform(-40, 60))
    values[..., 2] += np.float32(rng.normal(0, 2))
    changed = np.where(known, np.clip(values, 1, 255), 0).astype(np.uint8)
    for _ in range(int(rng.integers(0, 3)) if rng.random() < 0.3 else 0):
        top, left = rng.integers(0, hha.shape[0]), rng.integers(0, hha.shape[1])
        changed[top : top + rng.integers(8, 64), left : left + rng.integers(8, 64)] = 0
    return changed


def _framed(colour: NDArray[np.uint8], labels: NDArray[Any], rng: np.random.Generator) -> None:
    """A white border, as registered pictures have."""
    edge = int(rng.integers(2, 8))
    for image, value in ((colour, 255), (labels, UNLABELLED)):
        for part in (np.s_[:edge], np.s_[-edge:], np.s_[:, :edge], np.s_[:, -edge:]):
            image[part] = value

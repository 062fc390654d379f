"""Makes stored bursts of whatever there is: videos, recorded sequences, photographs, views."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...files.images import read_image
from ...files.photographs import is_image
from ...simulation.assets.record import SUMMARY as WORLD
from ...simulation.assets.record import recorded_assets
from ...types import ImageArray, InputError
from .burst_store import write_shard, write_summary
from .exposures import Burst
from .interpolated import LENGTHS, clips
from .moving_scenes import Pictures, make_burst
from .recorded import recorded_burst
from .sequences import find_sequences

SHARD = 50
Frames = list[tuple[NDArray[np.uint8], NDArray[np.uint8]]]
Videos = Sequence[tuple[str, Callable[[], Iterator[ImageArray]]]]
Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Wanted:
    """At most `count` bursts of so many frames, `size` pixels wide; `assets`: keys of the
    catalogue's photographs among what is given.
    """

    count: int = 1000
    frames: int = 8
    size: int = 128
    seed: int = 0
    assets: tuple[str, ...] = ()


class Made:
    """What came of it: bursts in all, what was refused and why."""

    def __init__(self) -> None:
        self.bursts = 0
        self.refused: dict[str, int] = {}


def make_bursts(
    output: Path,
    videos: Videos,
    folders: Sequence[Path],
    wanted: Wanted,
    progress: Progress = lambda done: None,
) -> Made:
    """Writes the bursts into the folder `output`.

    `videos`: sharp ones, by name, whose frames are interpolated. `folders`: of recorded sequences
    with sharp frames, of photographs, or rendered data sets.
    Raises InputError where nothing came of it.
    """
    made, rng = Made(), np.random.default_rng([wanted.seed, 61])
    recorded, worlds, photographs = sorted_out(folders)
    frames, size = wanted.frames, wanted.size
    sources = [_of_runs(_interpolated(read, made), frames, size, rng) for _, read in videos]
    sources += [_of_runs(_recorded(folder), frames, size, rng) for folder in recorded]
    if photographs or worlds:
        sources.append(_moved(photographs, worlds, frames, size, rng))
    shards = 0
    turns = islice(_in_turn(sources), wanted.count)
    while shard := list(islice(turns, SHARD)):
        write_shard(output, shards, shard)
        shards += 1
        made.bursts += len(shard)
        progress(made.bursts)
    if not made.bursts:
        reasons = ", ".join(f"{n} frames {why}" for why, n in made.refused.items())
        raise InputError(f"no bursts came of that{f': {reasons}' if reasons else ''}")
    names = [name for name, _ in videos] + [folder.name for folder in folders]
    known = set(wanted.assets).union(*(recorded_assets(world) for world in worlds))
    write_summary(output, shards, ", ".join(names), sorted(known))
    return made


def sorted_out(folders: Sequence[Path]) -> tuple[list[Path], list[Path], list[Path]]:
    """Folders of recorded sequences, rendered data sets, and files of photographs."""
    recorded, worlds, photographs = [], [], []
    for folder in folders:
        if (folder / WORLD).is_file():
            worlds.append(folder)
        elif folder.is_dir() and (found := [f for f in sorted(folder.iterdir()) if is_image(f)]):
            photographs += found
        elif folder.is_file() and is_image(folder):
            photographs.append(folder)
        else:
            recorded.append(folder)
    return recorded, worlds, photographs


def _in_turn(sources: Sequence[Iterator[Burst]]) -> Iterator[Burst]:
    """One of each, as long as any has some."""
    left = list(sources)
    while left:
        for source in list(left):
            burst = next(source, None)
            if burst is None:
                left.remove(source)
            else:
                yield burst


def _of_runs(
    runs: Iterator[Frames], frames: int, size: int, rng: np.random.Generator
) -> Iterator[Burst]:
    """Bursts of runs of frames, in steps of half their length."""
    for run in runs:
        for start in range(0, len(run) - frames + 1, max(1, frames // 2)):
            burst = recorded_burst(run[start : start + frames], size, rng)
            if burst is not None:
                yield burst


def _interpolated(read: Callable[[], Iterator[ImageArray]], made: Made) -> Iterator[Frames]:
    return chain.from_iterable(clips(read(), length, made.refused) for length in LENGTHS)


def _recorded(folder: Path) -> Iterator[Frames]:
    for sequence in find_sequences(folder):
        if sequence.sharp:
            pairs = zip(sequence.blurred, sequence.sharp, strict=True)
            yield [(_bytes(blurred), _bytes(sharp)) for blurred, sharp in pairs]


def _bytes(file: Path) -> NDArray[np.uint8]:
    image = read_image(file)
    if image.dtype != np.uint8 or image.ndim != 3:
        raise InputError(f"{file} is no colour image of 8 bits")
    return np.asarray(image, np.uint8)


def _moved(
    photographs: Sequence[Path], worlds: Sequence[Path], frames: int, size: int,
    rng: np.random.Generator,
) -> Iterator[Burst]:  # fmt: skip
    pictures = Pictures(photographs, worlds)
    while True:
        yield make_burst(rng, pictures, frames, size)

"""The order in which a replayed focus sweep visits its slices."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

ORDERS = ("ping_pong", "up", "down", "random", "rest")


@dataclass(frozen=True, slots=True)
class Shot:
    """One frame: the lens is `share` 0..1 of the way from slice `start` to slice `goal`.

    `settled`: the lens rests; then `start` and `goal` are one and `share` is 0.
    """

    start: int
    goal: int
    share: float = 0.0

    @property
    def settled(self) -> bool:
        return self.start == self.goal


def visits(count: int, order: str, seed: int = 0) -> Iterator[list[int]]:
    """Sweeps without end, each a list of slice numbers, which are in order of distance.

    `up` counts up, `down` down, `ping_pong` alternates without showing an end twice in a row,
    `random` shows every slice once per sweep, `rest` only the one in the middle.
    """
    up = list(range(count))
    shuffler = random.Random(seed)
    while True:
        if order == "random":
            yield shuffler.sample(up, count)
        elif order == "rest":
            yield [count // 2]
        elif order == "down":
            yield up[::-1]
        else:
            yield up
            if order == "ping_pong" and count > 2:
                yield up[-2:0:-1]


def shots(sweeps: Iterator[list[int]], moving_frames: int, dwell_frames: int) -> Iterator[Shot]:
    """The frames that a camera takes on its way: `dwell_frames` at each slice, `moving_frames`
    between one slice and the next.
    """
    before: int | None = None
    for sweep in sweeps:
        for number in sweep:
            if before is not None and before != number:
                for step in range(1, moving_frames + 1):
                    yield Shot(before, number, step / (moving_frames + 1))
            for _ in range(dwell_frames):
                yield Shot(number, number)
            before = number

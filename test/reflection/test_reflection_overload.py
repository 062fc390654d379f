"""A polarizer that turns faster than its frames can be laid over each other."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from panes import pane_camera

from ddff_perception.capture.backlog import SHARE, Backlog
from ddff_perception.reflection.capture.rotating import RotatingCapture
from ddff_perception.reflection.pipeline import SeparationPipeline

STEP_NS = 100_000_000


class Feed:
    """Frames of a swaying camera, in order, each with its reading before it."""

    def __init__(self, *, deferred: bool) -> None:
        self.camera = pane_camera("rotating", sway_px=3.0)
        self.pipeline = SeparationPipeline()
        self.pipeline.deferred = deferred
        self.number = 0

    def shoot(self, count: int) -> None:
        for _ in range(count):
            frame = self.camera.frame(self.number)
            self.number += 1
            assert frame.filter_rad is not None
            self.pipeline.add_angle(self.number * STEP_NS, float(np.degrees(frame.filter_rad)))
            assert self.pipeline.add_image(self.number * STEP_NS, frame.images["image_rect"])


def test_under_load_the_newest_frame_is_laid_and_others_only_for_their_share(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now, laid, step = [0.0], [0], RotatingCapture._step

    def slow(this: RotatingCapture, *frames: Any) -> Any:
        now[0] += 1.0
        laid[0] += 1
        return step(this, *frames)

    monkeypatch.setattr(RotatingCapture, "_step", slow)
    feed, turns = Feed(deferred=True), 20
    feed.pipeline._backlog = Backlog(lambda: now[0])
    for _ in range(turns):
        feed.shoot(5)
        feed.pipeline.catch_up()
        assert feed.pipeline.newest_stamp_ns == feed.number * STEP_NS
        feed.pipeline.took(1.0)
    # Five a result were laid before.
    assert laid[0] <= turns + SHARE * 2.0 * turns + 2


def test_a_frame_that_had_to_wait_is_seen_as_the_newest_one_sees_it() -> None:
    feed, direct = Feed(deferred=True), Feed(deferred=False)
    feed.shoot(4)
    direct.shoot(4)
    feed.pipeline.catch_up()
    while feed.pipeline.work_ahead():
        pass
    late, usual = (one.pipeline.separate().images for one in (feed, direct))
    assert late.angles_deg == usual.angles_deg
    for one, other in zip(late.images, usual.images, strict=True):
        assert np.abs(one.astype(float) - other).mean() < 1.0


def test_frames_from_before_a_pause_do_not_come_after_it() -> None:
    feed = Feed(deferred=True)
    feed.shoot(8)
    # A turn takes four.
    feed.number += 6
    feed.shoot(1)
    feed.pipeline.catch_up()
    while feed.pipeline.work_ahead():
        pass
    assert feed.pipeline.angles == 1

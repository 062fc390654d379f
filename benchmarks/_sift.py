"""SIFT descriptors of photographs, queries out of warped copies and of other pictures."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from rich.progress import track

from ddff_perception.files.results import written_by
from ddff_perception.files.vectors import read_vectors, write_vectors
from ddff_perception.types import InputError

COUNT, LONGEST_PX = 1_000_000, 3600
QUERIES, TRUTH = 1000, 100
# Of each picture: scale, and descriptors at most.
SCALES = ((1.0, 30_000), (0.62, 15_000), (0.4, 8_000))
HELD_OUT = 9  # every ninth picture gives queries alone
SETS = ("query", "strangers")


class Descriptors(NamedTuple):
    """`base` (n, 128) uint8; `queries`, `truth` (positions, nearest first) by name of the set.

    "query": out of warped, re-lit, noisy copies; "strangers": out of pictures not in the base.
    """

    base: np.ndarray
    queries: dict[str, np.ndarray]
    truth: dict[str, np.ndarray]


def load(
    folder: Path, photographs: Path | None, count: int = COUNT, longest_px: int = LONGEST_PX
) -> Descriptors:
    """The set in `folder`; made out of the `photographs` where it is not there yet: `count` at
    most, of pictures that are scaled down to `longest_px`.
    """
    if not (folder / "base.bvecs").is_file():
        if photographs is None:
            raise InputError(f"{folder} holds no base.bvecs: give --photographs")
        _make(folder, photographs, count, longest_px)
    return Descriptors(
        read_vectors(folder / "base.bvecs"),
        {name: read_vectors(folder / f"{name}.bvecs") for name in SETS},
        {name: read_vectors(folder / f"{name}_truth.ivecs").astype(np.int64) for name in SETS},
    )


def _make(folder: Path, photographs: Path, count: int, longest_px: int) -> None:
    import faiss

    random = np.random.default_rng(0)
    base, found = [], {name: [] for name in SETS}
    for number, path in enumerate(track(_pictures(photographs), "SIFT")):
        grey = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
        if grey is None:
            continue
        grey = _scaled(grey, min(1.0, longest_px / max(grey.shape)))
        if number % HELD_OUT == HELD_OUT // 2:
            found["strangers"].append(_sift(grey, 4000, random))
            continue
        base += [_sift(_scaled(grey, scale), most, random) for scale, most in SCALES]
        found["query"].append(_sift(_warped(grey, random), 400, random))
    drawn = {name: random.permutation(np.concatenate(v))[:QUERIES] for name, v in found.items()}
    vectors = random.permutation(np.concatenate(base))[:count]
    exact = faiss.IndexFlatL2(vectors.shape[1])
    exact.add(vectors.astype(np.float32))
    folder.mkdir(parents=True, exist_ok=True)
    with written_by(None):
        for name, queries in drawn.items():
            truth = exact.search(queries.astype(np.float32), TRUTH)[1]
            write_vectors(folder / f"{name}.bvecs", queries)
            write_vectors(folder / f"{name}_truth.ivecs", truth)
        write_vectors(folder / "base.bvecs", vectors)


def _pictures(folder: Path) -> list[Path]:
    """Photographs of 100 kB and more, each once."""
    seen: dict[bytes, Path] = {}
    for path in sorted(p for p in folder.rglob("*.jpg") if p.stat().st_size > 100_000):
        seen.setdefault(hashlib.sha256(path.read_bytes()).digest(), path)
    return list(seen.values())


def _sift(grey: np.ndarray, most: int, random: np.random.Generator) -> np.ndarray:
    """(n, 128) uint8, at most `most`, drawn evenly."""
    detector = cv2.SIFT_create(nfeatures=0, contrastThreshold=0.015, edgeThreshold=14)
    found = detector.detectAndCompute(grey, None)[1]
    if found is None:
        return np.empty((0, 128), np.uint8)
    if len(found) > most:
        found = found[np.sort(random.choice(len(found), most, replace=False))]
    return found.astype(np.uint8)


def _scaled(grey: np.ndarray, scale: float) -> np.ndarray:
    if scale == 1.0:
        return grey
    return cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)


def _warped(grey: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Seen from elsewhere, in other light, by a noisier camera."""
    height, width = grey.shape
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    moved = corners + random.uniform(-0.08, 0.08, (4, 2)) * (width, height)
    transform = cv2.getPerspectiveTransform(corners, moved.astype(np.float32))
    seen = cv2.warpPerspective(grey, transform, (width, height)) * random.uniform(0.7, 1.2)
    return np.clip(seen + random.normal(0, 4, seen.shape), 0, 255).astype(np.uint8)

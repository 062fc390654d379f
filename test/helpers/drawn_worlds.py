"""Data sets as `ddff simulate dataset` leaves them, drawn and not rendered."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ddff_perception.simulation.dataset.files import packed
from ddff_perception.simulation.dataset.settings import DatasetSettings

HEIGHT, WIDTH = 48, 64
ASSETS = ["a chair", "a lamp"]


def drawn_world(
    folder: Path, *, frames: int = 1, use: str = "train", views: int = 2
) -> dict[str, NDArray]:
    """Writes a set of `views` views of an office into `folder`; the arrays of its one scene. Of
    any number of frames the middle one is the same; each has four times the light of that before.
    """
    (folder / "scenes").mkdir(parents=True)
    rng = np.random.default_rng(1)
    arrays, rows = {}, []
    for view in range(views):
        depth = np.full((HEIGHT, WIDTH), 2.0, np.float32)
        depth[:8] = np.inf
        bits = np.zeros(HEIGHT * WIDTH // 8, np.uint8)
        gain = 4.0 ** (np.arange(frames) - frames // 2)
        light = rng.uniform(0.1, 0.9, (HEIGHT, WIDTH, 3)) * gain[:, None, None, None]
        arrays |= {
            f"radiance_{view}": light.astype(np.float16),
            f"depth_{view}": depth,
            f"normals_{view}": np.zeros((HEIGHT, WIDTH, 3), np.int8),
            f"albedo_{view}": np.zeros((HEIGHT, WIDTH, 3), np.uint8),
            f"classes_{view}": np.zeros((HEIGHT, WIDTH), np.uint8),
            f"instances_{view}": np.zeros((HEIGHT, WIDTH), np.uint16),
            f"glass_{view}": bits,
            f"mirror_{view}": bits,
        }
        place = {"view": view, "in_file": view, "scene": 0, "file": "scenes/000000.zip"}
        facts = {"sha256": "", "kind": "office", "assets": ASSETS, "use": use, "denoised": False}
        rows.append(json.dumps(place | facts | {"focal_px": 60.0, "pose": np.eye(4).tolist()}))
    (folder / "scenes" / "000000.zip").write_bytes(packed(arrays, {"format": 1}))
    (folder / "index.jsonl").write_text("\n".join(rows) + "\n")
    settings = DatasetSettings(width=WIDTH, height=HEIGHT, use=use, frames=frames).to_dict()
    about = {"format": 1, "settings": settings, "views": views, "assets": ASSETS}
    (folder / "dataset.json").write_text(json.dumps(about))
    return arrays

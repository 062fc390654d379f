"""Scenes of a capture of triples, drawn: two apertures and a depth sensor."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from defocus_scenes import Scene, scene

from ddff_perception.defocus.triples.plan import CaptureSettings
from ddff_perception.defocus.triples.raw_folder import write_plan

SHOWN = scene(near_m=0.8, far_m=2.0, scale=10.0)
SHIFT = 3
LENS = ("--set", "focal_mm=10", "--set", "wide_f_number=2", "--set", "pixel_um=5")


def write_scene(folder: Path, name: str, shown: Scene = SHOWN, gain: float = 0.8) -> None:
    """A camera that moved by three pixels, longer exposed, and depth with a hole."""
    wide = np.roll(shown.image, SHIFT, axis=1)
    narrow = np.rint(shown.sharp * gain).astype(np.uint8)
    depth = np.rint(shown.depth * 1e3).astype(np.uint16)
    depth[60:80, 120:150] = 0
    for part, image in (("wide", wide), ("narrow", narrow), ("depth", depth)):
        cv2.imwrite(str(folder / part / f"{name}.png"), image)


def write_capture(folder: Path, scenes: int = 1) -> None:
    """A plan of scenes, and the images of the first."""
    names = [(f"{n:04d}", 0.8) for n in range(1, scenes + 1)]
    write_plan(folder, CaptureSettings(focal_mm=10.0, wide_f_number=2.0, pixel_um=5.0), names)
    write_scene(folder, "0001")

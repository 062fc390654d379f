"""Memory and time of `ddff depth` on large photographs: `python benchmarks/stack_memory.py`.

Photographs are drawn into a folder (JPEG, a slanted texture, each focused elsewhere, shifted by a
few pixels), and the command is run on them in a process of its own, whose peak resident memory is
printed. A stack that is held takes slices x megapixels x 3 bytes alone.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Annotated

import cv2
import numpy as np
import typer

GIB = 1 << 30


def main(
    slices: Annotated[int, typer.Option(min=2, help="Photographs.")] = 100,
    width: Annotated[int, typer.Option(min=64, help="Their width, pixels.")] = 6000,
    height: Annotated[int, typer.Option(min=64, help="Their height, pixels.")] = 4000,
    method: Annotated[str, typer.Option(help="The method of `ddff depth`.")] = "multiscale",
    limit_gib: Annotated[float, typer.Option(help="Ends with status 1 above it.")] = 2.0,
) -> None:
    """Measures, prints, and fails where the peak lies above the limit."""
    with tempfile.TemporaryDirectory() as place:
        photographs = Path(place) / "photographs"
        photographs.mkdir()
        draw(photographs, slices, (width, height))
        command = ["ddff", "depth", str(photographs), "-o", f"{place}/out", "--method", method]
        started = time.perf_counter()
        status, peak = peak_of(command)
        seconds = time.perf_counter() - started
    held = slices * width * height * 3 / GIB
    typer.echo(
        f"{slices} slices of {width}x{height}, {held:.2f} GiB of pixels: peak "
        f"{peak / GIB:.2f} GiB, {seconds:.0f} s, status {status}"
    )
    raise typer.Exit(int(status != 0 or peak > limit_gib * GIB))


def draw(folder: Path, slices: int, size: tuple[int, int]) -> None:
    """Photographs of a texture that slants away, with focus distances in their names."""
    rng = np.random.default_rng(3)
    small = rng.integers(0, 255, (size[1] // 4, size[0] // 4, 3), np.uint8)
    sharp = cv2.resize(small, size, interpolation=cv2.INTER_CUBIC)
    soft = cv2.GaussianBlur(sharp, (0, 0), 6)
    plane = np.linspace(0.5, 3.0, size[0], dtype=np.float32)
    for number, focus in enumerate(np.linspace(0.5, 3.0, slices)):
        share = np.clip(np.abs(plane - np.float32(focus)), 0, 1)[None].repeat(size[1], axis=0)
        image = cv2.blendLinear(soft, sharp, share, 1 - share)
        shift = np.array([[1, 0, 4 * np.sin(number)], [0, 1, 3 * np.cos(number)]], np.float32)
        image = cv2.warpAffine(image, shift, size, borderMode=cv2.BORDER_REFLECT)
        cv2.imwrite(str(folder / f"{number:03d}_{1 / focus:.4f}.jpg"), image)


def peak_of(command: list[str]) -> tuple[int, int]:
    """Exit status of a command, and the most memory that it had resident, bytes."""
    process = subprocess.Popen([sys.executable, "-m", "ddff_perception.cli", *command[1:]])
    _, status, usage = os.wait4(process.pid, 0)
    return os.waitstatus_to_exitcode(status), usage.ru_maxrss * 1024


if __name__ == "__main__":
    typer.run(main)

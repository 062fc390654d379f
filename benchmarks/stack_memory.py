"""Memory and time of `ddff depth` on large photographs: `python benchmarks/stack_memory.py`.

Photographs are drawn into a folder (JPEG, a slanted texture, each focused elsewhere, shifted by a
few pixels), and the command is run on them in a process of its own, whose peak resident memory is
printed, and twice a minute what it has now. A stack that is held takes slices x megapixels x 3
bytes alone.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Annotated

import cv2
import numpy as np
import typer
from rich.progress import track

GIB = 1 << 30
SAID_EVERY_S = 30.0


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
        status, peak, processor_s = peak_of(command)
        seconds = time.perf_counter() - started
    held = slices * width * height * 3 / GIB
    typer.echo(
        f"{slices} slices of {width}x{height}, {held:.2f} GiB of pixels: peak "
        f"{peak / GIB:.2f} GiB, {seconds:.0f} s ({processor_s:.0f} s of processors), "
        f"status {status}"
    )
    raise typer.Exit(int(status != 0 or peak > limit_gib * GIB))


def draw(folder: Path, slices: int, size: tuple[int, int]) -> None:
    """Photographs of a texture that slants away, with focus distances in their names: copied from
    one texture as sharp and as blurred, which takes no longer than to encode them.
    """
    width, height = size
    rng = np.random.default_rng(3)
    small = rng.integers(0, 255, (height // 4 + 5, width // 4 + 5, 3), np.uint8)
    whole = (4 * small.shape[1], 4 * small.shape[0])
    looks = [cv2.resize(small, whole, interpolation=cv2.INTER_CUBIC)]
    looks += [cv2.blur(looks[0], (k, k)) for k in (5, 13, 25)]
    plane = np.linspace(0.5, 3.0, width)
    for number, focus in enumerate(track(np.linspace(0.5, 3.0, slices), "drawing photographs")):
        row, column = 8 + round(6 * np.sin(number)), 8 + round(6 * np.cos(number))
        blur = np.minimum(np.abs(plane - focus) / 0.2, len(looks) - 1).astype(int)
        image = np.empty((height, width, 3), np.uint8)
        for level, look in enumerate(looks):
            seen = np.flatnonzero(blur == level)
            image[:, seen] = look[row : row + height, column + seen]
        cv2.imwrite(str(folder / f"{number:03d}_{1 / focus:.4f}.jpg"), image)


def peak_of(command: list[str]) -> tuple[int, int, float]:
    """Exit status of a command, the most memory that it had resident, bytes, and its seconds of
    processors.
    """
    started = said = time.perf_counter()
    process = subprocess.Popen([sys.executable, "-m", "ddff_perception.cli", *command[1:]])
    while not (ended := os.wait4(process.pid, os.WNOHANG))[0]:
        time.sleep(0.2)
        if time.perf_counter() - said > SAID_EVERY_S:
            said = time.perf_counter()
            typer.echo(f"{said - started:.0f} s: {resident(process.pid) / GIB:.2f} GiB", err=True)
    usage = ended[2]
    spent_s = usage.ru_utime + usage.ru_stime
    return os.waitstatus_to_exitcode(ended[1]), usage.ru_maxrss * 1024, spent_s


def resident(pid: int) -> int:
    """The memory that a process has resident, bytes; 0 where it has ended."""
    text = Path(f"/proc/{pid}/status").read_text()
    found = re.search(r"VmRSS:\s+(\d+) kB", text)
    return int(found[1]) * 1024 if found else 0


if __name__ == "__main__":
    typer.run(main)

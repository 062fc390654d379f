"""`ddff simulate rgbd` and `rgbd-bag`: an RGB-D camera that looks around in a room."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..console import progress_bar, say


def rgbd(
    output: Annotated[Path, typer.Option("--output", "-o", help="The new RGB-D folder.")],
    kind: Annotated[str, typer.Option(help="Kind of the room: living, bedroom, ...")] = "living",
    seed: Annotated[int, typer.Option(help="Of the room and of all noise.", min=0)] = 0,
    view: Annotated[int, typer.Option(help="Which place in the room.", min=0, max=100)] = 0,
    frames: Annotated[int, typer.Option(help="How many.", min=1, max=1000)] = 24,
    width: Annotated[int, typer.Option(help="Pixels.", min=16, max=4096)] = 320,
    height: Annotated[int, typer.Option(help="Pixels.", min=16, max=4096)] = 240,
    samples: Annotated[int, typer.Option(help="Light paths per pixel.", min=1)] = 32,
    folder: Annotated[Path | None, typer.Option("--assets", help="The folder of assets.")] = None,
) -> None:
    """Render an RGB-D camera that looks around in a furnished room, by path tracing.

    Writes colour, depth as a structured-light camera measures it, true labels of 13 classes,
    gravity, rgbd.json, and CREDITS.md for what is shown. Needs Mitsuba 3 (the extra "sim"). The
    same options and assets give the same folder.

    Examples:
      ddff simulate rgbd -o my_room --seed 7

      ddff simulate rgbd -o office --kind office --frames 60 --width 640 --height 480

    """
    from ..simulation.rgbd_camera.render import RoomTour, render_tour

    tour = RoomTour(kind, seed, view, frames, width, height, samples)
    with progress_bar("rendering", frames) as report:
        render_tour(output, tour, folder, report)
    say(f"{frames} frames with true labels in {output}")

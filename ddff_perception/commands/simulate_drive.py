"""`ddff simulate drive`: a camera that is driven along a route, on any day."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..console import progress_bar, say


def drive(
    output: Annotated[Path, typer.Option("--output", "-o", help="The new folder of the drive.")],
    kind: Annotated[str, typer.Option(help="Kind of the room: hall, corridor, ...")] = "hall",
    seed: Annotated[int, typer.Option(help="Of the room and its route.", min=0)] = 0,
    day: Annotated[
        int,
        typer.Option(help="0: as it was furnished; else other light, things moved.", min=0),
    ] = 0,
    frames: Annotated[int, typer.Option(help="How many.", min=8, max=2000)] = 100,
    width: Annotated[int, typer.Option(help="Pixels.", min=16, max=4096)] = 160,
    height: Annotated[int, typer.Option(help="Pixels.", min=16, max=4096)] = 120,
    samples: Annotated[int, typer.Option(help="Light paths per pixel.", min=1)] = 8,
    use: Annotated[str, typer.Option(help="Assets to learn from (train) or to judge.")] = "train",
    metres: Annotated[
        float, typer.Option(help="How far along the route; 0 all of it.", min=0.0)
    ] = 0.0,
    folder: Annotated[Path | None, typer.Option("--assets", help="The folder of assets.")] = None,
) -> None:
    """Render a drive along a route through a furnished room, by path tracing.

    Drives of one kind and seed go the same way, each at a speed that changes; on another day the
    light is another, things are moved or gone, people stand about. Writes images, drive.json (when
    and where each was taken) and CREDITS.md. Needs Mitsuba 3 (the extra "sim").

    Examples:
      ddff simulate drive -o monday --seed 7

      ddff simulate drive -o tuesday --seed 7 --day 1 --frames 120

    """
    from ..simulation.route_camera.render import DriveSettings, render_drive

    wanted = DriveSettings(kind, seed, day, frames, width, height, samples, use, metres)
    with progress_bar("rendering", frames) as report:
        render_drive(output, wanted, folder, report)
    say(f"{frames} frames in {output}")

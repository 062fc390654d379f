"""`ddff simulate drive` and `drive-bag`: a camera that is driven along a route, on any day."""

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


def drive_bag(
    output: Annotated[Path, typer.Option("--output", "-o", help="The new bag's folder.")],
    folder: Annotated[
        Path | None, typer.Argument(help="Drive; left out, the one that comes along.")
    ] = None,
    reference: Annotated[
        Path | None, typer.Option(help="Drive of the same route, for true places in it.")
    ] = None,
    frames: Annotated[int, typer.Option(help="Images; 0: the drive once.", min=0)] = 0,
    rate: Annotated[float, typer.Option(help="Images per second.", min=0.1, max=1000)] = 10.0,
    noise: Annotated[float, typer.Option(help="More noise, 8-bit levels.", min=0)] = 0.0,
    seed: Annotated[int, typer.Option(help="Of the noise.", min=0)] = 0,
    storage: Annotated[str, typer.Option(help="mcap or sqlite3.")] = "mcap",
    namespace: Annotated[str, typer.Option(help="Namespace of the topics.")] = "/camera",
) -> None:
    """Record a drive along a route as a rosbag2 bag, with its true places in another drive.

    The topics are those of the node sim_route_camera. The same arguments give the same messages.

    Examples:
      ddff simulate drive-bag -o second_drive_bag

      ddff simulate drive-bag tuesday --reference monday -o tuesday_bag

    """
    from ..simulation.route_camera.bag import RouteBagSettings, write_route_bag
    from ..simulation.route_camera.frames import RouteCameraSettings

    settings = RouteBagSettings(RouteCameraSettings(noise, seed), frames, rate, namespace)
    with progress_bar("writing images", frames or None) as report:
        count = write_route_bag(
            folder, reference, output, settings, storage=storage, progress=report
        )
    say(f"{count} messages in {output}")

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


def rgbd_bag(
    output: Annotated[Path, typer.Option("--output", "-o", help="The new bag's folder.")],
    folder: Annotated[
        Path | None, typer.Argument(help="RGB-D folder; left out, the room that comes along.")
    ] = None,
    encoding: Annotated[str, typer.Option(help="Of depth: 16UC1 or 32FC1.")] = "16UC1",
    frames: Annotated[int, typer.Option(help="Instants.", min=1, max=100_000)] = 24,
    rate: Annotated[float, typer.Option(help="Frames per second.", min=0.1, max=1000)] = 10.0,
    noise: Annotated[float, typer.Option(help="Noise of colour, 8-bit levels.", min=0)] = 0.0,
    skip: Annotated[int, typer.Option(help="Every n-th frame without depth; 0 none.", min=0)] = 0,
    seed: Annotated[int, typer.Option(help="Of the noise.", min=0)] = 0,
    storage: Annotated[str, typer.Option(help="mcap or sqlite3.")] = "mcap",
    namespace: Annotated[str, typer.Option(help="Namespace of the topics.")] = "/camera",
) -> None:
    """Record what an RGB-D camera sees of an RGB-D folder as a rosbag2 bag.

    The topics are those of the node sim_rgbd_camera, true labels included. The same arguments give
    the same messages.

    Examples:
      ddff simulate rgbd-bag -o room_bag

      ddff simulate rgbd-bag my_room -o bag --encoding 32FC1 --frames 60 --rate 30

    """
    from ..simulation.rgbd_camera.bag import RgbdBagSettings, write_rgbd_bag
    from ..simulation.rgbd_camera.frames import RgbdCameraSettings

    camera = RgbdCameraSettings(encoding, noise, skip, seed)
    settings = RgbdBagSettings(camera, frames, rate, namespace)
    with progress_bar("writing frames", frames) as report:
        count = write_rgbd_bag(folder, output, settings, storage=storage, progress=report)
    say(f"{count} messages in {output}")

"""`ddff simulate motion` and `motion-bag`: a camera that shakes while its shutter is open."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..console import progress_bar, say
from ..types import InputError


def motion(
    output: Annotated[Path, typer.Option("--output", "-o", help="The new frame folder.")],
    photograph: Annotated[
        Path | None,
        typer.Argument(help="Sharp image that the camera sees a part of; left out: a room."),
    ] = None,
    room: Annotated[str, typer.Option(help="Kind of the room: living, office, ...")] = "living",
    seed: Annotated[int, typer.Option(help="Of the room, the shake and all noise.", min=0)] = 0,
    view: Annotated[int, typer.Option(help="Which place in the room.", min=0, max=100)] = 0,
    frames: Annotated[int, typer.Option(help="How many.", min=1, max=1000)] = 24,
    rate: Annotated[float, typer.Option(help="Frames per second.", min=0.1, max=1000)] = 15.0,
    exposure: Annotated[
        float, typer.Option(help="Share of the time in which the shutter is open.", min=0, max=1)
    ] = 0.5,
    shake_deg: Annotated[float, typer.Option(help="How far it shakes.", min=0, max=20)] = 1.5,
    period: Annotated[float, typer.Option(help="How slowly, seconds.", min=0.01)] = 0.25,
    noise: Annotated[float, typer.Option(help="Sensor noise, 0 none, 1 usual.", min=0)] = 1.0,
    width: Annotated[int, typer.Option(help="Pixels of a room's view.", min=16, max=4096)] = 640,
    height: Annotated[int, typer.Option(help="Pixels of a room's view.", min=16, max=4096)] = 480,
    samples: Annotated[int, typer.Option(help="A room: light paths per pixel.", min=1)] = 64,
    share: Annotated[
        float, typer.Option(help="Share of the view's width that the camera sees.", min=0.1, max=1)
    ] = 0.8,
    suffix: Annotated[str, typer.Option(help="Format of the images: png or jpg.")] = "png",
    folder: Annotated[Path | None, typer.Option("--assets", help="The folder of assets.")] = None,
) -> None:
    """Make the frames of a camera that shakes, blurred as its shutter sees them, and sharp ones.

    The camera turns before a sharp photograph, or before a room that is rendered (Mitsuba 3, the
    extra "sim"); light is averaged over the exposure, then come noise, the camera's curve and 8
    bits. Writes images, the sharp ones and frames.json. The same options give the same folder.

    Examples:
      ddff simulate motion photo.jpg -o shaken --seed 3

      ddff simulate motion -o night --room office --noise 4 --shake-deg 3

    """
    from ..simulation.moving_camera.folder import MotionSettings, wide_view, write_shaken
    from ..simulation.moving_camera.shake import ShakeSettings

    if suffix not in ("png", "jpg"):
        raise InputError(f"images are png or jpg, not {suffix!r}")
    shake = ShakeSettings(frames, rate, exposure, shake_deg, shake_deg / 2, period, seed)
    settings = MotionSettings(shake, share, noise=noise)
    credits = ""
    if photograph is not None:
        wide = wide_view(photograph)
    else:
        from ..simulation.moving_camera.render import room_view
        from ..simulation.rgbd_camera.render import RoomTour

        with progress_bar("rendering a room"):
            tour = RoomTour(room, seed, view, 1, width, height, samples)
            wide, credits = room_view(tour, folder)
    with progress_bar("moving the camera", frames) as report:
        write_shaken(output, wide, settings, suffix, report)
    if credits:
        from ..files.atomic import write_bytes

        write_bytes(output / "CREDITS.md", credits.encode())
    say(f"{frames} blurred frames with sharp ones in {output}")


def motion_bag(
    output: Annotated[Path, typer.Option("--output", "-o", help="The new bag's folder.")],
    folder: Annotated[
        Path | None, typer.Argument(help="Frame folder; left out, the one that comes along.")
    ] = None,
    frames: Annotated[int, typer.Option(help="Instants.", min=1, max=100_000)] = 24,
    rate: Annotated[float, typer.Option(help="Frames per second.", min=0.1, max=1000)] = 15.0,
    noise: Annotated[float, typer.Option(help="More noise, 8-bit levels.", min=0)] = 0.0,
    drop: Annotated[int, typer.Option(help="Every n-th frame is missing; 0 none.", min=0)] = 0,
    seed: Annotated[int, typer.Option(help="Of the noise.", min=0)] = 0,
    storage: Annotated[str, typer.Option(help="mcap or sqlite3.")] = "mcap",
    namespace: Annotated[str, typer.Option(help="Namespace of the topics.")] = "/camera",
) -> None:
    """Record a frame folder, as a camera that moves, as a rosbag2 bag.

    The topics are those of the node sim_moving_camera, sharp images included. The same arguments
    give the same messages.

    Examples:
      ddff simulate motion-bag -o shaken_bag

      ddff simulate motion-bag shaken -o bag --frames 60 --rate 30 --drop 7

    """
    from ..simulation.moving_camera.bag import MotionBagSettings, write_motion_bag
    from ..simulation.moving_camera.frames import MovingCameraSettings

    settings = MotionBagSettings(MovingCameraSettings(noise, drop, seed), frames, rate, namespace)
    with progress_bar("writing frames", frames) as report:
        count = write_motion_bag(folder, output, settings, storage=storage, progress=report)
    say(f"{count} messages in {output}")

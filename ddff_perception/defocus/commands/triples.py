"""`ddff triples`: real images to learn depth from defocus from: plan, record, prepare."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from ...console import console, parse_distances, progress_bar, say, warn
from ...files.atomic import make_folder
from ...files.images import write_image
from ...types import CameraModel, InputError
from ..triples.folder import TripleWriter
from ..triples.plan import CaptureSettings, foreseen, scene_names
from ..triples.preparation import PreparationSettings, prepared
from ..triples.raw_folder import (
    CAMERAS,
    DESCRIPTION,
    PARTS,
    Capture,
    read_capture,
    write_cameras,
    write_plan,
)

if TYPE_CHECKING:
    from ..triples.recorder_node import TripleRecorder

app = typer.Typer(no_args_is_help=True)

_Folder = Annotated[Path, typer.Argument(help="Folder of the capture, made by `plan`.")]
_Given = Annotated[
    list[str] | None,
    typer.Option("--set", "-s", help="name=value, as often as needed.", metavar="NAME=VALUE"),
]


@app.command()
def plan(
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder of the capture.")],
    scenes: Annotated[int, typer.Option(help="How many.", min=1, max=100_000)] = 24,
    focus: Annotated[
        str, typer.Option(help="Focus distances in metres, in turn: 0.8,1.2,2")
    ] = "0.8,1.2,2",
    settings: _Given = None,
) -> None:
    """Plan a capture: what the lens will show, and which scenes at which focus distance.

    Settings: focal_mm, wide_f_number, narrow_f_number, pixel_um, nearest_m, farthest_m. Put
    photographs into wide/ and narrow/ and depth images into depth/ yourself, in the scenes' order,
    or let `record` do it.

    Examples:
      ddff triples plan -o capture --scenes 60 --focus 0.8,1.5 --set focal_mm=35 --set pixel_um=4.3

      ddff triples record capture

      ddff triples prepare capture -o triples

    """
    lens = CaptureSettings.of(CaptureSettings.table().parse(settings or []))
    distances = parse_distances(focus)
    views = [foreseen(lens, distance) for distance in distances]
    if (output / DESCRIPTION).exists():
        raise InputError(f"{output} holds a plan already: choose another folder")
    write_plan(output, lens, scene_names(scenes, distances))
    near, far = f"{lens.nearest_m:g} m", f"{lens.farthest_m:g} m"
    table = Table(title=f"blur discs from {near} to {far}, px of the photographs")
    for heading in ("focused at", f"f/{lens.wide_f_number:g}", f"f/{lens.narrow_f_number:g}"):
        table.add_column(heading, justify="right")
    for view in views:
        pairs = [f"{a:.1f} and {b:.1f}" for a, b in (view.wide_px, view.narrow_px)]
        table.add_row(f"{view.focus_m:g} m", *pairs)
    console.print(table)
    for view in views:
        if view.advice:
            warn(f"Focused at {view.focus_m:g} m, {view.advice}")
    say(f"Expose the narrow aperture {2**lens.stops:.1f} times as long ({lens.stops:.1f} stops)")
    say(f"{scenes} scenes are planned in {output / DESCRIPTION}")


@app.command()
def record(
    capture: _Folder,
    remap: Annotated[
        list[str] | None,
        typer.Option("--remap", "-r", help="As ROS has it: image_rect:=/camera/image_rect"),
    ] = None,
    frames: Annotated[int, typer.Option(help="Joined to one image.", min=1, max=200)] = 8,
) -> None:
    """Record the scenes of a plan from live topics: wide aperture, narrow aperture, depth.

    Listens to image_rect of a camera whose aperture you set, to depth/image_rect and, if it is
    there, depth/color of a depth sensor fixed to it. Says what to do, waits for Enter, and takes
    the next frames: the mean of photographs, each pixel's median of depth. A scene that is whole is
    left out, so that a capture can go on later.

    Examples:
      ddff triples record capture -r image_rect:=/camera/image_rect -r depth/image_rect:=/tof/image

    """
    try:
        from ..triples.recorder_node import open_recorder
    except ImportError as error:
        raise InputError(
            f"recording needs ROS 2 ({error.name} is missing): source a ROS installation, or put "
            "the images into the folders yourself"
        ) from error
    found = read_capture(capture)
    left = [(name, focus) for name, focus in found.scenes if found.missing(name)]
    if not left:
        say(f"All {len(found.scenes)} scenes are there")
        return
    recorder = open_recorder(remap or [])
    done = 0
    try:
        for name, focus in left:
            if not _record_scene(found, recorder, name, focus, frames):
                break
            done += 1
    finally:
        cameras: Mapping[str, CameraModel] = recorder.cameras
        recorder.close()
    if cameras and not (capture / CAMERAS).exists():
        write_cameras(capture, cameras)
    say(f"{done} scenes were recorded, {len(left) - done} are left: {capture}")


def _record_scene(
    found: Capture, recorder: TripleRecorder, name: str, focus: float, frames: int
) -> bool:
    """Whether it was taken; False where the user ends."""
    lens = found.lens
    todo = {
        "wide": f"focus at {focus:g} m, open the aperture to f/{lens.wide_f_number:g}",
        "narrow": f"touch nothing but the aperture: f/{lens.narrow_f_number:g}, shutter "
        f"{2**lens.stops:.1f} times as long",
        "depth": "let the depth sensor see the same",
    }
    for part in [part for part in PARTS if part in found.missing(name)]:
        say(f"Scene {name}, {part}: {todo[part]}. Enter takes it, q ends")
        try:
            if input().strip().lower() == "q":
                return False
        except (EOFError, OSError):  # there is no terminal
            return False
        images = recorder.depth(frames) if part == "depth" else {part: recorder.photograph(frames)}
        for kind, image in images.items():
            make_folder(found.folder / kind, (f"{name}.png",))
            write_image(found.folder / kind / f"{name}.png", image)
    found.forget_files()
    return True


@app.command()
def prepare(
    capture: _Folder,
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder of the triples.")] = Path(
        "out/triples"
    ),
    settings: _Given = None,
) -> None:
    """Make triples to learn from of a capture: registered, in-painted, as bright, cropped.

    The wide image is laid over the narrow one, depth by the cameras of cameras.json (camera,
    depth_camera, extrinsics), by depth_color/, or as it lies; its holes are filled along the
    edges of the photograph; the narrow image is made as bright as the wide one; what one of them
    does not see is cut off. A scene that does not serve is left out with the reason.

    Settings: width, least_measured, reach.

    Examples:
      ddff triples prepare capture -o triples --set width=640

      ddff train defocus --network defocus_light --preset tune --data triples -o out/mine

    """
    found = read_capture(capture)
    own = PreparationSettings.of(PreparationSettings.table().parse(settings or []))
    writer = TripleWriter(output, [name for name, _ in found.scenes])
    made = 0
    with progress_bar("preparing", len(found.scenes)) as report:
        for name, focus in found.scenes:
            try:
                one = prepared(found, name, focus, own)
            except InputError as error:
                warn(f"Scene {name} is left out: {error}")
            else:
                writer.add(one.triple)
                made += 1
                height, width = one.triple.image.shape[:2]
                say(
                    f"Scene {name}: {width}x{height}, wide moved {one.moved_px:.1f} px and was "
                    f"{one.gain:.2f} times as bright, depth by {one.registered_by}, "
                    f"{one.measured:.0%} measured, {one.kept:.0%} of the view kept"
                )
            report()
    if not made:
        raise InputError(f"no scene of {capture} makes a triple")
    writer.finish()
    say(f"{made} triples are in {output}")

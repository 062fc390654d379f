"""`ddff simulate`: path-traced sweeps, panes, labelled scenes, shaken cameras, with their truth."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from ..capability import chosen
from ..console import parse_distances, progress_bar, replace_given, say
from ..simulation.focus_camera.sweep import ORDERS, SweepSettings
from ..simulation.rendering.presets import PRESETS
from ..simulation.rendering.scene_types import FARTHEST_M, LAYOUTS
from .simulate_bag import bag
from .simulate_dataset import dataset
from .simulate_drive import drive, drive_bag
from .simulate_motion import motion, motion_bag
from .simulate_pane import pane, polarizer_bag
from .simulate_rgbd import rgbd, rgbd_bag

app = typer.Typer(no_args_is_help=True)
app.command()(bag)
app.command()(pane)
app.command()(dataset)
app.command()(drive)
app.command("drive-bag")(drive_bag)
app.command()(rgbd)
app.command("rgbd-bag")(rgbd_bag)
app.command()(motion)
app.command("motion-bag")(motion_bag)
app.command("polarizer-bag")(polarizer_bag)

_MILLIMETRES = 1e-3


@app.command()
def sweep(
    output: Annotated[Path, typer.Option("--output", "-o", help="The new stack folder.")],
    preset: Annotated[
        str, typer.Option(help=f"What is not given otherwise: {', '.join(PRESETS)}.")
    ] = "room",
    seed: Annotated[int | None, typer.Option(help="Of the scene and all noise.")] = None,
    layout: Annotated[str | None, typer.Option(help=f"One of: {', '.join(LAYOUTS)}.")] = None,
    plain_walls: Annotated[
        bool | None,
        typer.Option("--plain-walls/--textured-walls", help="Walls without any texture."),
    ] = None,
    clutter: Annotated[float | None, typer.Option(help="How much stands about, 0 .. 3.")] = None,
    width: Annotated[int | None, typer.Option(help="Pixels.")] = None,
    height: Annotated[int | None, typer.Option(help="Pixels.")] = None,
    fov: Annotated[float | None, typer.Option(help="Across the width, degrees.")] = None,
    aperture_mm: Annotated[float | None, typer.Option(help="Diameter, millimetres.")] = None,
    near: Annotated[float | None, typer.Option(help="Nearest focus distance, metres.")] = None,
    far: Annotated[float | None, typer.Option(help="Farthest focus distance, metres.")] = None,
    slices: Annotated[int | None, typer.Option(help="Even steps in dioptres.")] = None,
    focus: Annotated[
        str | None, typer.Option(help="Focus distances instead, metres: 0.5,0.8,2,inf.")
    ] = None,
    order: Annotated[str | None, typer.Option(help=f"One of: {', '.join(ORDERS)}.")] = None,
    samples: Annotated[int | None, typer.Option(help="Light paths per pixel.")] = None,
    noise: Annotated[float | None, typer.Option(help="Sensor noise, 0 none, 1 usual.")] = None,
    vignetting: Annotated[float | None, typer.Option(help="Loss of light in the corners.")] = None,
    breathing: Annotated[
        float | None, typer.Option(help="Change of magnification per dioptre, as 0.005.")
    ] = None,
    geometry: Annotated[bool, typer.Option(help="Also write labels and normals.")] = False,
) -> None:
    """Render a focus sweep of a random indoor scene by path tracing, with exact depth.

    Needs Mitsuba 3 (the extra "sim"). The same options give the same stack.

    Examples:
      ddff simulate sweep -o my_stack --seed 7

      ddff simulate sweep -o plain --seed 7 --plain-walls --slices 12 --aperture-mm 8

      ddff simulate sweep -o small --preset table_top --width 320 --height 240 --samples 25

    """
    from ..simulation.focus_camera.folder import render_to_folder

    base = chosen(PRESETS, "preset", preset)
    scene = replace_given(
        base.scene,
        seed=seed,
        layout=layout,
        plain_walls=plain_walls,
        clutter=clutter,
        **_scene_depths(base, near, far),
    )
    settings = replace_given(
        replace(
            base,
            scene=scene,
            sensor=replace_given(base.sensor, noise=noise, vignetting=vignetting),
        ),
        width=width,
        height=height,
        horizontal_fov_deg=fov,
        aperture_diameter_m=None if aperture_mm is None else aperture_mm * _MILLIMETRES,
        near_m=near,
        far_m=far,
        slices=slices,
        focus_distances_m=None if focus is None else parse_distances(focus),
        order=order,
        samples=samples,
        breathing=breathing,
    )
    with progress_bar("rendering") as report:
        render_to_folder(output, settings, report, geometry=geometry)
    say(f"{len(settings.distances())} slices with true depth in {output}")


def _scene_depths(
    base: SweepSettings, near: float | None, far: float | None
) -> dict[str, float | None]:
    """Depth limits of a scene that suit the focus limits, as far as a room can have them."""
    if near is None and far is None:
        return {}
    start = base.scene.near_m if near is None else near
    end = base.scene.far_m if far is None else far
    return {"near_m": near, "far_m": max(min(end, FARTHEST_M), 2 * start)}

"""`ddff simulate pane` and `polarizer-bag`: glass panes before a polarization camera."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..console import parse_angles, progress_bar, say
from ..types import InputError


def pane(
    output: Annotated[Path, typer.Option("--output", "-o", help="The new polarization folder.")],
    seed: Annotated[int, typer.Option(help="Of the two pictures.")] = 0,
    width: Annotated[int, typer.Option(help="Pixels.", min=16, max=4096)] = 320,
    height: Annotated[int, typer.Option(help="Pixels.", min=16, max=4096)] = 240,
    fov: Annotated[float, typer.Option(help="Across the width, degrees.", min=1, max=90)] = 10.0,
    incidence: Annotated[float, typer.Option(help="Angle of incidence, 1 .. 76 degrees.")] = 50.0,
    plane: Annotated[
        float, typer.Option(help="Angle in the image along which reflected light is polarized.")
    ] = 90.0,
    curvature: Annotated[float, typer.Option(help="Of the pane, 1/m; 0 is flat.")] = 0.0,
    ratio: Annotated[
        float, typer.Option(help="Radiance of what is mirrored over what lies behind.", min=0)
    ] = 1.0,
    index: Annotated[float, typer.Option(help="Refractive index of the pane.")] = 1.5,
    angles: Annotated[
        str, typer.Option(help="Polarizer angles in degrees: 0,45,90,135.")
    ] = "0,45,90,135",
    samples: Annotated[int, typer.Option(help="Light paths per pixel.", min=1)] = 64,
    bits: Annotated[int, typer.Option(help="Bits per pixel of the images: 8 or 16.")] = 8,
) -> None:
    """Render a camera behind a polarizer that looks through a glass pane, by path tracing.

    Writes one image per polarizer angle, the true transmission and reflection, and
    polarization.json. Needs Mitsuba 3 (the extra "sim") with its polarized LLVM variant. The same
    options give the same folder.

    Examples:
      ddff simulate pane -o my_pane --seed 7

      ddff simulate pane -o bright --incidence 65 --ratio 4 --bits 16

      ddff simulate pane -o bent --curvature 0.3 --angles 0,45,90 --samples 256

    """
    from ..simulation.polarizer_camera.folder import KINDS, render_pane_to_folder
    from ..simulation.polarizer_camera.render import PaneSettings

    if bits not in KINDS:
        raise InputError(f"bits must be 8 or 16, not {bits}")
    settings = PaneSettings(
        seed=seed,
        width=width,
        height=height,
        field_of_view_deg=fov,
        incidence_deg=incidence,
        plane_deg=plane,
        curvature=curvature,
        ratio=ratio,
        refractive_index=index,
        angles_deg=parse_angles(angles),
        samples=samples,
    )
    with progress_bar("rendering"):
        render_pane_to_folder(output, settings, bits)
    say(f"{len(settings.angles_deg)} polarizer angles with true layers in {output}")


def polarizer_bag(
    output: Annotated[Path, typer.Option("--output", "-o", help="The new bag's folder.")],
    folder: Annotated[
        Path | None,
        typer.Argument(help="Polarization folder; left out, the pane that comes along."),
    ] = None,
    camera: Annotated[str, typer.Option(help="mosaic, angles or rotating.")] = "mosaic",
    layout: Annotated[str, typer.Option(help="Of the mosaic.")] = "90_45_135_0",
    angles: Annotated[
        str | None, typer.Option(help="Polarizer angles of angles and rotating, degrees.")
    ] = None,
    frames: Annotated[int, typer.Option(help="Instants.", min=1, max=100_000)] = 20,
    rate: Annotated[float, typer.Option(help="Frames per second.", min=0.1, max=1000)] = 10.0,
    noise: Annotated[float, typer.Option(help="Noise, 8-bit grey levels.", min=0)] = 0.0,
    sway: Annotated[float, typer.Option(help="Motion of the camera, pixels.", min=0)] = 0.0,
    drop: Annotated[float, typer.Option(help="Share of images left out, 0 .. 1.")] = 0.0,
    seed: Annotated[int, typer.Option(help="Of the noise and the drops.", min=0)] = 0,
    storage: Annotated[str, typer.Option(help="mcap or sqlite3.")] = "mcap",
    namespace: Annotated[str, typer.Option(help="Namespace of the topics.")] = "/camera",
) -> None:
    """Record what a polarization camera sees of a polarization folder as a rosbag2 bag.

    The topics are those of the node sim_polarizer_camera, true layers included. The same arguments
    give the same messages.

    Examples:
      ddff simulate polarizer-bag -o pane_bag

      ddff simulate polarizer-bag my_pane -o turning --camera rotating --sway 2 --noise 1

    """
    from ..simulation.polarizer_camera.bag import PolarizerBagSettings, write_polarizer_bag
    from ..simulation.polarizer_camera.frames import PolarizerSettings

    settings = PolarizerBagSettings(
        PolarizerSettings(
            camera, layout, () if angles is None else parse_angles(angles), noise, sway, seed
        ),
        frames,
        rate,
        drop,
        namespace,
    )
    with progress_bar("writing frames", frames) as report:
        count = write_polarizer_bag(folder, output, settings, storage=storage, progress=report)
    say(f"{count} messages in {output}")

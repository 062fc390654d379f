"""`ddff calibrate defocus`: how much a lens blurs per dioptre."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from ...console import AsJson, console, parse_distances, say, warn
from ...files.atomic import json_text, make_folder, write_bytes
from ...files.images import read_image
from ...types import InputError
from ..calibration.chart import BlurCalibration, calibrate_blur, chart_blur
from ..parameters import AT_INFINITY_M


def calibrate_defocus(
    images: Annotated[list[Path], typer.Argument(help="Images of a flat chart, one per distance.")],
    distances: Annotated[
        str, typer.Option(help="Of the chart in each image, metres, with commas: 0.4,0.5,0.7")
    ],
    output: Annotated[
        Path, typer.Option("--output", "-o", help="ROS 2 parameter file of depth_from_defocus.")
    ] = Path("defocus.yaml"),
    focus_distance: Annotated[
        float | None,
        typer.Option(help="Of the lens, metres; without it the images have to tell it, too."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Measure how much a lens blurs, from images of a chart at known distances.

    Fix focus and aperture. Put a flat chart with clear edges (`ddff calibrate board`), facing the
    camera and filling the middle of the image, at three or more distances, better eight on both
    sides of the plane in focus, evenly spaced in 1/distance, and take one image at each. Squares
    must be eight times as wide as the widest disc: smaller ones look sharper than they are.

    Writes a parameter file for `ddff defocus --params-file` and the node, and prints how far each
    image is off. Images that no lens can have made, as in another order, are refused.

    Examples:
      ddff calibrate defocus a.png b.png c.png d.png --distances 0.4,0.5,0.7,1.2 -o lens.yaml

      ddff calibrate defocus a.png b.png --distances 0.4,1.2 --focus-distance 0.6

    """
    metres = parse_distances(distances)
    if len(metres) != len(images):
        raise InputError(f"{len(images)} images but {len(metres)} distances: give one for each")
    if not all(0 < distance < float("inf") for distance in metres):
        raise InputError("distances of the chart must be metres over 0")
    if focus_distance is not None and not focus_distance > 0:
        raise InputError(f"the focus distance must be over 0 m, not {focus_distance:g}")
    make_folder(output.parent, (output.name,))
    pictures = [read_image(file) for file in images]
    if len({picture.shape[:2] for picture in pictures}) > 1:
        raise InputError("the images differ in size: take them all with one camera")
    shots = [chart_blur(p, distance) for p, distance in zip(pictures, metres, strict=True)]
    found = calibrate_blur(shots, focus_distance)
    write_bytes(output, _parameter_file(found).encode())
    for shot in found.doubtful:
        warn(f"The image at {shot.distance_m:g} m fits the others badly: take it anew")
    if as_json:
        typer.echo(json_text(_summary(found, output)))
    else:
        _print(found, output)


def _parameter_file(found: BlurCalibration) -> str:
    focus = min(found.focus_distance_m, AT_INFINITY_M)
    return (
        f"# Made by `ddff calibrate defocus` from {len(found.shots)} images of a chart, rms "
        f"{found.rms_px:.2f} px.\n"
        "/**/depth_from_defocus:\n"
        "  ros__parameters:\n"
        "    lens:\n"
        f"      blur_per_dioptre_px: {found.blur_per_dioptre_px:.4f}\n"
        f"      focus_distance_m: {focus:.5f}\n"
        f"      residual_px: {found.residual_px:.4f}\n"
    )


def _summary(found: BlurCalibration, output: Path) -> dict[str, object]:
    return {
        "file": str(output),
        "blur_per_dioptre_px": found.blur_per_dioptre_px,
        "focus_distance_m": far if (far := found.focus_distance_m) < AT_INFINITY_M else "inf",
        "residual_px": found.residual_px,
        "rms_px": found.rms_px,
        "images": [
            {"distance_m": s.distance_m, "disc_px": s.disc_px, "off_px": off, "edges": s.edges}
            for s, off in zip(found.shots, found.off_px, strict=True)
        ],
    }


def _print(found: BlurCalibration, output: Path) -> None:
    table = Table(title="blur of the chart")
    for heading in ("chart at", "disc", "off by"):
        table.add_column(heading, justify="right")
    for shot, off in zip(found.shots, found.off_px, strict=True):
        table.add_row(f"{shot.distance_m:g} m", f"{shot.disc_px:.2f} px", f"{off:+.2f} px")
    console.print(table)
    far = found.focus_distance_m
    focus = "infinity" if far >= AT_INFINITY_M else f"{far:.3g} m"
    say(
        f"{found.blur_per_dioptre_px:.3g} px per dioptre, focused at {focus}, "
        f"{found.residual_px:.2f} px in focus; rms {found.rms_px:.2f} px"
    )
    say(f"Parameters: {output}")

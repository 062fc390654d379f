"""`ddff stack`: a folder of photographs becomes a stack folder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from ...console import progress_bar, say, warn
from ...files.focus_distances import UNITS, FocusDistances, distances_from_table
from ...files.photographs import open_photographs, read_photographs
from ...files.stack_folder import write_stack
from ...optics.resampling import shrunk_stack
from ...types import CameraModel, FocalStack, InputError, require_choice


def stack(
    photographs: Annotated[
        Path, typer.Argument(help="Folder of images, one per focus distance, or a TIFF of pages.")
    ],
    output: Annotated[Path, typer.Option("--output", "-o", help="The new stack folder.")],
    distances: Annotated[
        str | None,
        typer.Option(
            help="Focus distances in metres, in the images' order: 0.3,0.5,1,inf; or a CSV file "
            "with a name and a distance in each row."
        ),
    ] = None,
    unit: Annotated[
        str | None, typer.Option(help=f"Of distances without one: {', '.join(UNITS)}.")
    ] = None,
    fx: Annotated[
        float | None,
        typer.Option(help="Focal length in pixels of the photographs, for clouds.", min=1.0),
    ] = None,
    width: Annotated[
        int | None, typer.Option(help="Shrink the images to this width.", min=16)
    ] = None,
) -> None:
    """Make a stack folder of one's own photographs.

    The images of the folder (or of the folders in it, or the pages of a TIFF) are taken in natural
    order (2 before 10), or in that of their capture times where these say another, and turned by
    their EXIF orientation. Without --distances, a distance at the end of each name counts
    (image_3_0.6.png is 0.6 m, near_45cm.jpg 0.45 m), then the subject distance in EXIF; where there
    is none, the focus distances stay unknown and the depth is relative.

    Examples:
      ddff stack my_photos -o my_stack --distances 0.24,0.36,0.6,1.5,2.5

      ddff stack phone_burst -o my_stack --width 960

      ddff depth my_stack --param alignment=ecc

    """
    if unit is not None:
        require_choice("--unit", unit, tuple(UNITS))
    if output.resolve() == photographs.resolve():
        raise InputError(f"{output} holds the photographs: give another folder as --output")
    items = open_photographs(photographs)
    given = None if distances is None else _given(distances, [item.file for item in items], unit)
    with progress_bar("reading photographs", len(items)) as report:
        read = read_photographs(items, given, unit, report)
    content = read.stack
    if fx is not None:
        rows, columns = content.slices[0].shape[:2]
        content = FocalStack(content.slices, CameraModel.centred(columns, rows, fx))
    if width is not None:
        content = shrunk_stack(content, width)
    with progress_bar("writing the stack", len(content.slices)) as report:
        write_stack(output, content, progress=report)
    for note in read.notes:
        warn(note)
    say(f"{len(content.slices)} slices, {read.distances}: {output}")
    if content.camera is not None and fx is None:
        say(f"camera from EXIF: fx {content.camera.fx:.0f} px")


def _given(distances: str, files: Sequence[Path], unit: str | None) -> FocusDistances:
    """--distances: a table, or numbers in the order in which the photographs are."""
    if distances.lower().endswith(".csv"):
        return distances_from_table(Path(distances), files, unit)
    try:
        metres = [float(part) * UNITS[unit or "m"] for part in distances.split(",")]
    except ValueError:
        raise InputError(f"--distances must be numbers with commas, not {distances!r}") from None
    return FocusDistances(tuple(metres), "--distances")

"""`ddff stack`: a folder of photographs becomes a stack folder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from ...console import console
from ...files.photographs import find_photographs, read_photographs
from ...files.stack_folder import write_stack
from ...optics.resampling import shrunk_stack
from ...types import CameraModel, FocalStack, InputError


def stack(
    photographs: Annotated[Path, typer.Argument(help="Folder of images, one per focus distance.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="The new stack folder.")],
    distances: Annotated[
        str | None,
        typer.Option(help="Focus distances in metres, in the images' order: 0.3,0.5,1,inf."),
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

    The images are taken in natural order (2 before 10) and turned by their EXIF orientation.
    Without --distances, a distance at the end of each name counts (image_3_0.6.png is 0.6 m);
    where there is none, the focus distances stay unknown and the depth is relative.

    Examples:
      ddff stack my_photos -o my_stack --distances 0.24,0.36,0.6,1.5,2.5

      ddff stack phone_burst -o my_stack --width 960

      ddff depth my_stack --param alignment=ecc

    """
    files = find_photographs(photographs)
    content = read_photographs(files, _parse(distances))
    if output.resolve() == photographs.resolve():
        raise InputError(f"{output} holds the photographs: give another folder as --output")
    if fx is not None:
        rows, columns = content.images[0].shape[:2]
        content = FocalStack(content.slices, CameraModel.centred(columns, rows, fx))
    if width is not None:
        content = shrunk_stack(content, width)
    write_stack(output, content)
    known = "unknown" if np.isnan(content.focus_distances_m).all() else "known"
    text = f"{len(files)} slices, focus distances {known}: {output}"
    console.print(text, highlight=False, markup=False)


def _parse(distances: str | None) -> list[float] | None:
    if distances is None:
        return None
    try:
        return [float(part) for part in distances.split(",")]
    except ValueError:
        raise InputError(f"--distances must be numbers with commas, not {distances!r}") from None

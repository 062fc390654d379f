"""`ddff refocus`: a light field becomes a focal stack."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from ...console import parse_distances, progress_bar, say
from ...files.images import read_array
from ...files.light_fields import StoredLightField, read_light_field, read_pfm
from ...files.stack_folder import write_stack
from ...optics.light_field import (
    DDFF_FAR_PX,
    DDFF_NEAR_PX,
    INTERPOLATIONS,
    LYTRO_ILLUM,
    PATTERNS,
    even_disparities,
    focal_stack,
    select_views,
)
from ...types import FloatArray, FocalStack, InputError, LightField, require_choice

CALIBRATIONS = ("auto", "none", "lytro_illum")


def refocus(
    light_field: Annotated[Path, typer.Argument(help="Folder of views, or .npy, .h5, .mat.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="The new stack folder.")],
    slices: Annotated[int, typer.Option(help="Even steps in disparity, near to far.")] = 10,
    disparities: Annotated[
        str | None, typer.Option(help="Nearest and farthest, pixels per view: 0.28,0.02.")
    ] = None,
    distances: Annotated[
        str | None, typer.Option(help="Focus distances instead, metres: 0.5,0.8,2,inf.")
    ] = None,
    interpolation: Annotated[
        str, typer.Option(help=f"Of the shift: {', '.join(INTERPOLATIONS)}.")
    ] = "fourier",
    views: Annotated[str, typer.Option(help=f"Which: {', '.join(PATTERNS)}.")] = "all",
    grid: Annotated[str | None, typer.Option(help="Rows and columns of a folder: 9x9.")] = None,
    calibration: Annotated[
        str,
        typer.Option(
            help="auto (parameters.cfg; lytro_illum for arrays of its size), none, lytro_illum."
        ),
    ] = "auto",
    truth: Annotated[
        Path | None, typer.Option(help="True depth of the centre view, metres: .npy or .pfm.")
    ] = None,
) -> None:
    """Refocus a light field into a focal stack: shift its views and sum them.

    Reads the 4D light field benchmark's folders (input_Cam000.png ..., parameters.cfg,
    gt_depth_lowres.pfm) and others with a grid of images, and arrays V x U x H x W x 3 such as
    those decoded from a Lytro camera. Focus distances and true depth follow from the calibration;
    without one the distances stay unknown.

    Examples:
      ddff refocus additional/antinous -o antinous_stack

      ddff refocus scene.npy -o scene_stack --slices 10 --disparities 0.28,0.02

      ddff refocus my_views --grid 5x5 -o my_stack --disparities 2,-2 --interpolation bicubic

    """
    if output.resolve() == light_field.resolve():
        raise InputError(f"{output} holds the light field: give another folder as --output")
    stored = read_light_field(light_field, None if grid is None else _grid(grid))
    field = _calibrated(stored.light_field, calibration)
    chosen = _disparities(stored, field, slices, disparities, distances)
    depth = _depth(stored, field, truth)
    with progress_bar("refocusing"):
        stack = focal_stack(field, chosen, interpolation, select_views(field, views))
    write_stack(output, stack, truth=depth, all_in_focus=field.view(*field.centre))
    say(_summary(stack, chosen, depth, output))


def _grid(text: str) -> tuple[int, int]:
    match = re.fullmatch(r"(\d+)x(\d+)", text.strip())
    if not match:
        raise InputError(f"--grid must be rows and columns such as 9x9, not {text!r}")
    return int(match[1]), int(match[2])


def _calibrated(field: LightField, name: str) -> LightField:
    require_choice("--calibration", name, CALIBRATIONS)
    if name == "none":
        return LightField(field.views)
    size = (LYTRO_ILLUM.camera.height, LYTRO_ILLUM.camera.width)
    automatic = field.calibration is None and field.views.shape[2:4] == size
    if name == "lytro_illum" or automatic:
        return LightField(field.views, LYTRO_ILLUM)
    return field


def _disparities(
    stored: StoredLightField,
    field: LightField,
    count: int,
    disparities: str | None,
    distances: str | None,
) -> list[float]:
    """Where to focus: what was asked for, else what the files say, else the range of the Lytro."""
    if distances is not None:
        if disparities is not None:
            raise InputError("give --disparities or --distances, not both")
        if field.calibration is None:
            raise InputError("--distances needs a calibration: give --disparities in pixels")
        values = np.asarray(parse_distances(distances))
        if not (values > 0).all():
            raise InputError("--distances must be metres above 0")
        return [float(value) for value in field.calibration.disparity_px(values)]
    if disparities is not None:
        parts = parse_distances(disparities)
        if len(parts) != 2:
            raise InputError(f"--disparities must be nearest,farthest, not {disparities!r}")
        return even_disparities(parts[0], parts[1], count)
    if field.calibration is LYTRO_ILLUM:
        return even_disparities(DDFF_NEAR_PX, DDFF_FAR_PX, count)
    if stored.disparity_range_px is not None:
        return even_disparities(*_within(field, stored.disparity_range_px), count)
    if stored.disparity_px is not None:
        known = (float(np.nanmax(stored.disparity_px)), float(np.nanmin(stored.disparity_px)))
        return even_disparities(*_within(field, known), count)
    raise InputError("nothing says which disparities there are: give --disparities near,far")


def _within(field: LightField, limits: tuple[float, float]) -> tuple[float, float]:
    """Nothing lies beyond infinity; what files state is rounded generously."""
    near, far = limits
    if field.calibration is not None:
        far = max(far, float(field.calibration.disparity_px(np.inf)))
    return near, far


def _depth(stored: StoredLightField, field: LightField, truth: Path | None) -> FloatArray | None:
    """Metres of the centre view: given, from the files, or from their disparity."""
    if truth is not None:
        depth = read_pfm(truth) if truth.suffix.lower() == ".pfm" else read_array(truth)
        if depth.shape != field.views.shape[2:4] or depth.dtype.kind != "f":
            raise InputError(f"{truth} must be float metres of the size of a view")
        return depth.astype(np.float32)
    if stored.depth_m is not None:
        return stored.depth_m
    if stored.disparity_px is not None and field.calibration is not None:
        return field.calibration.distance_m(stored.disparity_px).astype(np.float32)
    return None


def _summary(
    stack: FocalStack, disparities: list[float], depth: FloatArray | None, output: Path
) -> str:
    distances = stack.focus_distances_m
    where = "focus distances unknown"
    if not np.isnan(distances).any():
        where = f"{distances[0]:.3g} m to {distances[-1]:.3g} m"
    known = "with" if depth is not None else "without"
    return (
        f"{len(disparities)} slices, disparity {disparities[0]:.3g} to {disparities[-1]:.3g} px, "
        f"{where}, {known} true depth: {output}"
    )

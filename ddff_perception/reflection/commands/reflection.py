"""`ddff reflection`: polarizer images in, transmission and reflection out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from ...console import AsJson, Output, Params, ParamsFile, console, progress_bar, say, warn
from ...engines.settings import BACKENDS
from ...evaluation.machine import run_facts
from ...files.atomic import write_json
from ...files.images import held_bits, read_image
from ...files.results import require_own
from ...parameters import ParameterTable, Value
from ...ros.parameter_file import given_settings
from ...types import ImageArray, InputError, PolarizedImages
from ..capture.images import CaptureSettings
from ..evaluation.results import RESULT_FILES, write_separation
from ..interface import REFLECTION_SEPARATION, InputSettings
from ..methods import METHODS
from ..parameters import separation_parameters
from ..pipeline import DEFAULT_METHOD, SeparationPipeline, Wanted

# Files have no time of their own.
_STAMP_NS = 1
_ANGLES_DEG = {3: [0.0, 45.0, 90.0], 4: [0.0, 45.0, 90.0, 135.0]}


def reflection(
    images: Annotated[
        list[Path] | None,
        typer.Argument(help="Three or more images, one per polarizer angle.", show_default=False),
    ] = None,
    output: Output = Path("out/reflection"),
    mosaic: Annotated[
        Path | None,
        typer.Option(help="Raw image of a polarization camera, in place of the images."),
    ] = None,
    layout: Annotated[
        str | None,
        typer.Option(help="Layout of the mosaic: 90_45_135_0, 90_45_135_0_rggb, ..."),
    ] = None,
    angles: Annotated[
        str | None,
        typer.Option(help="Polarizer angles in degrees, in the images' order: 0,45,90."),
    ] = None,
    method: Annotated[
        str | None, typer.Option(help=f"One of: {', '.join(METHODS)}. [default: {DEFAULT_METHOD}]")
    ] = None,
    engine: Annotated[
        str | None,
        typer.Option(help=f"What runs a method's network: {', '.join(BACKENDS)}. [default: auto]"),
    ] = None,
    param: Params = None,
    params_file: ParamsFile = None,
    as_json: AsJson = False,
) -> None:
    """Separate what a window or water reflects from what lies behind it.

    Writes transmission.png and reflection.png (in the bits of the input), polarizer_0.png ... (the
    image per angle), confidence.npy where the method has one, polarization_degree.npy (0..1) and
    polarization_angle.npy (degrees in 0..180) with a picture of each, and summary.json.
    `ddff report` makes a page of the folder.

    Photographs need --param response=srgb: polarization is measured on linear values.

    Examples:
      ddff reflection window_0.png window_45.png window_90.png -o out/window

      ddff reflection a.jpg b.jpg c.jpg --angles 10,55,100 --param response=srgb

      ddff reflection --mosaic raw.png --layout 90_45_135_0 --method schechner

    """
    assignments = [*(param or []), *([f"layout={layout}"] if layout is not None else [])]
    given = given_settings(
        REFLECTION_SEPARATION, params_file, assignments, method=method, engine=engine, used=_used
    )
    values = REFLECTION_SEPARATION.parameters.complete(given)
    raw = _read(list(images or []), mosaic, angles, layout)
    if not values["bit_depth"] and (bits := held_bits(raw)):
        warn(f"the images hold {bits} of 16 bits: bit_depth is {bits}, unless --param says another")
        values["bit_depth"] = bits
    capture = CaptureSettings.of(values)
    pipeline = SeparationPipeline.from_values(values)
    method = pipeline.method
    if mosaic is not None:
        pipeline.add_mosaic(_STAMP_NS, raw[0])
    else:
        pipeline.add_set(_STAMP_NS, raw, _angles(angles, len(raw), values))
    require_own(output, RESULT_FILES)
    with progress_bar("separating layers"):
        found = pipeline.separate(Wanted(degree=False, angle=False))
    pair = found.layers
    assert pair is not None
    degree = write_separation(output, found.images, pair, capture, found.kind)
    sources = [str(path) for path in images or []] if mosaic is None else [str(mosaic)]
    summary = _summary(found.images, sources, method, values) | {
        "mean_degree_of_polarization": float(degree.mean()),
        "mean_confidence": None if pair.confidence is None else float(pair.confidence.mean()),
        "complaint": found.complaint,
        "method_s": found.timings_ms[method] / 1e3,
    }
    write_json(output / "summary.json", summary)
    if as_json:
        typer.echo((output / "summary.json").read_text(), nl=False)
    else:
        _print(summary, output)


def _read(
    images: list[Path], mosaic: Path | None, angles: str | None, layout: str | None
) -> list[ImageArray]:
    if mosaic is None:
        if not images:
            raise InputError("give three images, one per polarizer angle, or --mosaic RAW")
        if layout is not None:
            raise InputError("--layout is that of a raw image: give it as --mosaic RAW")
        return [read_image(path) for path in images]
    if images or angles is not None:
        raise InputError("--mosaic holds all polarizer angles: give no images and no --angles")
    return [read_image(mosaic)]


def _angles(text: str | None, count: int, values: dict[str, Value]) -> list[float]:
    if text is None:
        given = InputSettings.of(values).angles_deg
        if len(given) == count:
            return given
        if count not in _ANGLES_DEG:
            raise InputError(f"{count} images need their angles: --angles 0,45,90,...")
        return _ANGLES_DEG[count]
    try:
        return [float(part) for part in text.split(",")]
    except ValueError:
        raise InputError(f"--angles must be numbers with commas, not {text!r}") from None


def _used(method: str) -> ParameterTable:
    angles = REFLECTION_SEPARATION.parameters["angles_deg"]
    return ParameterTable([angles]) + separation_parameters(method)


def _summary(
    polarized: PolarizedImages, sources: list[str], method: str, values: dict[str, Value]
) -> dict[str, Any]:
    height, width = polarized.images[0].shape[:2]
    return {
        **run_facts(),
        "images": sources,
        "polarizer_angles_deg": list(polarized.angles_deg),
        "angles_relative": not polarized.offset_known,
        "width": width,
        "height": height,
        "method": method,
        "parameters": _used(method).part(values),
    }


def _print(summary: dict[str, Any], output: Path) -> None:
    table = Table(title="reflection separation", show_header=False)
    angles = ", ".join(f"{angle:g}" for angle in summary["polarizer_angles_deg"])
    table.add_row("images", f"{summary['width']}x{summary['height']} at {angles} degrees")
    table.add_row("method", summary["method"])
    table.add_row("mean degree of polarization", f"{summary['mean_degree_of_polarization']:.3f}")
    if summary["mean_confidence"] is not None:
        table.add_row("mean confidence", f"{summary['mean_confidence']:.2f}")
    table.add_row("time", f"{1e3 * summary['method_s']:.1f} ms")
    console.print(table)
    if summary["complaint"] is not None:
        console.print(f"{summary['complaint']}.", style="yellow", markup=False, highlight=False)
    say(f"Results are in {output}")

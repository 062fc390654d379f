"""`ddff reflection`: polarizer images in, transmission and reflection out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from ...console import AsJson, Output, Params, ParamsFile, console, progress_bar, say
from ...engines.settings import BACKENDS
from ...evaluation.machine import run_facts
from ...files.atomic import write_json
from ...files.images import held_bits
from ...files.results import require_own
from ...optics.mosaic import cropped_to_cells, mosaic_layout
from ...parameters import ParameterTable, Value
from ...ros.parameter_file import given_settings
from ...types import InputError, PolarizedImages
from ..capture.alignment import NOTED_PX
from ..capture.images import CaptureSettings, saturated_pixels
from ..evaluation.results import RESULT_FILES, write_separation
from ..interface import REFLECTION_SEPARATION, InputSettings
from ..methods import METHODS
from ..parameters import separation_parameters
from ..pipeline import DEFAULT_METHOD, SeparationPipeline, Wanted
from ..reading.source import Source, read_mosaic, read_polarizer_images

# Files have no time of their own.
_STAMP_NS = 1
# Above this share clipped pixels are worth a word.
_SOME_SATURATED = 0.001


def reflection(
    images: Annotated[
        list[Path] | None,
        typer.Argument(
            help="Three or more images, one per polarizer angle, or a folder of them.",
            show_default=False,
        ),
    ] = None,
    output: Output = Path("out/reflection"),
    mosaic: Annotated[
        Path | None,
        typer.Option(help="Raw image of a polarization camera, in place of the images."),
    ] = None,
    layout: Annotated[
        str | None,
        typer.Option(help="Layout of the mosaic: 90_45_135_0, 90_45_135_0_rggb, IMX250MZR, ..."),
    ] = None,
    angles: Annotated[
        str | None,
        typer.Option(help="Polarizer angles in degrees, in the images' order: 0,45,90."),
    ] = None,
    pixel_format: Annotated[
        str | None,
        typer.Option(help="Of a mosaic without a header: Mono12p, Mono12Packed, BayerRG12p, ..."),
    ] = None,
    size: Annotated[
        str | None, typer.Option(help="WIDTHxHEIGHT of a mosaic without a header.")
    ] = None,
    method: Annotated[
        str | None,
        typer.Option(help=f"One of: auto, {', '.join(METHODS)}. [default: {DEFAULT_METHOD}]"),
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

    Angles come from --angles, from the files' names (I0.png, img_045.png) or from a folder's
    polarization.json; the command says which. Photographs need --param response=srgb:
    polarization is measured on linear values.

    Examples:
      ddff reflection window_0.png window_45.png window_90.png -o out/window

      ddff reflection a.jpg b.jpg c.jpg --angles 10,55,100 --param response=srgb

      ddff reflection --mosaic raw.png --layout 90_45_135_0 --method schechner

      ddff reflection --mosaic raw.bin --pixel-format Mono12p --size 2448x2048

    """
    assignments = [*(param or []), *([f"layout={layout}"] if layout is not None else [])]
    given = given_settings(
        REFLECTION_SEPARATION, params_file, assignments, method=method, engine=engine, used=_used
    )
    values = REFLECTION_SEPARATION.parameters.complete(given)
    if layout is not None and mosaic is None:
        raise InputError("--layout is that of a raw image: give it as --mosaic RAW")
    source = _read(list(images or []), mosaic, (pixel_format, size), angles, values)
    values, notes = _fitting(values, source, "layout" in given)
    capture = CaptureSettings.of(values)
    pipeline = SeparationPipeline.from_values(values)
    method = pipeline.method
    if source.angles_deg is None:
        pipeline.add_mosaic(_STAMP_NS, source.images[0])
    else:
        pipeline.add_set(_STAMP_NS, source.images, source.angles_deg)
    require_own(output, RESULT_FILES)
    with progress_bar("separating layers"):
        found = pipeline.separate(Wanted(degree=False, angle=False))
    pair = found.layers
    assert pair is not None
    degree = write_separation(output, found.images, pair, capture, found.kind)
    summary = _summary(found.images, [*map(str, source.files)], method, values) | {
        "understood": notes,
        "saturated_share": float(saturated_pixels(source.images, capture).mean()),
        "mean_degree_of_polarization": float(degree.mean()),
        "mean_confidence": None if pair.confidence is None else float(pair.confidence.mean()),
        "complaint": found.complaint,
        "shifts_px": [round(shift, 2) for shift in found.shifts_px],
        "method_s": found.timings_ms[method] / 1e3,
    }
    write_json(output / "summary.json", summary)
    if as_json:
        typer.echo((output / "summary.json").read_text(), nl=False)
    else:
        _print(summary, output)


def _read(
    images: list[Path],
    mosaic: Path | None,
    packed: tuple[str | None, str | None],
    angles: str | None,
    values: dict[str, Value],
) -> Source:
    bits = CaptureSettings.of(values).bit_depth
    if mosaic is not None:
        if images or angles is not None:
            raise InputError("--mosaic holds all polarizer angles: give no images and no --angles")
        return read_mosaic(mosaic, *packed, bits)
    if packed != (None, None):
        raise InputError("--pixel-format and --size are those of a raw image: give it as --mosaic")
    if not images:
        raise InputError("give three images, one per polarizer angle, or --mosaic RAW")
    default = InputSettings.of(values).angles_deg
    return read_polarizer_images(images, _numbers(angles), default, bits)


def _numbers(text: str | None) -> list[float] | None:
    try:
        return None if text is None else [float(part) for part in text.split(",")]
    except ValueError:
        raise InputError(f"--angles must be numbers with commas, not {text!r}") from None


def _fitting(
    values: dict[str, Value], source: Source, layout_given: bool
) -> tuple[dict[str, Value], list[str]]:
    """The values with what the files say of themselves, and what was understood."""
    notes, values = list(source.notes), dict(values)
    if source.photographs and values["response"] == "linear":
        notes.append("photographs are hardly ever linear: say --param response=srgb if they are")
    if source.full_range is not None:
        values |= _of_floats(CaptureSettings.of(values).black_level, source.full_range)
    if not values["bit_depth"] and (bits := held_bits(source.images)):
        # A dark image of more bits looks alike: what is saturated is the user's to say.
        notes.append(f"the images hold {bits} of 16 bits: say --param bit_depth={bits} if they do")
    if source.offset_known is not None:
        values["offset_known"] = source.offset_known
    if source.angles_deg is None:
        chosen = mosaic_layout(str(values["layout"]))
        if source.bayer is not None and chosen.bayer is None:
            values["layout"] = f"{chosen.name}_{source.bayer}"
            chosen = mosaic_layout(str(values["layout"]))
        notes.append(f"layout {chosen.name}" + ("" if layout_given else " (by default)"))
        height, width = source.images[0].shape[:2]
        used = cropped_to_cells(source.images[0], chosen).shape
        if used != source.images[0].shape:
            notes.append(f"{width}x{height} cropped to {used[1]}x{used[0]}, whole cells")
    return values, notes


def _of_floats(black: float, full_range: float) -> dict[str, Value]:
    """Of files in float32, which fill 16 bits when they are read; counts are the files' own."""
    if black >= 1.0 and black >= full_range:
        raise InputError(f"black_level {black:g} is no less than {full_range:g}, the full range")
    return {"bit_depth": 16, "black_level": black if black < 1.0 else black / full_range}


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
    for note in summary["understood"]:
        table.add_row("understood", note)
    if summary["saturated_share"] > _SOME_SATURATED:
        table.add_row("saturated pixels", f"{summary['saturated_share']:.1%}")
    if max(summary["shifts_px"], default=0.0) >= NOTED_PX:
        shifts = ", ".join(f"{shift:.1f}" for shift in summary["shifts_px"])
        table.add_row("off the first image", f"{shifts} px")
    table.add_row("method", summary["method"])
    table.add_row("mean degree of polarization", f"{summary['mean_degree_of_polarization']:.3f}")
    if summary["mean_confidence"] is not None:
        table.add_row("mean confidence", f"{summary['mean_confidence']:.2f}")
    table.add_row("time", f"{1e3 * summary['method_s']:.1f} ms")
    console.print(table)
    if summary["complaint"] is not None:
        console.print(f"{summary['complaint']}.", style="yellow", markup=False, highlight=False)
    say(f"Results are in {output}")

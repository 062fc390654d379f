"""`ddff calibrate`: what a lens does at each of its positions."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from ...console import AsJson, console, progress_bar
from ...files.atomic import json_text, make_folder, write_bytes
from ...types import InputError

if TYPE_CHECKING:
    from ..calibration.charuco import BoardSpec
    from ..calibration.lens import Calibration, SweepResult

app = typer.Typer(no_args_is_help=True)

Squares = Annotated[str, typer.Option(help="Squares of the board, across x down.")]
SquareSide = Annotated[float, typer.Option(help="Side of a square, metres.")]
MarkerSide = Annotated[float, typer.Option(help="Side of a marker, metres.")]
Dictionary = Annotated[str, typer.Option(help="ArUco dictionary of the board.")]


@app.callback()
def calibrate() -> None:
    """Calibrate a lens with a ChArUco board."""


@app.command()
def focus(
    sweeps: Annotated[Path, typer.Argument(help="Folder with one folder per board distance.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="The lens table.")] = Path(
        "lens.yaml"
    ),
    squares: Squares = "7x5",
    square_m: SquareSide = 0.03,
    marker_m: MarkerSide = 0.022,
    dictionary: Dictionary = "DICT_5X5_100",
    unit: Annotated[str, typer.Option(help="Of the lens positions.")] = "steps",
    as_json: AsJson = False,
) -> None:
    """Make a lens table from focus sweeps of a ChArUco board at known distances.

    Put the board, facing the camera, at three or more distances (better: eight, evenly spaced in
    1/distance), and at each take one image per lens position from end to end. Name the folders by
    distance and the images by lens position: sweeps/0.50m/120.png. A folder may be a stack folder.

    Writes the table (YAML) and a residual plot beside it (PNG), and prints how far each distance is
    off.

    Examples:
      ddff calibrate board -o board.png

      ddff calibrate focus sweeps -o lens.yaml --squares 7x5 --square-m 0.03 --marker-m 0.022

    """
    from ...optics.lens_table import UNITS
    from ..calibration.charuco import BoardSpec
    from ..calibration.lens import fit_lens
    from ..calibration.plot import plot_calibration

    spec = BoardSpec.parse(squares, square_m, marker_m, dictionary)
    if unit not in UNITS:
        raise InputError(f"the unit must be one of {', '.join(UNITS)}, not {unit}")
    picture = output.with_suffix(".png")
    make_folder(output.parent, (output.name, picture.name))
    calibration = fit_lens(_analyse(sweeps, spec), unit)
    used = sum(sweep.used for sweep in calibration.sweeps)
    calibration.table.save(
        output,
        f"made by `ddff calibrate focus` from a board at {used} distances\n"
        f"rms residual {calibration.rms_dpt:.4f} 1/m; "
        "measured from position {:g} to {:g}, a straight line beyond".format(
            *calibration.measured_positions
        ),
    )
    write_bytes(picture, plot_calibration(calibration))
    if as_json:
        typer.echo(json_text(_summary(calibration, output, picture)))
    else:
        _print(calibration, output, picture)


@app.command()
def board(
    output: Annotated[Path, typer.Option("--output", "-o", help="Image file.")] = Path("board.png"),
    squares: Squares = "7x5",
    square_m: SquareSide = 0.03,
    marker_m: MarkerSide = 0.022,
    dictionary: Dictionary = "DICT_5X5_100",
    dots_per_inch: Annotated[int, typer.Option(help="Of the printer.", min=50, max=2400)] = 300,
) -> None:
    """Draw the ChArUco board, to be printed at 100 %.

    Examples:
      ddff calibrate board -o board.png --squares 9x6 --square-m 0.025 --marker-m 0.018

    """
    from ...files.images import write_image
    from ..calibration.charuco import BoardSpec, draw_board

    spec = BoardSpec.parse(squares, square_m, marker_m, dictionary)
    write_image(output, draw_board(spec, dots_per_inch / 0.0254))
    console.print(
        f"{output}: {spec.squares_x * spec.square_m * 1e3:g} x "
        f"{spec.squares_y * spec.square_m * 1e3:g} mm at {dots_per_inch} dots per inch. "
        "Measure a square after printing.",
        highlight=False,
        soft_wrap=True,
    )


def _analyse(folder: Path, spec: BoardSpec) -> list[SweepResult]:
    from ..calibration.charuco import BoardDetector
    from ..calibration.files import read_sweeps
    from ..calibration.lens import analyse_sweep

    detector = BoardDetector(spec)
    sweeps = read_sweeps(folder)
    with progress_bar("reading sweeps", sum(len(s.positions) for s in sweeps)) as report:
        return [analyse_sweep(sweep, detector, report) for sweep in sweeps]


def _summary(calibration: Calibration, output: Path, picture: Path) -> dict[str, Any]:
    def number(value: float) -> float | None:
        return float(value) if value == value else None

    return {
        "table": str(output),
        "plot": str(picture),
        "rms_dpt": calibration.rms_dpt,
        "degree": calibration.degree,
        "magnification_rms": number(calibration.magnification_rms),
        "sweeps": [
            {
                "name": sweep.name,
                "distance_m": sweep.distance_m,
                "sharpest": number(sweep.sharpest),
                "residual_dpt": number(sweep.residual_dpt),
                "used": sweep.used,
                "problem": sweep.problem,
            }
            for sweep in calibration.sweeps
        ],
    }


def _print(calibration: Calibration, output: Path, picture: Path) -> None:
    table = Table(title="lens calibration")
    for heading in ("board at", "sharpest at", "off by", "off by", ""):
        table.add_column(heading, justify="right")
    for sweep in calibration.sweeps:
        found = sweep.residual_dpt == sweep.residual_dpt
        # dD = -dz / z^2: an error in dioptres as one in millimetres at the board.
        millimetres = -sweep.residual_dpt * sweep.distance_m**2 * 1e3
        table.add_row(
            f"{sweep.distance_m:g} m",
            f"{sweep.sharpest:.1f}" if found else "",
            f"{sweep.residual_dpt:+.4f} 1/m" if found else "",
            f"{millimetres:+.1f} mm" if found else "",
            sweep.problem,
        )
    console.print(table)
    lens = calibration.table
    far = "infinity" if lens.far_m == float("inf") else f"{lens.far_m:.3g} m"
    change = float(lens.magnifications.max() / lens.magnifications.min() - 1)
    console.print(
        f"Residual {calibration.rms_dpt:.4f} 1/m (rms). The lens focuses from {lens.near_m:.3g} m "
        f"to {far}; the image grows by {change:.1%} on the way.\n"
        f"Table: {output}\nPlot:  {picture}",
        highlight=False,
        soft_wrap=True,
    )

"""`ddff report`: result folders in, one HTML page out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..console import progress_bar, say
from ..depth_from_focus.evaluation.report import report_from_results
from ..files.atomic import make_folder
from ..reflection.evaluation.report import report_from_separations
from ..reflection.evaluation.results import is_separation
from ..types import InputError


def report(
    results: Annotated[
        list[Path],
        typer.Argument(
            help="Result folders of ddff depth, or of ddff reflection.", metavar="DIR..."
        ),
    ],
    output: Annotated[Path, typer.Option("--output", "-o", help="The page to write.")] = Path(
        "report.html"
    ),
    truth: Annotated[
        list[Path] | None,
        typer.Option(
            help="True depth (stack folder, .npy, .png) or true layers (polarization folder): one "
            "per DIR, in order, or one folder that holds a folder named like each DIR.",
        ),
    ] = None,
    title: Annotated[str | None, typer.Option(help="Title of the page.")] = None,
) -> None:
    """Make one self-contained HTML page with pictures, curves and tables.

    With the truth each result is scored here; without it the scores are taken
    from the evaluation.json beside it (ddff eval --json DIR/evaluation.json),
    or left out. The page needs no network and no script: send it as it is.

    Examples:
      ddff report out/my_stack -o report.html

      ddff report out/room --truth stacks/room

      ddff report out/* --truth stacks --title "Eight rooms"

      ddff report out/window --truth my_pane -o window.html

    """
    kinds = {is_separation(folder) for folder in results}
    if len(kinds) > 1:
        raise InputError("these are results of depth and of reflection: make one page of each kind")
    make_folder(output.parent)
    separated = True in kinds
    name = title or ("Reflection separation" if separated else "Depth from focus")
    make_page = report_from_separations if separated else report_from_results
    with progress_bar() as bar:
        task = bar.add_task("reading results", total=len(results))
        make_page(
            results, output, truths=truth or [], title=name, progress=lambda: bar.advance(task)
        )
    size = output.stat().st_size / 1e6
    say(f"{output} ({size:.1f} MB, {len(results)} results)")

"""`ddff report`: result folders in, one HTML page out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..console import progress_bar, say
from ..files.atomic import make_folder
from ..registry import CAPABILITIES


def report(
    results: Annotated[
        list[Path],
        typer.Argument(help="Result folders, of one capability or of several.", metavar="DIR..."),
    ],
    output: Annotated[Path, typer.Option("--output", "-o", help="The page to write.")] = Path(
        "report.html"
    ),
    truth: Annotated[
        list[Path] | None,
        typer.Option(
            help="True depth (stack folder, .npy, .png), true layers (polarization folder) or true "
            "labels (image): one per DIR, in order, or one folder that holds a folder named like "
            "each DIR.",
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

      ddff report out/room out/window -o both.html

    """
    from ..evaluation.reports.results import report_results

    kinds = [c.results.load() for c in CAPABILITIES.values() if c.results is not None]
    make_folder(output.parent)
    with progress_bar("reading results", len(results)) as step:
        report_results(kinds, results, output, truths=truth or [], title=title, progress=step)
    size = output.stat().st_size / 1e6
    say(f"{output} ({size:.1f} MB, {len(results)} results)")

"""`ddff simulate dataset`: labelled, path-traced scenes to learn from."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from ..capability import chosen
from ..console import progress_bar, replace_given, say, warn
from ..simulation.assets.catalogue import USES

_HOUR_S = 3600


def dataset(
    preset: Annotated[
        str, typer.Argument(help="rooms, odd, mixed, fine, video, motion, focus or polarizer.")
    ],
    output: Annotated[Path, typer.Option("--output", "-o", help="The data set's folder.")],
    views: Annotated[int, typer.Option(help="How many views.", min=1)] = 200,
    seed: Annotated[int | None, typer.Option(help="Of all scenes.")] = None,
    width: Annotated[int | None, typer.Option(help="Pixels.")] = None,
    height: Annotated[int | None, typer.Option(help="Pixels.")] = None,
    samples: Annotated[int | None, typer.Option(help="Light paths per pixel.")] = None,
    denoise: Annotated[
        bool | None, typer.Option("--denoise/--grain", help="Denoise, where that is installed.")
    ] = None,
    use: Annotated[str | None, typer.Option(help=f"Assets of: {', '.join(USES)}.")] = None,
    workers: Annotated[int, typer.Option(help="Processes on this machine.", min=1)] = 1,
    scheduler: Annotated[
        str | None, typer.Option(help="A Dask scheduler instead: tcp://host:8786.")
    ] = None,
    folder: Annotated[Path | None, typer.Option("--assets", help="The folder of assets.")] = None,
    sheet: Annotated[
        Path | None, typer.Option(help="Also write a contact sheet (PNG): 48 views from all of it.")
    ] = None,
) -> None:
    """Render labelled scenes: radiance, depth, normals, classes, instances, albedo, masks.

    Needs Mitsuba 3 (the extra "sim"). Interrupted, the same command goes on; the same options and
    assets give the same files, whatever the number of workers.

    Examples:
      ddff simulate dataset rooms -o my_rooms --views 2000 --workers 2

      ddff simulate dataset odd -o odd_judge --use judge --views 100 --sheet odd.png

      ddff simulate dataset mixed -o large --views 100000 --scheduler tcp://cluster:8786

    """
    from ..files.atomic import make_folder
    from ..files.images import write_image
    from ..simulation.assets.library import Library
    from ..simulation.dataset.making import make_dataset
    from ..simulation.dataset.reader import WorldDataset
    from ..simulation.dataset.settings import PRESETS
    from ..simulation.dataset.sheet import dataset_sheet
    from ..simulation.rendering.denoise import has_denoiser

    settings = replace_given(
        chosen(PRESETS, "preset", preset),
        seed=seed,
        width=width,
        height=height,
        samples=samples,
        use=use,
        denoise=denoise,
    )
    if sheet is not None:
        make_folder(sheet.parent, [sheet.name])
    for title in Library(settings.use, folder).missing():
        warn(f"without {title}: `ddff assets fetch` gets it; scenes draw something in its place")
    if settings.denoise and not has_denoiser():
        warn("without the denoiser, images have grain: pip install mitsuba-oidn")
    start = time.monotonic()
    with progress_bar("rendering views", views) as report:
        rendered = make_dataset(
            output,
            settings,
            views,
            workers=workers,
            scheduler=scheduler,
            assets=folder,
            progress=report,
        )
    if sheet is not None:
        write_image(sheet, dataset_sheet(WorldDataset(output), 48))
    told = ""
    if rendered.views:
        rate = rendered.views / max(time.monotonic() - start, 1e-3) * _HOUR_S
        each = rendered.core_s / rendered.views
        told = f", {rate:.0f} views an hour, {each:.1f} core-seconds a view"
    say(f"{views} views in {output}; {rendered.views} rendered now{told}")

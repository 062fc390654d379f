"""`ddff assets`: what scenes may be made of beside what they draw themselves."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from ..console import AsJson, console, progress_bar, say, warn
from ..files.atomic import json_text
from ..simulation.assets.cache import FOLDER_VARIABLE, AssetCache
from ..simulation.assets.catalogue import USES, Asset, catalogue, find_asset
from ..types import InputError, require_choice

app = typer.Typer(no_args_is_help=True)

Folder = Annotated[
    Path | None,
    typer.Option("--folder", help=f"Where assets are kept. Default: {FOLDER_VARIABLE} or a cache."),
]
Names = Annotated[
    list[str] | None, typer.Argument(help="Names of assets. Default: all of the catalogue.")
]


@app.command("list")
def list_assets(folder: Folder = None, as_json: AsJson = False) -> None:
    """Show every asset of the catalogue: where it comes from, its licence, whether it is here.

    Example:
      ddff assets list

    """
    cache = AssetCache(folder)
    rows = [
        {
            "name": asset.name,
            "title": asset.title,
            "from": f"{asset.client}: {asset.package}",
            "licences": sorted({item.licence for item in asset.items}),
            "items": len(asset.items),
            "fetched": cache.has(asset),
        }
        for asset in catalogue()
    ]
    if as_json:
        typer.echo(json_text({"folder": str(cache.folder), "assets": rows}))
        return
    table = Table("asset", "what", "from", "licence", "here", title=f"assets in {cache.folder}")
    table.columns[0].no_wrap = True
    for asset in catalogue():
        licences = ", ".join(sorted({item.licence for item in asset.items}))
        here = "yes" if cache.has(asset) else "no"
        table.add_row(asset.name, asset.title, asset.client, licences, here)
    console.print(table)


@app.command()
def fetch(
    names: Names = None,
    folder: Folder = None,
    source: Annotated[
        Path | None,
        typer.Option("--from", help="A folder with the archives, in place of package clients."),
    ] = None,
) -> None:
    """Get assets by apt-get, npm or pip, check their SHA-256, and unpack what is needed.

    Needs no rights beyond writing to the folder. What is there already stays, what is damaged is
    fetched again. Where one cannot be had the others are fetched all the same, with status 2.

    Examples:
      ddff assets fetch

      ddff assets fetch environments --folder my_assets

      ddff assets fetch --from downloads

    """
    cache = AssetCache(folder)
    wanted = _assets(names)
    failed = []
    with progress_bar("fetching", len(wanted)) as report:
        for asset in wanted:
            report(what=f"fetching {asset.name}")
            try:
                new = cache.fetch(asset, source)
                say(f"{asset.name}: {'fetched' if new else 'is here already'}")
            except InputError as error:
                failed.append(asset.name)
                warn(f"{asset.name}: {error}")
            report()
    if failed:
        raise InputError(
            f"{len(failed)} of {len(wanted)} assets were not fetched: {', '.join(failed)}"
        )
    say(f"{len(wanted)} assets in {cache.folder}")


@app.command()
def verify(names: Names = None, folder: Folder = None) -> None:
    """Check every file of the assets against its hash at fetching; status 2 where one differs.

    Example:
      ddff assets verify

    """
    cache = AssetCache(folder)
    wrong = [sentence for asset in _assets(names) for sentence in cache.verify(asset)]
    for sentence in wrong:
        say(sentence)
    if wrong:
        raise InputError(f"{len(wrong)} things are wrong in {cache.folder}: fetch them (again)")
    say(f"all files in {cache.folder} are as they were fetched")


@app.command("credits")
def show_credits(
    record: Annotated[
        Path,
        typer.Argument(help="A model card (JSON with the list `assets`) or a data set's folder."),
    ],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write here instead of showing.")
    ] = None,
) -> None:
    """Write the credits of what a weight file learned from, or of what a data set shows.

    Examples:
      ddff assets credits my_set -o my_set/CREDITS.md

      ddff assets credits weights/my_network.json -o weights/my_network.credits.md

    """
    from ..files.atomic import write_bytes
    from ..simulation.assets.credits import credits_text
    from ..simulation.assets.record import recorded_assets

    text = credits_text(record.stem, recorded_assets(record))
    if output is None:
        say(text)
        return
    write_bytes(output, text.encode())
    say(f"credits in {output}")


@app.command()
def sheet(
    output: Annotated[Path, typer.Option("--output", "-o", help="The PNG to write.")],
    groups: Annotated[
        list[str] | None, typer.Argument(help="Groups of models (chair, bed). Default: all.")
    ] = None,
    use: Annotated[str, typer.Option(help=f"One of: {', '.join(USES)}.")] = "train",
    folder: Folder = None,
) -> None:
    """Draw the furniture models with their classes as one picture, to check them by eye.

    Examples:
      ddff assets sheet -o models.png

      ddff assets sheet chair sofa bed -o seats.png --use judge

    """
    from ..simulation.assets.library import Library
    from ..simulation.assets.sheet import write_sheet

    require_choice("use", use, USES)
    library = Library(use, folder)
    with progress_bar("drawing") as report:
        count = write_sheet(library, groups or [], output, report)
    say(f"{count} models in {output}")


def _assets(names: list[str] | None) -> list[Asset]:
    return [find_asset(name) for name in names] if names else list(catalogue())

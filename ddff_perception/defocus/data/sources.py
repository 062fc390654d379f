"""Where sharp views come from: rendered worlds, folders of views, scenes that are drawn here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from ...simulation.dataset.settings import is_development
from ...simulation.dataset.sharp_views import assets_of, is_world, write_world_views
from ...training.progress import report_progress
from ...training.views.view_pool import write_procedural_views
from ...types import InputError

_SIZE = (240, 320)
_HELD_OUT = 12
_TEXTURES = 80


@dataclass(frozen=True)
class ViewFiles:
    """Files of views to learn from, and those held out; what they are, and the assets in them."""

    learned: Sequence[Path]
    held_out: Sequence[Path]
    source: str
    assets: Sequence[str] = ()


def view_files(data: Sequence[Path], folder: Path, drawn: int) -> ViewFiles:
    """The views of `data`: data sets of `ddff simulate dataset`, whose views are kept in `folder`,
    and folders of views (*.npy); `drawn` procedural scenes, made in `folder`, without any.

    Raises InputError where a folder holds no views or a data set is not complete.
    """
    worlds = [place for place in data if is_world(place)]
    folders = [place for place in data if place not in worlds]
    if worlds:
        write_world_views(folder / "world", worlds, partial(report_progress, "reading views"))
        folders.append(folder / "world")
    if not data:
        progress = partial(report_progress, "drawing scenes")
        # Few scenes need few textures, which take the longest.
        textures = min(_TEXTURES, 4 * drawn)
        write_procedural_views(folder / "drawn", drawn, _SIZE, 1, textures, progress)
        folders.append(folder / "drawn")
    files: list[Path] = []
    for place in folders:
        found = sorted(place.glob("*.npy"))
        if not found:
            raise InputError(f"{place} holds no views (*.npy) and no rendered data set")
        files += found
    held = [number for number in range(len(files)) if is_development(number // _HELD_OUT)]
    held = held or [len(files) - 1]
    learned = sorted(set(range(len(files))) - set(held)) or held
    source = "rendered rooms and odd scenes" if data else "procedural scenes"
    return ViewFiles(
        [files[n] for n in learned],
        [files[n] for n in held],
        f"{len(learned)} views of {source}, blurred through random thin lenses",
        assets_of(worlds),
    )

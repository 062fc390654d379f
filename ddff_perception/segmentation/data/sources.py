"""Folders that one may train on, as prepared views."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

from ...files.rgbd_folder import DESCRIPTION, read_rgbd
from ...simulation.classes import NYU13
from ...simulation.dataset.files import FORMAT as _WORLD_FORMAT
from ...simulation.dataset.reader import open_world
from ...simulation.world.rooms import ROOMS
from ...types import InputError
from .blocks import block_views
from .real_frames import folder_views
from .views import ABOUT, LabelledView, PreparedViews, prepare_views, world_views

_BLOCKS = 24


def training_views(
    folders: Sequence[Path], cache: str, seed: int, *, judges: bool = False
) -> PreparedViews:
    """The views of `folders`: data sets of `ddff simulate dataset`, of which rooms alone are taken;
    or RGB-D folders with labels; or one folder of views that are prepared already. Without folders,
    coloured blocks.

    `cache`: where the prepared views are kept for other runs; where it exists it is used again, and
    must be of the same folders. Empty: they are prepared anew, and removed at the end. `judges`:
    they are to judge by. Raises InputError on anything else, and where a data set is kept for
    judges and these are not.
    """
    if len(folders) == 1 and (folders[0] / ABOUT).is_file():
        return PreparedViews(folders[0])
    target = Path(cache) if cache else _temporary() / "views"
    source = _source(folders, seed, judges)
    if (target / ABOUT).is_file():
        views = PreparedViews(target)
        if {name: views.facts.get(name) for name in source.facts} != source.facts:
            raise InputError(f"{target} holds the views of other data: name another cache")
        return views
    return prepare_views(source.views, source.count, target, source.facts)


@dataclass(frozen=True)
class _Source:
    """Views to be prepared, how many, and what to remember of them."""

    views: Iterator[LabelledView]
    count: int
    facts: dict[str, Any]


def _source(folders: Sequence[Path], seed: int, judges: bool) -> _Source:
    if not folders:
        blocks = block_views(_BLOCKS, len(NYU13), seed)
        return _Source(blocks, _BLOCKS, {"source": "coloured blocks", "classes": len(NYU13)})
    if (folders[0] / DESCRIPTION).is_file():
        read = [read_rgbd(folder) for folder in folders]
        frames = [len(folder) for folder in read]
        facts = {"source": "the user's frames", "classes": len(NYU13), "frames": frames}
        return _Source(chain.from_iterable(map(folder_views, read)), sum(frames), facts)
    datasets = [open_world(folder, judges=judges) for folder in folders]
    numbers = [
        [n for n, row in enumerate(dataset.rows) if row["kind"] in ROOMS] for dataset in datasets
    ]
    facts = {
        "source": "rendered rooms",
        "seed": seed,
        "world_format": _WORLD_FORMAT,
        "rooms": [len(of_one) for of_one in numbers],
        "scenes": [
            dataset.rows[n]["scene"]
            for dataset, of_one in zip(datasets, numbers, strict=True)
            for n in of_one
        ],
        "assets": sorted({a for d in datasets for row in d.rows for a in row["assets"]}),
    }
    return _Source(world_views(datasets, numbers, seed), sum(map(len, numbers)), facts)


def _temporary() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="ddff_views."))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder

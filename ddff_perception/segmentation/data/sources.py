"""Folders that one may train on, as prepared views."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ...simulation.classes import NYU13
from ...simulation.dataset.files import FORMAT as _WORLD_FORMAT
from ...simulation.dataset.reader import WorldDataset
from ...simulation.world.rooms import ROOMS
from ...types import InputError
from .blocks import block_views
from .views import ABOUT, PreparedViews, prepare_views, world_views

_BLOCKS = 24


def training_views(folders: Sequence[Path], cache: str, seed: int) -> PreparedViews:
    """The views of `folders`: data sets of `ddff simulate dataset`, of which rooms alone are taken,
    or one folder of views that are prepared already. Without folders, coloured blocks.

    `cache`: where the prepared views are kept for other runs; where it exists it is used again, and
    must be of the same folders. Empty: they are prepared anew, and removed at the end. Raises
    InputError on anything else.
    """
    if len(folders) == 1 and (folders[0] / ABOUT).is_file():
        return PreparedViews(folders[0])
    target = Path(cache) if cache else _temporary() / "views"
    if not folders:
        blocks = block_views(_BLOCKS, len(NYU13), seed)
        return prepare_views(blocks, _BLOCKS, target, {"source": "coloured blocks"})
    datasets = [WorldDataset(folder) for folder in folders]
    numbers = [
        [n for n, row in enumerate(dataset.rows) if row["kind"] in ROOMS] for dataset in datasets
    ]
    facts: dict[str, Any] = {
        "source": "rendered rooms",
        "seed": seed,
        "world_format": _WORLD_FORMAT,
        "rooms": [len(of_one) for of_one in numbers],
        "assets": sorted({a for d in datasets for row in d.rows for a in row["assets"]}),
    }
    if (target / ABOUT).is_file():
        views = PreparedViews(target)
        if {name: views.facts.get(name) for name in facts} != facts:
            raise InputError(f"{target} holds the views of other data: name another cache")
        return views
    count = sum(map(len, numbers))
    return prepare_views(world_views(datasets, numbers, seed), count, target, facts)


def _temporary() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="ddff_views."))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder

"""Making a data set: what is missing is rendered, whoever does it, and the index is written."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ...files.atomic import make_folder, write_bytes, write_json
from ...files.images import read_json
from ...types import InputError
from ..assets.library import Library
from ..assets.record import SUMMARY
from .files import FORMAT, read_about, scene_file
from .made_with import MadeWith
from .render_scene import Job, open_library
from .settings import DatasetSettings
from .workers import Done, in_processes, in_this_process, on_cluster

INDEX = "index.jsonl"
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Rendered:
    """What a call rendered itself: `views`, and the seconds of all cores that they took."""

    views: int
    core_s: float


def make_dataset(
    folder: Path,
    settings: DatasetSettings,
    views: int,
    *,
    workers: int = 1,
    scheduler: str | None = None,
    assets: Path | None = None,
    progress: Progress = lambda done, total: None,
) -> Rendered:
    """Renders the scenes that `folder` lacks of a set of `views` views, and writes the index.

    The same settings, assets and views give the same files whatever does the work: this process
    (`workers` 1), processes, or the Dask cluster of `scheduler`. Interrupted, it goes on where it
    was. `progress` gets views done and in all.
    Raises InputError where the folder holds a set of other settings, where it lacks scenes and was
    begun with something else than is here (`MadeWith`), or where rendering is not possible.
    """
    if views < 1 or workers < 1:
        raise InputError("views and workers must be 1 or more")
    if scheduler is not None and (workers > 1 or assets is not None):
        raise InputError(
            "a cluster has workers and folders of assets (DDFF_ASSETS) of its own: leave --workers "
            "and --assets out"
        )
    library = open_library(settings.use, assets)
    _begin(folder, settings, library)
    total = math.ceil(views / settings.views_per_scene)
    missing = [n for n in range(total) if not scene_file(folder, n).is_file()]
    jobs: list[Job] = []
    if missing:
        known = _as_begun(folder, settings, library)
        jobs = [Job(settings, number, known, assets) for number in missing]
    each = settings.views_per_scene
    done = total - len(missing)
    progress(min(done * each, views), views)
    core_s = 0.0
    for number, content, seconds in _work(jobs, workers, scheduler):
        write_bytes(scene_file(folder, number), content)
        core_s += seconds
        done += 1
        progress(min(done * each, views), views)
    _finish(folder, settings, views)
    return Rendered(len(missing) * each, core_s)


def dataset_settings(folder: Path) -> DatasetSettings:
    """The settings that the data set in `folder` was begun with; raises InputError."""
    content = read_json(folder / SUMMARY)
    if content.get("format") != FORMAT:
        raise InputError(f"{folder} holds no data set of format {FORMAT}")
    try:
        return DatasetSettings(**content["settings"])
    except (KeyError, TypeError, InputError) as error:
        raise InputError(f"{folder / SUMMARY} has no proper settings: {error}") from error


def _work(jobs: Sequence[Job], workers: int, scheduler: str | None) -> Iterator[Done]:
    if jobs and scheduler is not None:
        return on_cluster(jobs, scheduler)
    return in_this_process(jobs) if workers == 1 else in_processes(jobs, workers)


def _begin(folder: Path, settings: DatasetSettings, library: Library) -> None:
    if (folder / SUMMARY).is_file():
        before = dataset_settings(folder)
        if before.to_dict() != settings.to_dict():
            raise InputError(f"{folder} holds a data set of other settings: choose a new folder")
        return
    if folder.exists() and any(folder.iterdir()):
        raise InputError(f"{folder} is not empty and holds no data set: choose a new folder")
    made_with = asdict(MadeWith.here(settings, library))
    make_folder(folder / "scenes")
    summary = {"format": FORMAT, "settings": settings.to_dict(), **made_with}
    # What is seen, and so whose credits are due, is known at the end.
    write_json(folder / SUMMARY, {**summary, "views": 0, "assets": None})


def _as_begun(folder: Path, settings: DatasetSettings, library: Library) -> MadeWith:
    """What the set was begun with, which is what is here."""
    begun = MadeWith.noted(read_json(folder / SUMMARY))
    if begun is None:
        raise InputError(
            f"{folder} lacks scenes, and the older version that began it did not note what it "
            "rendered with: choose a new folder"
        )
    if other := begun.difference(MadeWith.here(settings, library)):
        raise InputError(f"{folder} was begun otherwise: {other}: choose a new folder")
    return begun


def _finish(folder: Path, settings: DatasetSettings, views: int) -> None:
    """The index has a line per view, in order, with all that is known of it."""
    lines: list[str] = []
    assets: set[str] = set()
    for number in range(math.ceil(views / settings.views_per_scene)):
        path = scene_file(folder, number)
        about = read_about(path)
        shared: dict[str, Any] = {
            "scene": number,
            "file": path.relative_to(folder).as_posix(),
            "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
            "kind": about["kind"],
            "assets": about["assets"],
            "use": settings.use,
            "denoised": about["denoised"],
        }
        for view, facts in enumerate(about["views"]):
            if len(lines) < views:
                row = {"view": len(lines), "in_file": view, **shared, **facts}
                lines.append(json.dumps(row, ensure_ascii=False, allow_nan=False))
                assets |= set(about["assets"])
    write_bytes(folder / INDEX, ("\n".join(lines) + "\n").encode())
    told = {"views": views, "assets": sorted(assets)}
    write_json(folder / SUMMARY, {**read_json(folder / SUMMARY), **told})

"""Training data that is made where none is given: path-traced and procedural views, and stacks."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ....files.atomic import json_text, make_folder, write_json
from ....files.images import read_json
from ....files.results import written_by
from ....simulation.dataset.making import INDEX
from ....simulation.dataset.sharp_views import write_world_views
from ....training.progress import report_progress
from ....training.views.view_pool import write_procedural_views
from ....types import InputError
from .stack_files import stack_files, write_stacks
from .stacks import StackSettings

# In a folder that is made here: of which worlds, with which settings.
_MADE_OF = "made_of.json"
# Views of all scenes have the size of the path-traced ones.
_VIEW_SIZE = (360, 480)
_WATCH_S = 0.3


def make_stacks(
    folder: Path, stacks: int, scenes: int, settings: StackSettings, worlds: Sequence[Path] = ()
) -> Path:
    """`folder` with `stacks` training stacks, made where it is not complete, from procedural
    scenes and from path-traced views in `folder`/views: those of the data sets `worlds`, or of
    `scenes` scenes where there is none.

    Raises InputError where the renderer fails, a data set is not complete, or `folder` holds what
    was made of other worlds or with other settings.
    """
    _claim(folder, {"settings": asdict(settings), "worlds": _worlds(worlds)})
    if len(stack_files(folder)) >= stacks:
        return folder
    views = folder / "views"
    _gather_views(views, scenes, worlds)
    progress = partial(report_progress, "blurring stacks")
    write_stacks(folder, range(stacks), views if views.is_dir() else None, settings, progress)
    return folder


def make_views(folder: Path, traced: int, drawn: int, worlds: Sequence[Path] = ()) -> Path:
    """`folder` with the views of `worlds`, or where there is none of `traced` path-traced scenes,
    and of `drawn` procedural ones, made where it is not complete. Raises as `make_stacks` does.
    """
    _gather_views(folder, traced, worlds)
    progress = partial(report_progress, "drawing scenes")
    write_procedural_views(folder, drawn, _VIEW_SIZE, os.cpu_count() or 1, progress=progress)
    return folder


@written_by("training data")
def _claim(folder: Path, made_of: Mapping[str, Any]) -> None:
    """Notes in `folder` what is made there of what, so that the record of a training is true."""
    note = folder / _MADE_OF
    if note.is_file() and json_text(read_json(note)) == json_text(made_of):
        return
    if note.is_file() or any(folder.glob("*.np[yz]")):
        raise InputError(
            f"{folder} holds training data of other worlds or settings: name another folder "
            "(stacks_folder, views_folder), or remove that one"
        )
    make_folder(folder)
    write_json(note, made_of)


def _worlds(worlds: Sequence[Path]) -> list[str]:
    """What tells each data set from others: the hash of its index, which has those of its files.

    Raises InputError where one is not complete.
    """
    found = []
    for world in worlds:
        if not (index := world / INDEX).is_file():
            raise InputError(f"{world} is not complete: run `ddff simulate dataset` to its end")
        found.append(hashlib.sha256(index.read_bytes()).hexdigest())
    return found


def _gather_views(folder: Path, scenes: int, worlds: Sequence[Path]) -> None:
    _claim(folder, {"worlds": _worlds(worlds)})
    if worlds:
        write_world_views(folder, worlds, partial(report_progress, "reading views"))
    else:
        _trace_views(folder, scenes)


def _trace_views(folder: Path, scenes: int) -> None:
    """Path-traced views of `scenes` scenes, where Mitsuba is installed and they are not there.

    Raises InputError where the renderer fails; what it says is on stderr.
    """
    if not scenes or find_spec("mitsuba") is None:
        return
    # The renderer is no module of training: another process, which may lack Mitsuba's rest.
    module = "ddff_perception.simulation.focus_camera.sharp_views"
    renderer = subprocess.Popen([sys.executable, "-m", module, str(folder), str(scenes)])
    try:
        while renderer.poll() is None:
            report_progress("rendering scenes", len(list(folder.glob("*_0.npy"))), scenes)
            time.sleep(_WATCH_S)
    finally:
        renderer.terminate()
    if renderer.returncode:
        raise InputError("the views could not be rendered: --set views=0 goes without them")

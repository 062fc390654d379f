"""Training data that is made where none is given: path-traced and procedural views, and stacks."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from functools import partial
from importlib.util import find_spec
from pathlib import Path

from ....simulation.dataset.sharp_views import write_world_views
from ....training.progress import report_progress
from ....training.views.view_pool import write_procedural_views
from ....types import InputError
from .stack_files import stack_files, write_stacks
from .stacks import StackSettings

# Views of all scenes have the size of the path-traced ones.
_VIEW_SIZE = (360, 480)
_WATCH_S = 0.3


def make_stacks(
    folder: Path, stacks: int, scenes: int, settings: StackSettings, worlds: Sequence[Path] = ()
) -> Path:
    """`folder` with `stacks` training stacks, made where it is not complete, from procedural
    scenes and from path-traced views in `folder`/views: those of the data sets `worlds`, or of
    `scenes` scenes where there is none.

    Raises InputError where the renderer fails, or a data set is not complete.
    """
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


def _gather_views(folder: Path, scenes: int, worlds: Sequence[Path]) -> None:
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

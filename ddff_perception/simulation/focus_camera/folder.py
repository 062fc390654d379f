"""Rendered sweeps on disk: a stack folder with the settings and the rest of the truth beside it.

stack.json, 000.png ..., depth.npy, aif.png   as in `files/stack_folder.py`
sweep.json    the settings, and per slice the magnification
labels.png    optional, 8 bits: class per pixel, index into the "kinds" of sweep.json
objects.png   optional, 16 bits: number of the object per pixel, 0 for none
normals.npy   optional, H x W x 3 float32 in the optical frame, towards the camera
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ...files.atomic import make_folder, remove, write_json
from ...files.images import write_array, write_image
from ...files.stack_folder import stack_files, write_stack
from ..rendering.scene_types import KINDS
from .sweep import Progress, RenderedSweep, SweepSettings, render_sweep

SETTINGS_FILE = "sweep.json"


def write_sweep(
    folder: Path, settings: SweepSettings, sweep: RenderedSweep, *, geometry: bool = False
) -> None:
    """Writes `sweep` into `folder`; labels, objects and normals only where `geometry` asks for
    them. Raises InputError where the folder cannot be written.
    """
    make_folder(folder)
    if geometry:
        write_image(folder / "labels.png", sweep.labels)
        write_image(folder / "objects.png", sweep.objects)
        write_array(folder / "normals.npy", sweep.normals)
    document = {
        "settings": settings_document(settings),
        "magnifications": list(sweep.magnifications),
        "kinds": list(KINDS),
    }
    # The settings come last: they vouch for the stack beside them.
    remove(folder / SETTINGS_FILE)
    write_stack(folder, sweep.stack, truth=sweep.truth, all_in_focus=sweep.all_in_focus)
    write_json(folder / SETTINGS_FILE, document)


def settings_document(settings: SweepSettings) -> dict[str, Any]:
    """`settings` as JSON has it: lists for tuples, the text "inf" for infinity."""
    document: dict[str, Any] = json.loads(json.dumps(asdict(settings)), parse_constant=_text)
    return document


def holds_sweep(folder: Path, settings: SweepSettings) -> bool:
    """Whether `folder` holds a complete sweep rendered with these settings."""
    try:
        document = json.loads((folder / SETTINGS_FILE).read_text())
    except (OSError, ValueError):
        return False
    complete = (folder / "stack.json").is_file() and (folder / "depth.npy").is_file()
    return (
        complete
        and isinstance(document, dict)
        and document.get("settings") == settings_document(settings)
    )


def render_to_folder(
    folder: Path,
    settings: SweepSettings,
    progress: Progress | None = None,
    *,
    geometry: bool = False,
) -> None:
    """Renders the sweep of `settings` into `folder`; raises InputError where Mitsuba is missing
    or the folder cannot be written, the latter before any time is spent.
    """
    more = ("labels.png", "objects.png", "normals.npy") if geometry else ()
    make_folder(folder, (SETTINGS_FILE, *more, *stack_files(len(settings.distances()))))
    write_sweep(folder, settings, render_sweep(settings, progress), geometry=geometry)


def _text(constant: str) -> str:
    return {"Infinity": "inf", "-Infinity": "-inf"}.get(constant, "nan")

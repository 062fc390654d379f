"""What there is to learn from: rendered worlds, folders of views, scenes that are drawn here; or
captures of one's own and NYUv2, whose images are defocused already.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from torch.utils.data import Dataset

from ...parameters import ParameterTable, Value, parameter
from ...simulation.dataset.settings import is_development
from ...simulation.dataset.sharp_views import assets_of, is_world, write_world_views
from ...training.nyu import IMAGES
from ...training.progress import report_progress
from ...training.views.view_pool import write_procedural_views
from ...types import InputError
from ..triples.folder import is_triples
from .known_crops import KnownCrops, KnownImages
from .lens_views import LensSettings, LensViews
from .published_sets import MadeUpLens, NyuDefocused
from .stack_slices import SHARP, StackSlices, Triples

_SIZE = (240, 320)
_HELD_OUT = 12
_TEXTURES = 80


@dataclass(frozen=True)
class DataSettings(LensSettings):
    """The lenses, and where images come from."""

    scenes: int = parameter(2000, "procedural scenes, without --data", limits=(2, 10**6))
    views_folder: str = parameter("out/defocus_views", "where views are kept, or are already")
    inpainted: bool = parameter(
        True, "of triples and NYUv2: depth with its holes filled, or what was measured alone"
    )


DATA_PARAMETERS: ParameterTable = MadeUpLens.table().prefixed("nyu")
"""The lens that NYUv2 is seen through."""


@dataclass(frozen=True)
class TrainingData:
    """Items to learn from and the same ones each time to validate on; what they are, and the assets
    in them.
    """

    learned: Dataset[Any]
    held_out: Dataset[Any]
    source: str
    assets: Sequence[str] = ()


def training_data(
    data: Sequence[Path], values: Mapping[str, Value], held_out: int, *, sharp: bool = False
) -> TrainingData:
    """Of the folders `data`: `view_files`; or stack folders, triples and NYUv2. `held_out`: how
    many items are validated on; `sharp`: whether each image's sharp one must be known.

    Raises InputError where both kinds are given, or one of them cannot be used.
    """
    own, lenses = DataSettings.of(values), LensSettings.of(values)
    known = [folder for folder in data if _is_known(folder)]
    if not known:
        views = view_files(data, Path(own.views_folder), own.scenes)
        return TrainingData(
            LensViews(views.learned, lenses, 10**6),
            LensViews(views.held_out, lenses, held_out, fixed=True),
            views.source,
            views.assets,
        )
    if len(known) < len(data):
        raise InputError(
            "give either captures (stack folders, triples, NYUv2) as --data, or views: not both"
        )
    if sharp or own.all_in_focus:
        _require_sharp(known)
    learned, held = (_known_images(known, own, values, part) for part in (False, True))
    return TrainingData(
        KnownCrops(learned, lenses, 10**6),
        KnownCrops(held, lenses, held_out, fixed=True),
        f"{sum(map(len, learned))} images of known truth in {len(known)} folders",
    )


def _is_known(folder: Path) -> bool:
    named = ("stack.json", IMAGES)
    return is_triples(folder) or any((folder / name).is_file() for name in named)


def _require_sharp(folders: Sequence[Path]) -> None:
    for folder in folders:
        if (folder / "stack.json").is_file() and not (folder / SHARP).is_file():
            raise InputError(
                f"{folder} has no {SHARP}: put its all-in-focus image there (`ddff depth` makes "
                "one), or learn what needs none (heads=depth, all_in_focus=false)"
            )


def _known_images(
    folders: Sequence[Path], own: DataSettings, values: Mapping[str, Value], held_out: bool
) -> list[KnownImages]:
    """Of stacks the last is held out, of triples every eighth, of NYUv2 its images to test."""
    stacks = [folder for folder in folders if (folder / "stack.json").is_file()]
    some = stacks[-1:] if held_out else stacks[:-1] or stacks
    found: list[KnownImages] = [StackSlices(folder) for folder in some]
    for folder in folders:
        if is_triples(folder):
            found.append(Triples(folder, held_out, own.inpainted))
        elif (folder / IMAGES).is_file():
            split, lens = "test" if held_out else "train", MadeUpLens.of(values, "nyu")
            found.append(NyuDefocused(folder, split, lens, own.inpainted))
    return found


@dataclass(frozen=True)
class ViewFiles:
    """Files of views to learn from, and those held out; what they are, and the assets in them."""

    learned: Sequence[Path]
    held_out: Sequence[Path]
    source: str
    assets: Sequence[str] = ()


def view_files(
    data: Sequence[Path], folder: Path, drawn: int, *, judges: bool = False
) -> ViewFiles:
    """The views of `data`: data sets of `ddff simulate dataset`, whose views are kept in `folder`,
    and folders of views (*.npy); `drawn` procedural scenes, made in `folder`, without any.

    `judges`: they are to judge by. Raises InputError where a folder holds no views, or a data set
    is not complete, or kept for judges and these are not.
    """
    worlds = [place for place in data if is_world(place)]
    folders = [place for place in data if place not in worlds]
    if worlds:
        progress = partial(report_progress, "reading views")
        write_world_views(folder / "world", worlds, progress, judges=judges)
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
        assets_of(worlds, judges=judges),
    )

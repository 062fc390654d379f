"""What the papers' networks learn from, by what lies in a folder or file."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from torch.utils.data import DataLoader, Dataset, IterableDataset

from ...training.batches import make_loader
from ...training.presets import FitSettings
from ...training.views.camera import NoiseSettings
from ...types import InputError
from .ddff12 import Ddff12Scene
from .fixed_slices import Batch, FixedSliceItems, FixedSlices, Mixed, PlaneStacks
from .generated.batches import view_batches
from .generated.stack_files import StackBatches, stack_files
from .generated.stacks import StackSettings
from .lfsd import LightFieldSamples, find_samples
from .light_field_benchmark import LightFieldBenchmark, find_scenes
from .stack_folders import StackFolders, find_stacks, split_stacks

# Crops of DDFF 12-Scene overlap by three quarters (224 px at a stride of 56).
STRIDES_PER_CROP = 4
_ALL_IN_FOCUS = ("allfocus", "all_focus_images", "rgb")


@dataclass(frozen=True)
class TrainingSource:
    """What to train on and to validate on, and what it is in a few words."""

    train: DataLoader[Any] | IterableDataset[Batch]
    validation: DataLoader[Any] | None
    description: str


def open_source(
    path: Path | None,
    settings: FitSettings,
    slices: int,
    crop: int,
    planes: float = 0.0,
    noise: float = 1.0,
) -> TrainingSource:
    """Batches of `slices` slices, nearest first, in crops of at most `crop` px.

    `path`: the HDF5 file of DDFF 12-Scene; a folder with sharp views to be blurred on the training
    device, with training stacks (`ddff` makes both), with DUT-LFDD or LFSD, with scenes of the 4D
    light field benchmark, or with stack folders; None for planes made on the spot. Of training
    stacks, `planes` is the share of batches that are such planes, `noise` the share of the usual
    noise.
    Raises InputError where it is none of these.
    """
    made = PlaneStacks(settings.batch, slices, crop)
    if path is None:
        return TrainingSource(FixedSlices(made, slices, crop), None, "planes made on the spot")
    if not path.exists():
        raise InputError(f"there is nothing to learn from at {path}")
    if path.is_file():
        return _ddff12(path, settings, slices, crop)
    if (path / "stack.json").is_file():
        return _stack_folders(path, settings, slices, crop)
    if any(path.glob("*.npy")):
        sizes, sweep = ((crop, crop, 1.0),) * 2, StackSettings(slice_counts=(slices,))
        batches, told = view_batches([path], settings, sizes=sizes, sweep=sweep)
        return TrainingSource(batches, None, told)
    if any(path.glob("*.npz")):
        # Sweeps keep their slices: fewer than the network takes would be repeated ones.
        usual = NoiseSettings()
        less = replace(
            usual,
            photon=noise * usual.photon,
            read=noise * usual.read,
            speckle=noise * usual.speckle,
        )
        drawn = StackBatches([path], settings.batch, noise=less, fewest_slices=slices, crop=crop)
        mixed = FixedSlices(Mixed(drawn, made, planes), slices, crop)
        told = f"{len(stack_files(path))} training stacks, {planes:.0%} textured planes"
        return TrainingSource(mixed, None, told)
    if any(path.glob("*/parameters.cfg")) or any(path.glob("*/*/parameters.cfg")):
        scenes = find_scenes(path)
        found: Dataset[Batch] = LightFieldBenchmark(scenes, slices=slices, crop=crop)
        loader = make_loader(FixedSliceItems(found, slices), settings)
        return TrainingSource(loader, None, "4D light field benchmark")
    if _holds_samples(path):
        train = LightFieldSamples(find_samples(path), slices=slices)
        loader = make_loader(FixedSliceItems(train, slices, crop), settings)
        return TrainingSource(loader, None, "focal stacks of a Lytro camera")
    return _stack_folders(path, settings, slices, crop)


def _ddff12(path: Path, settings: FitSettings, slices: int, crop: int) -> TrainingSource:
    train, validation = (
        FixedSliceItems(
            Ddff12Scene(path, split, crop=crop, stride=max(1, crop // STRIDES_PER_CROP)), slices
        )
        for split in ("train", "val")
    )
    held = make_loader(validation, settings, shuffle=False)
    return TrainingSource(make_loader(train, settings), held, "DDFF 12-Scene")


def _stack_folders(path: Path, settings: FitSettings, slices: int, crop: int) -> TrainingSource:
    learned, held = split_stacks(find_stacks([path]))
    train = StackFolders(learned)
    loader = make_loader(FixedSliceItems(train, slices, crop), settings)
    validation = None
    if held:
        whole = FixedSliceItems(StackFolders(held, augment=False), slices)
        validation = make_loader(whole, settings, shuffle=False)
    return TrainingSource(loader, validation, "stack folders")


def _holds_samples(path: Path) -> bool:
    """Whether there is a folder of all-in-focus images, below one of a split or not."""
    return any(
        folder.is_dir() and folder.name.lower() in _ALL_IN_FOCUS
        for folder in (*path.glob("*"), *path.glob("*/*"))
    )

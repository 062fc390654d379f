"""A stack of one's own gives truth for each of its slices."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

pytest.importorskip("torch")

import torch
from defocus_scenes import scene

from ddff_perception.defocus.data.known_crops import KnownCrops
from ddff_perception.defocus.data.lens_views import LensSettings
from ddff_perception.defocus.data.sources import training_data
from ddff_perception.defocus.data.stack_slices import StackSlices
from ddff_perception.defocus.training.light_loss import light_loss
from ddff_perception.files.stack_folder import write_stack
from ddff_perception.types import CameraModel, FocalStack, FocusSlice, InputError

SHOWN = scene(size=(72, 96))
SMALL = LensSettings(height=64, width=64, unknown=0.0)


def write(folder: Path, aperture: float | None = 0.02, truth: bool = True) -> Path:
    camera = CameraModel.centred(96, 72, 500.0, aperture_diameter_m=aperture)
    slices = tuple(FocusSlice(SHOWN.image, distance) for distance in (0.8, 2.0))
    depth = SHOWN.depth.copy()
    depth[:8] = np.nan
    write_stack(folder, FocalStack(slices, camera), truth=depth if truth else None)
    return folder


def test_a_slice_knows_its_lens_its_defocus_and_where_its_truth_is(tmp_path: Path) -> None:
    folder = write(tmp_path / "stack")
    cv2.imwrite(str(folder / "aif.png"), SHOWN.sharp)
    items = [KnownCrops([StackSlices(folder)], SMALL, 8, fixed=True)[n] for n in range(8)]
    for item in items:
        assert item["image"].shape == item["sharp"].shape == (3, 64, 64)
        assert float(item["scale"]) == pytest.approx(10.0)
        widest = float(item["defocus"][item["known"]].abs().max())
        # From 0.8 m to 2 m are 0.75 dioptres.
        assert widest == pytest.approx(7.5, abs=1e-3) or widest == 0.0
    told = sorted({float(item["lens"][1]) for item in items})
    assert told == pytest.approx([float(np.log1p(1 / d)) for d in (2.0, 0.8)])


def test_what_is_not_known_of_the_truth_does_not_count(tmp_path: Path) -> None:
    item = KnownCrops([StackSlices(write(tmp_path / "stack"))], SMALL, 1, fixed=True)[0]
    batch = {name: value[None] for name, value in item.items()}

    class Fixed(torch.nn.Module):
        def forward(self, image, lens):
            return torch.ones(1, 3, 16, 16), torch.zeros(1, 3, 64, 64)

    before = light_loss(Fixed(), batch)
    batch["defocus"] = torch.where(batch["known"], batch["defocus"], 1e3)
    after = light_loss(Fixed(), batch)
    for name in ("loss", "disc_px", "of_constant"):
        torch.testing.assert_close(after[name], before[name])
    # Without aif.png nobody knows the sharp image.
    assert float(before["sharp"]) == 0.0


def test_stacks_that_say_too_little_are_refused(tmp_path: Path) -> None:
    for given, reason in (
        ({"truth": False}, "has no depth.npy"),
        ({"aperture": None}, "names no aperture"),
    ):
        folder = write(tmp_path / reason.replace(" ", "_"), **given)
        with pytest.raises(InputError, match=reason):
            StackSlices(folder)
    large = LensSettings(height=128, width=128)
    with pytest.raises(InputError, match="smaller than 128"):
        KnownCrops([StackSlices(write(tmp_path / "small"))], large, 1)[0]


def test_what_needs_a_sharp_image_does_not_learn_from_a_stack_without(tmp_path: Path) -> None:
    folder, sizes = write(tmp_path / "stack"), {"height": 64, "width": 64}
    assert "images of known truth" in training_data([folder], sizes, 1).source
    with pytest.raises(InputError, match=r"has no aif\.png"):
        training_data([folder], sizes, 1, sharp=True)
    with pytest.raises(InputError, match=r"has no aif\.png"):
        training_data([folder], {**sizes, "all_in_focus": True}, 1)
    cv2.imwrite(str(folder / "aif.png"), SHOWN.sharp)
    found = training_data([folder], sizes, 1, sharp=True)
    assert bool(found.held_out[0]["restorable"])

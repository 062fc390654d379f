"""FocusStream is fine-tuned on stack folders, as docs/training.md promises."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sweeps import wall_depth, write_wall

torch = pytest.importorskip("torch")
pytest.importorskip("lightning")

from ddff_perception.depth_from_focus.data.own_stacks import OwnStackBatches, own_stacks
from ddff_perception.files.images import write_array
from ddff_perception.files.stack_folder import read_stack, write_stack
from ddff_perception.registry import CAPABILITIES
from ddff_perception.training.curves import read_curve
from ddff_perception.training.fit import fit
from ddff_perception.training.presets import FitSettings
from ddff_perception.training.registry import make_job
from ddff_perception.types import FocalStack, InputError

CAPABILITY = CAPABILITIES["depth_from_focus"]

BINS = 24


@pytest.fixture
def ten(tmp_path: Path) -> Path:
    """Ten stacks of different sizes and numbers of slices, some with holes in the truth."""
    for number in range(10):
        width = 96 + 32 * (number % 2)
        folder = write_wall(tmp_path / "mine" / f"{number}", width=width, count=6 + number % 3)
        truth = wall_depth(width)
        truth[: number * 2] = np.nan if number % 2 else 0.0
        write_array(folder / "depth.npy", truth)
    return tmp_path / "mine"


def drawn(folders, count, **arguments):
    torch.manual_seed(4)
    values = {"batch": 2, "crop": 256, "bins": BINS} | arguments
    batches = iter(OwnStackBatches(folders, **values))
    return [next(batches) for _ in range(count)]


def test_a_few_steps_of_the_tuning_preset_lower_the_loss(ten, tmp_path, one_thread):
    texts = ["steps=8", "log_every=1", "precision=32", "device=cpu", "batch=2", "workers=0"]
    base = make_job(
        CAPABILITIES["depth_from_focus"], "focus_stream", "tune", [*texts, "warm_up_steps=1"], [ten]
    )
    first = fit(base, tmp_path / "first")
    again = make_job(
        CAPABILITIES["depth_from_focus"], "focus_stream", "tune", [*texts, "warm_up_steps=1"], [ten]
    )
    weights = fit(replace(again, start=first), tmp_path / "second")
    start, tuned = (
        [row["loss"] for row in read_curve(tmp_path / name / "train.csv")]
        for name in ("first", "second")
    )
    assert np.mean(tuned[-3:]) < 0.9 * np.mean(start[:3])
    assert np.isfinite(read_curve(tmp_path / "second" / "validation.csv")[-1]["loss"])
    record = json.loads(weights.with_suffix(".json").read_text())
    assert record["training_data"] == "8 stacks"
    assert record["data_source"] == "stack folders with true depth"


def test_every_fifth_stack_is_held_back_and_always_looks_the_same(ten):
    made = own_stacks([ten], FitSettings(batch=4, workers=0), BINS, 256)
    assert made.learned == 8
    first, second = (list(made.validation) for _ in range(2))
    assert sum(len(batch["truth"]) for batch in first) == 2
    assert all(
        torch.equal(a["contrasts"], b["contrasts"]) for a, b in zip(first, second, strict=True)
    )
    alone = own_stacks([ten / "3"], FitSettings(batch=4, workers=0), BINS, 256)
    assert alone.validation is None


def test_batches_are_what_the_network_takes(ten):
    batches = drawn([ten / f"{number}" for number in range(10)], 12)
    counts = {batch["positions"].shape[1] for batch in batches}
    assert min(counts) >= 3 and max(counts) <= 8 and len(counts) > 2
    for batch in batches:
        slices = batch["positions"].shape[1]
        assert batch["contrasts"].shape == (2, slices, 32, 8, 8)
        assert batch["templates"].shape == (2, 3, slices, BINS)
        assert batch["truth"].shape == batch["valid"].shape == (2, 64, 64)
        assert (batch["dioptres"].diff() > 0).all()
        assert (batch["positions"][:, 0] == 0).all() and (batch["positions"][:, -1] == 1).all()
        assert all(torch.isfinite(batch[name]).all() for name in batch)
        span = (batch["dioptres"][:, -1] - batch["dioptres"][:, 0])[:, None, None]
        above = (batch["truth"] - batch["dioptres"][:, 0, None, None]) / span
        assert not batch["valid"][(above < -0.051) | (above > 1.051)].any()


def test_stacks_have_the_size_that_they_have_at_run_time(tmp_path):
    small = write_wall(tmp_path / "small", width=128, height=96)
    large = write_wall(tmp_path / "large", width=1280, height=960, count=3)
    for folder, side, cells in ((small, 128, 16), (large, 480, 60)):
        for batch in drawn([folder], 1, crop=4096, batch=1):
            assert batch["truth"].shape[1:] == (side, side)
            assert batch["contrasts"].shape[-2:] == (cells, cells)
            assert batch["valid"].any()


def test_unknown_truth_is_masked(ten):
    folder = write_wall(ten.parent / "half")
    truth = wall_depth()
    truth[:32], truth[32:40] = np.nan, 0.0
    write_array(folder / "depth.npy", truth)
    for batch in drawn([folder], 4):
        unknown = batch["valid"].float().mean(dim=(1, 2))
        # Of 85 rows after enlarging, 32 have truth, and a crop has 64 of them.
        assert (unknown <= 32 / 64 + 1e-6).all()
        assert (batch["truth"][batch["valid"]] > 0).all()


def test_crops_keep_slices_and_truth_together(ten):
    """Where the truth says so, the slice is sharpest: mirrored and cropped alike."""
    folder = write_wall(ten.parent / "wide", width=160, height=96, count=9)
    agreements = []
    for batch in drawn([folder], 6, crop=64):
        assert batch["contrasts"].shape[-2:] == (8, 8)
        fine = batch["contrasts"][:, :, 0] + batch["contrasts"][:, :, 1]
        sharpest = fine.argmax(dim=1)
        truth = batch["truth"][:, 4::8, 4::8]
        wanted = (truth[:, None] - batch["dioptres"][:, :, None, None]).abs().argmin(dim=1)
        agreements.append((sharpest - wanted).abs()[batch["valid"][:, 4::8, 4::8]] <= 1)
    assert torch.cat(agreements).float().mean() > 0.9


def test_the_same_seed_draws_the_same_batches(ten):
    folders = [ten / "0", ten / "1"]
    first, second = drawn(folders, 3), drawn(folders, 3)
    assert all(
        torch.equal(a["contrasts"], b["contrasts"]) for a, b in zip(first, second, strict=True)
    )


def test_one_distance_counts_once_and_three_are_needed(tmp_path):
    folder = write_wall(tmp_path / "s", count=4)
    stack = read_stack(folder).stack
    doubled = FocalStack((*stack.slices, stack.slices[1]), stack.camera)
    write_stack(folder, doubled, truth=wall_depth())
    assert all((b["dioptres"].diff() > 0).all() for b in drawn([folder], 4))
    write_stack(folder, FocalStack((*stack.slices[:2], stack.slices[1])), truth=wall_depth())
    with pytest.raises(InputError, match="2 different focus distances: FocusStream needs at least"):
        own_stacks([folder], FitSettings(batch=2), BINS, 256)


def test_what_cannot_be_tuned_on_is_refused_in_a_sentence(tmp_path):
    small = write_wall(tmp_path / "small", width=40, height=24)
    with pytest.raises(InputError, match="40 x 24 pixels: at least 32 are needed"):
        make_job(CAPABILITY, "focus_stream", "tune", (), [small])
    blind = write_wall(tmp_path / "blind")
    (blind / "depth.npy").unlink()
    with pytest.raises(InputError, match=r"no depth\.npy"):
        make_job(CAPABILITY, "focus_stream", "tune", (), [blind])
    with pytest.raises(InputError, match=r"no training stacks.*holds no stack folders"):
        make_job(
            CAPABILITIES["depth_from_focus"], "focus_stream", "tune", (), [tmp_path / "nothing"]
        )

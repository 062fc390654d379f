"""What the papers' networks learn from is known by what lies in a folder or file."""

import numpy as np
import pytest
from light_field_folders import write_benchmark_folder
from sweeps import write_wall

torch = pytest.importorskip("torch")
h5py = pytest.importorskip("h5py")

from ddff_perception.depth_from_focus.data.ddff12 import FAR_PX, NEAR_PX
from ddff_perception.depth_from_focus.data.sources import open_source
from ddff_perception.files.images import write_image
from ddff_perception.training.batches import TrainingBatches
from ddff_perception.training.presets import FitSettings

SETTINGS = FitSettings(steps=2, batch=2, device="cpu")


def first_batch(source) -> dict:
    return next(iter(TrainingBatches(source.train, SETTINGS, 0)))


def check(batch: dict, slices: int, size: tuple[int, int]) -> None:
    assert batch["images"].shape == (2, slices, 3, *size)
    assert batch["dioptres"].shape == (2, slices)
    assert (batch["dioptres"].diff(dim=1) <= 0).all()
    assert batch["truth"].shape == batch["valid"].shape == (2, *size)
    assert 0 <= batch["images"].min() <= batch["images"].max() <= 1


def test_ddff_12_scene_is_learned_in_disparity(tmp_path):
    random = np.random.default_rng(0)
    with h5py.File(tmp_path / "ddff.h5", "w") as file:
        for split in ("train", "val"):
            file[f"stack_{split}"] = random.integers(0, 256, (2, 4, 48, 64, 3), np.uint8)
            file[f"disp_{split}"] = np.full((2, 48, 64), 0.14, np.float32)
    source = open_source(tmp_path / "ddff.h5", SETTINGS, 4, 32)
    batch = first_batch(source)
    check(batch, 4, (32, 32))
    assert batch["dioptres"][0, 0] == pytest.approx(NEAR_PX)
    assert batch["dioptres"][0, -1] == pytest.approx(FAR_PX)
    assert (batch["truth"] == np.float32(0.14)).all()
    assert source.validation is not None
    check(next(iter(source.validation)), 4, (32, 32))


def test_samples_of_a_lytro_camera_bring_their_image(tmp_path):
    folder = tmp_path / "set" / "train"
    for part in ("allfocus", "depth", "focalstack/1", "focalstack/2"):
        (folder / part).mkdir(parents=True)
    for name in ("1", "2"):
        write_image(folder / "allfocus" / f"{name}.png", np.full((40, 48, 3), 200, np.uint8))
        write_image(folder / "depth" / f"{name}.png", np.full((40, 48), 51, np.uint8))
        for number in range(3):
            image = np.full((40, 48, 3), 60 * number, np.uint8)
            write_image(folder / "focalstack" / name / f"{number}.png", image)
    batch = first_batch(open_source(tmp_path / "set", SETTINGS, 5, 1024))
    check(batch, 5, (40, 48))
    assert batch["image"].shape == (2, 3, 40, 48)
    assert batch["dioptres"][0].tolist() == [1.0, 0.75, 0.5, 0.25, 0.0]
    inside = batch["truth"][batch["valid"]]
    assert inside.median() == pytest.approx(0.2)


def test_scenes_of_the_light_field_benchmark_are_refocused(tmp_path):
    views = np.random.default_rng(1).integers(0, 256, (3, 3, 40, 44, 3), np.uint8)
    write_benchmark_folder(tmp_path / "additional" / "antinous", views, depth=11.0)
    batch = first_batch(open_source(tmp_path, SETTINGS, 5, 32))
    check(batch, 5, (32, 32))
    assert batch["dioptres"][0, 0] == pytest.approx(2.5)
    assert batch["valid"].all()


def test_stack_folders_are_split_into_learned_and_held(tmp_path):
    for number in range(3):
        write_wall(tmp_path / f"wall_{number}")
    source = open_source(tmp_path, SETTINGS, 4, 32)
    check(first_batch(source), 4, (32, 32))
    assert source.validation is not None
    assert next(iter(source.validation))["images"].shape[:3] == (1, 4, 3)


def test_without_data_planes_are_made(tmp_path):
    source = open_source(None, SETTINGS, 5, 32)
    check(first_batch(source), 5, (32, 32))
    assert source.validation is None

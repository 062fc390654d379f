import json

import numpy as np
import pytest
from sweeps import wall_depth, wall_stack, write_wall

torch = pytest.importorskip("torch")
pytest.importorskip("lightning")

from ddff_perception.depth_from_focus.data.sources import open_source
from ddff_perception.depth_from_focus.data.stack_folders import (
    StackFolders,
    find_stacks,
    split_stacks,
)
from ddff_perception.files.images import write_array
from ddff_perception.files.stack_folder import write_stack
from ddff_perception.training.batches import make_loader
from ddff_perception.training.curves import read_curve
from ddff_perception.training.fit import fit
from ddff_perception.training.job import TrainingJob
from ddff_perception.training.presets import FitSettings
from ddff_perception.types import CameraModel, FocalStack, FocusSlice, InputError


@pytest.fixture
def folder(tmp_path):
    return write_wall(tmp_path / "wall")


def test_a_stack_without_changes_is_its_own_batch(folder):
    (item,) = list(StackFolders([folder], augment=False))
    assert item["images"].shape == (6, 3, 64, 64)
    stack = wall_stack()
    expected = stack.images[2][:, 16:80].transpose(2, 0, 1) / np.float32(255)
    np.testing.assert_allclose(item["images"][2].numpy(), expected, atol=1e-6)
    np.testing.assert_allclose(item["dioptres"], 1 / stack.focus_distances_m, rtol=1e-6)
    np.testing.assert_allclose(item["truth"], 1 / wall_depth()[:, 16:80], rtol=1e-6)
    assert item["valid"].all()
    assert torch.isnan(item["blur_scale"])


def test_drawn_views_keep_image_and_truth_together(folder, tmp_path):
    """The wall's sharpness tells its depth: where the drawn truth says so, a slice is sharpest."""
    small = write_wall(tmp_path / "small", width=48, height=40, count=4)
    data = StackFolders([folder, small])
    assert len(data) == 2
    seen = set()
    for number in range(5):
        torch.manual_seed(number)
        item = data[0]
        assert item["images"].shape == (4, 3, 32, 32)
        assert (item["dioptres"].diff() < 0).all()
        assert 0 <= item["images"].min() <= item["images"].max() <= 1
        sharp = item["images"].diff(dim=-1).abs().mean(dim=(1, 2))  # slice x column
        nearest = (item["truth"][0] - item["dioptres"][:, None]).abs()[:, 1:]
        agree = (sharp.argmax(0) == nearest.argmin(0)).float().mean()
        assert agree > 0.7
        seen.add((tuple(item["dioptres"].tolist()), float(item["truth"][0, 0])))
    assert len(seen) == 5
    torch.manual_seed(3)
    again = data[0]
    torch.manual_seed(3)
    assert torch.equal(again["images"], data[0]["images"])


def test_stacks_of_different_sizes_make_one_batch(tmp_path):
    folders = [
        write_wall(tmp_path / "a"),
        write_wall(tmp_path / "b", width=128, height=96, count=9),
    ]
    data = StackFolders(folders)
    batch = next(iter(make_loader(data, FitSettings(batch=2))))
    assert batch["images"].shape == (2, 6, 3, 64, 64)
    assert batch["valid"].dtype == torch.bool


def test_grey_deep_images_and_holes_in_the_truth(tmp_path):
    image = np.full((32, 40), 32768, np.uint16)
    camera = CameraModel(40, 32, 50, 50, 20, 16, aperture_diameter_m=0.01)
    stack = FocalStack((FocusSlice(image, 1.0), FocusSlice(image, np.inf)), camera)
    truth = np.full((32, 40), 2.0, np.float32)
    truth[0], truth[1], truth[2] = np.nan, 0.0, np.inf
    write_stack(tmp_path / "s", stack, truth=truth)
    (item,) = list(StackFolders([tmp_path / "s"], augment=False))
    assert item["images"].mean() == pytest.approx(0.5, abs=1e-4)
    assert item["dioptres"].tolist() == [1.0, 0.0]
    assert item["blur_scale"].item() == pytest.approx(0.5)
    assert item["valid"][:4, 0].tolist() == [False, False, True, True]
    assert item["truth"][2:4, 0].tolist() == [0.0, 0.5]
    assert torch.isfinite(item["truth"]).all()


def test_stacks_are_found_one_level_below_and_split(tmp_path):
    folders = [write_wall(tmp_path / "many" / f"{n}") for n in range(10)]
    assert find_stacks([tmp_path / "many"]) == folders
    assert find_stacks([folders[3]]) == [folders[3]]
    train, validation = split_stacks(folders)
    assert len(validation) == 2
    assert sorted(train + validation) == folders
    assert split_stacks(folders[:1]) == (folders[:1], [])
    assert [len(part) for part in split_stacks(folders[:2])] == [1, 1]
    with pytest.raises(InputError, match="holds no stack folders"):
        find_stacks([tmp_path])


class Sharpest(torch.nn.Module):
    """Learned contrast per slice; the estimate is the mean over the dioptres by its softmax."""

    def __init__(self):
        super().__init__()
        self.contrast = torch.nn.Sequential(
            torch.nn.Conv2d(3, 8, 3, padding=1),
            torch.nn.ReLU(),
            torch.nn.Conv2d(8, 1, 9, padding=4),
        )

    def forward(self, batch):
        images = batch["images"]
        scores = self.contrast(images.flatten(0, 1)).unflatten(0, images.shape[:2])[:, :, 0]
        return (scores.softmax(1) * batch["dioptres"][:, :, None, None]).sum(1)


def absolute_error(net, batch):
    error = (net(batch).float() - batch["truth"]).abs()
    return {"loss": error[batch["valid"]].mean()}


def test_ten_stacks_are_enough_to_learn_from(tmp_path, one_thread):
    folders = [write_wall(tmp_path / "mine" / f"{n}", count=5 + n % 3) for n in range(10)]
    settings = FitSettings(
        steps=40, batch=4, learning_rate=0.01, precision="32", device="cpu", log_every=10,
        validate_every=20, ema=0.9,
    )  # fmt: skip
    source = open_source(tmp_path / "mine", settings, slices=5, crop=32)
    torch.manual_seed(1)
    job = TrainingJob(Sharpest(), absolute_error, source.train, settings, source.validation)
    fit(job, tmp_path / "run")
    losses = [row["loss"] for row in read_curve(tmp_path / "run" / "train.csv")]
    assert losses[-1] < 0.7 * losses[0]
    held = read_curve(tmp_path / "run" / "validation.csv")
    assert held[-1]["loss"] < 0.7 * losses[0]
    assert open_source(folders[0], settings, slices=5, crop=32).validation is None


def test_what_cannot_be_learned_from_is_refused(folder, tmp_path):
    with pytest.raises(InputError, match="has one slice"):
        StackFolders([write_wall(tmp_path / "one", count=1)])
    with pytest.raises(InputError, match="24 pixels high or wide: at least 32"):
        StackFolders([write_wall(tmp_path / "low", height=24)])
    with pytest.raises(InputError, match="no stack folders"):
        StackFolders([])
    write_array(folder / "depth.npy", np.zeros((64, 96), np.float32))
    with pytest.raises(InputError, match="no depth above 0"):
        StackFolders([folder])
    (folder / "depth.npy").unlink()
    with pytest.raises(InputError, match=r"no depth\.npy"):
        StackFolders([folder])
    write_array(folder / "depth.npy", wall_depth())
    content = json.loads((folder / "stack.json").read_text())
    content["slices"][0]["focus_distance_m"] = None
    (folder / "stack.json").write_text(json.dumps(content))
    with pytest.raises(InputError, match="unknown focus distance"):
        StackFolders([folder])

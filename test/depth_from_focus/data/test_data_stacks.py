"""Training stacks: what is sharp where, what a batch holds, and files."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")
functional = torch.nn.functional

from ddff_perception.depth_from_focus.data.generated.stack_files import (
    StackBatches,
    read_training_stack,
    stack_files,
    write_stacks,
)
from ddff_perception.depth_from_focus.data.generated.stacks import StackSettings, random_stacks
from ddff_perception.training.views.camera import NoiseSettings
from ddff_perception.training.views.scenes import SceneMaker
from ddff_perception.types import InputError

SIZE = StackSettings(height=64, width=96)
QUIET = NoiseSettings(clean=1.0)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    target = tmp_path_factory.mktemp("stacks")
    write_stacks(target, range(6), settings=SIZE)
    return target


def test_a_scene_has_depth_everywhere_and_is_exposed():
    scene = SceneMaker(np.random.default_rng(2), textures=4).scene(60, 80)
    assert scene.radiance.shape == (60, 80, 3) and scene.dioptres.shape == (60, 80)
    assert np.isfinite(scene.radiance).all() and scene.dioptres.min() > 0
    assert 0.2 < np.percentile(scene.radiance.mean(axis=2), 95) < 1.2


def test_the_slice_focused_at_a_plane_is_the_sharpest_there():
    torch.manual_seed(4)
    truth = torch.full((2, 64, 96), 0.5)
    truth[:, :, 48:] = 1.5
    picture = 0.1 + 0.8 * torch.rand(2, 3, 64, 96)
    still = StackSettings(64, 96, (10.0, 12.0), (0.0, 0.0), 0.0, 0.0, 0.0, (5,))
    stacks = random_stacks(picture, truth, still)
    for images in stacks.images:
        contrast = images.float().mean(dim=1).diff(dim=2).abs()
        for plane, slot in ((0.5, 0), (1.5, 4)):
            inside = truth[0, :, :-1] == plane
            assert np.argmax([item[inside].mean() for item in contrast]) == slot


@pytest.mark.parametrize("dioptres", [0.0, 2.0])
def test_a_view_of_one_depth_or_of_sky_alone_has_a_sweep(dioptres):
    torch.manual_seed(0)
    truth = torch.full((6, 32, 48), dioptres)
    stacks = random_stacks(torch.rand(6, 3, 32, 48), truth, StackSettings(slice_counts=(5,)))
    assert (stacks.dioptres.diff(dim=1) > 0).all()
    assert torch.isfinite(stacks.blur_scale).all() and torch.isfinite(stacks.dioptres).all()


def test_blur_and_sweep_lie_within_what_was_asked_for():
    torch.manual_seed(3)
    truth = 0.4 + torch.rand(8, 48, 64)
    settings = StackSettings(widest_px=(5.0, 9.0), margin=(0.0, 0.3), slice_counts=(7,))
    stacks = random_stacks(torch.rand(8, 3, 48, 64), truth, settings)
    widest = stacks.blur_scale * (stacks.dioptres[:, -1] - stacks.dioptres[:, 0])
    assert stacks.dioptres.shape == (8, 7) and (stacks.dioptres.diff(dim=1) > 0).all()
    assert (widest > 4.99).all() and (widest < 9.01).all()
    low, high = truth.flatten(1).quantile(torch.tensor([0.005, 0.995]), 1)
    assert (stacks.dioptres[:, 0] < low + 0.02).all()
    assert (stacks.dioptres[:, -1] > high - 0.02).all()


def test_stacks_come_back_from_disk(folder):
    files = stack_files(folder)
    assert len(files) == 6
    stack = read_training_stack(files[0])
    assert stack.images.shape == (1, int(files[0].name[:2]), 3, 64, 96)
    assert stack.images.dtype == torch.uint8
    assert (stack.dioptres.diff() > 0).all() and stack.dioptres[0, 0] >= 0
    assert stack.truth.shape == (1, 64, 96) and stack.blur_scale.shape == (1,)


def test_stacks_that_are_there_stay_and_lost_ones_are_made_again(folder, tmp_path):
    write_stacks(tmp_path, range(2), settings=SIZE)
    files = stack_files(tmp_path)
    before = {file.name: file.read_bytes() for file in files}
    files[1].unlink()
    files[0].write_bytes(b"mine")
    write_stacks(tmp_path, range(2), settings=SIZE)
    after = {file.name: file.read_bytes() for file in stack_files(tmp_path)}
    assert after == before | {files[0].name: b"mine"}


def test_a_damaged_file_is_told_in_one_sentence(folder, tmp_path):
    damaged = tmp_path / "05_000000.npz"
    damaged.write_bytes(stack_files(folder)[0].read_bytes()[:2000])
    with pytest.raises(InputError, match="no training stack"):
        read_training_stack(damaged)


def test_a_folder_without_stacks_is_refused(tmp_path):
    with pytest.raises(InputError, match="no training stacks"):
        StackBatches(tmp_path, 2)


def test_a_crop_is_the_same_part_of_images_and_truth_and_no_larger_than_the_stack(tmp_path):
    grey = np.random.default_rng(3).integers(0, 256, (64, 96), np.uint8)
    np.savez(
        tmp_path / "05_000000.npz",
        images=np.broadcast_to(grey[None, ..., None], (5, 64, 96, 3)),
        dioptres=np.linspace(0, 255, 5, dtype=np.float32),
        truth=grey.astype(np.float16),
        blur_scale=np.float32(1),
    )
    for crop, side in ((32, 32), (80, 64)):
        cut = next(iter(StackBatches(tmp_path, 2, noise=QUIET, crop=crop)))
        assert cut["truth"].shape == cut["valid"].shape == (2, side, side)
        seen = (255 * cut["images"]).round()
        assert torch.equal(seen, cut["truth"][:, None, None].expand_as(seen))


def test_a_batch_holds_images_positions_and_truth(folder):
    torch.manual_seed(1)
    batch = next(iter(StackBatches(folder, 3)))
    count, slices = batch["images"].shape[:2]
    assert (count, batch["images"].shape[2:]) == (3, (3, 64, 96))
    assert float(batch["images"].min()) >= 0 and float(batch["images"].max()) <= 1
    assert batch["dioptres"].shape == (3, slices) and slices >= 3
    assert (batch["dioptres"].diff(dim=1) > 0).all()
    assert batch["truth"].shape == batch["valid"].shape == (3, 64, 96)
    assert batch["valid"].float().mean() > 0.5


def test_enlarged_batches_are_the_same_stacks_at_four_thirds(folder):
    def first(enlarged):
        torch.manual_seed(3)
        return next(iter(StackBatches(folder, 2, noise=QUIET, enlarged=enlarged)))

    usual, large = first(1e-9), first(1.0)
    assert large["images"].shape[2:] == (3, 96, 128)
    assert large["truth"].shape == large["valid"].shape == (2, 96, 128)
    assert large["valid"].dtype == torch.bool
    back = functional.interpolate(large["images"].flatten(0, 1), (64, 96), mode="area")
    assert (back - usual["images"].flatten(0, 1)).abs().mean() < 0.02
    assert torch.equal(large["dioptres"], usual["dioptres"])


def test_batches_repeat_with_torchs_seed(folder):
    def first():
        torch.manual_seed(7)
        return next(iter(StackBatches(folder, 2)))["images"]

    assert torch.equal(first(), first())

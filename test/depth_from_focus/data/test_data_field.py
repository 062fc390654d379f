"""What befalls sweeps in the field: each kind by itself, and none by default."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from ddff_perception.depth_from_focus.data.generated.stacks import StackSettings, random_stacks
from ddff_perception.training.views.field import (
    FieldSettings,
    bordered,
    disturbed,
    mosaicked,
    turned,
)


@pytest.fixture
def images():
    torch.manual_seed(3)
    return torch.randint(40, 200, (6, 5, 3, 32, 48), dtype=torch.uint8)


def levels(images):
    return images.float().mean(dim=(2, 3, 4))


def test_by_default_nothing_happens(images):
    dioptres, truth = torch.rand(6, 5).sort().values, torch.rand(6, 32, 48)
    same = turned(images, dioptres, truth, FieldSettings())
    assert all(torch.equal(*pair) for pair in zip(same, (images, dioptres, truth), strict=True))
    assert torch.equal(disturbed(images, FieldSettings()), images)
    assert torch.equal(bordered(images, 0.0), images)
    assert torch.equal(mosaicked(images, 0.0), images)


def test_a_sweep_read_backwards_keeps_what_is_sharp_where(images):
    dioptres = torch.tensor([0.5, 0.7, 1.0, 1.6, 2.5]).expand(6, 5)
    truth = 0.5 + 2.0 * torch.rand(6, 32, 48)
    settings = FieldSettings(backwards=1.0)
    found, places, depth = turned(images, dioptres, truth, settings)
    assert torch.equal(found, images.flip(1))
    assert (places.diff(dim=1) > 0).all()
    torch.testing.assert_close(places[:, [0, -1]], dioptres[:, [0, -1]])
    # A pixel as far from each slice as before.
    before = (truth[:, None] - dioptres[..., None, None]).abs()
    after = (depth[:, None] - places[..., None, None]).abs()
    torch.testing.assert_close(after, before.flip(1))
    again = turned(found, places, depth, settings)
    assert torch.equal(again[0], images)
    torch.testing.assert_close(again[2], truth)


def test_upside_down_turns_images_and_truth_alike(images):
    truth = images[:, 0, 0].float()
    found, _, depth = turned(images, torch.rand(6, 5), truth, FieldSettings(upside_down=0.5))
    torch.testing.assert_close(found[:, 0, 0].float(), depth)
    flipped = [bool((depth[i] != truth[i]).any()) for i in range(6)]
    assert 0 < sum(flipped) < 6


def test_exposure_differs_between_slices_and_not_within_them(images):
    ratio = levels(disturbed(images, FieldSettings(exposure=1.0))) / levels(images)
    assert ratio.std(dim=1).max() > 0.03
    assert ratio.min() > 0.5 and ratio.max() < 1.6


def test_faint_scenes_lose_contrast_and_keep_their_brightness(images):
    found = disturbed(images, FieldSettings(faint=1.0))
    assert (found.float().std(dim=(1, 2, 3, 4)) < 0.3 * images.float().std()).all()
    torch.testing.assert_close(levels(found).mean(1), levels(images).mean(1), atol=2, rtol=0)


def test_dim_stacks_use_little_of_the_range_alike_in_all_slices(images):
    ratio = levels(disturbed(images, FieldSettings(dim=1.0))) / levels(images)
    assert ratio.min() < 0.5 and ratio.max() < 1.01
    assert ratio.std(dim=1).max() < 0.01


def test_one_slice_is_blank_and_the_others_stay(images):
    found = disturbed(images, FieldSettings(blank=1.0))
    flat = found.float().std(dim=(2, 3, 4)) == 0
    assert (flat.sum(dim=1) == 1).all()
    assert torch.equal(found[~flat], images[~flat])


def test_shifted_slices_are_a_few_whole_pixels_off(images):
    found = disturbed(images, FieldSettings(shifted=1.0))
    moved = (found != images).flatten(2).any(dim=2)
    assert 0 < moved.sum() < moved.numel()
    stack, number = moved.nonzero()[0].tolist()
    inner = np.s_[:, 6:-6, 6:-6]
    assert any(
        torch.equal(torch.roll(images[stack, number], (y, x), (1, 2))[inner],
                    found[stack, number][inner])
        for y in range(-3, 4) for x in range(-3, 4)
    )  # fmt: skip


def test_borders_are_black_and_the_rest_stays(images):
    large = images.repeat(1, 1, 1, 4, 4)
    found = bordered(large, 1.0)
    changed = (found != large).any(dim=2)
    assert changed.any() and not changed[..., 8:-8, 12:-12].any()
    assert (found.amax(dim=2)[changed] == 0).all()


def test_a_bayer_pattern_keeps_flat_colours_and_blurs_what_is_fine(images):
    flat = torch.tensor([30, 90, 160], dtype=torch.uint8).view(1, 1, 3, 1, 1)
    flat = flat.expand(2, 3, 3, 31, 46).contiguous()
    assert torch.equal(mosaicked(flat, 1.0), flat)
    found = mosaicked(images, 1.0).float()
    assert found.diff(dim=-1).abs().mean() < 0.8 * images.float().diff(dim=-1).abs().mean()


def test_lights_saturate_over_their_whole_disc():
    torch.manual_seed(2)
    truth = torch.full((4, 64, 96), 1.0)
    truth[:, :, 48:] = 1.2
    settings = StackSettings(64, 96, (20.0, 24.0), (0.2, 0.3), 0.0, 0.0, 0.0, (5,), lights=1.0)
    stacks = random_stacks(torch.full((4, 3, 64, 96), 0.05), truth, settings)
    saturated = (stacks.images == 255).all(dim=2).float().mean(dim=(2, 3))
    assert saturated.max() > 0.01


def test_a_pattern_is_faint_and_nearly_the_same_in_every_slice():
    torch.manual_seed(5)
    even = torch.full((6, 5, 3, 64, 96), 200, dtype=torch.uint8)
    found = disturbed(even, FieldSettings(pattern=1.0)).float()[:, :, 0]
    own = (found - found.mean(dim=1, keepdim=True)).square().mean()
    common = (found.mean(dim=1) - 200).square().mean()
    assert 0 < own < common < 10

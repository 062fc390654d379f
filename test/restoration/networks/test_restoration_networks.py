"""The thesis' networks and ours: shapes, counts, what goes where."""

from __future__ import annotations

import pytest

pytest.importorskip("torch")

import torch

from ddff_perception.restoration.networks.compared import DeepDeblur, Vdsr
from ddff_perception.restoration.networks.restore_stream import (
    Branches,
    RestoreStream,
    with_one_branch,
)
from ddff_perception.restoration.networks.semantic import (
    CAPACITY,
    Msn,
    Ssn,
    SsnLabels,
    TsnLate,
    TsnMid,
    cut_and_paste,
    equal_width,
    parameters,
    stream_targets,
)
from ddff_perception.restoration.networks.unet import LADDER, UNet, ladder

SIDE = 32
SMALL = {"width": 4, "blocks": 4}


def images(count: int = 2) -> tuple[torch.Tensor, torch.Tensor]:
    torch.manual_seed(0)
    return torch.rand(count, 3, SIDE, SIDE), torch.randint(0, 3, (count, SIDE, SIDE)).byte()


def counted(filters: tuple[int, ...]) -> int:
    """Weights and biases of 4 x 4 convolutions inward and outward."""
    inward = zip((3, *filters[:-1]), filters, strict=True)
    wide = [filters[-1], *(2 * n for n in filters[-2:0:-1]), 2 * filters[0]]
    outward = zip(wide, [*filters[-2::-1], 3], strict=True)
    return sum(16 * a * b + b for a, b in (*inward, *outward))


def test_the_base_network_is_pix2pix_with_54_million_parameters() -> None:
    assert ladder(64) == LADDER == (64, 128, 256, 512, 512, 512, 512, 512)
    assert ladder(8) == (8, 16, 32, 64, 64, 64, 64, 64)
    with torch.device("meta"):
        network = UNet()
    assert parameters(network) == counted(LADDER) == 54_409_603
    norms = [isinstance(block[1], torch.nn.InstanceNorm2d) for block in network.encoder.blocks]
    assert norms == [False, *[True] * 6, False]


def test_eight_blocks_bring_256_pixels_down_to_one() -> None:
    found = UNet(2).encoder(torch.rand(1, 3, 256, 256))
    assert [tuple(one.shape[2:]) for one in found][-1] == (1, 1)
    image, features = UNet(2)(torch.rand(1, 3, 256, 256))
    assert image.shape == (1, 3, 256, 256) and features.shape == (1, 2, 128, 128)
    assert image.min() >= 0 and image.max() <= 1


@pytest.mark.parametrize("make", [Ssn, SsnLabels, TsnLate, TsnMid, Msn])
def test_every_network_gives_an_image_of_the_size_and_uses_what_it_is_given(make) -> None:
    image, labels = images()
    network = make(3, **SMALL)
    made = network(image, labels)
    assert made.shape == image.shape
    other = (labels + 1) % 3
    same = torch.equal(made, network(image, other))
    # MSN and SSN run without labels.
    assert same == (make in (Ssn, Msn))
    made.mean().backward()
    unused = [name for name, w in network.named_parameters() if w.grad is None]
    assert unused == []


def test_the_fusion_takes_stacked_images_and_summed_features() -> None:
    image, _ = images(1)
    network = Msn(3, **SMALL)
    whole = network.whole(image)
    assert whole.partial.shape == (3, 1, 3, SIDE, SIDE)
    found = [stream(image) for stream in network.streams]
    stacked = torch.cat([one.image for one in found], 1)
    total = found[0].features + found[1].features + found[2].features
    assert network.fusion.encoder.blocks[0][0].in_channels == 9
    assert network.fusion.encoder.blocks[1][0].in_channels == 4 + 4
    torch.testing.assert_close(network.fusion(stacked, total).image, whole.image)


def test_a_streams_target_is_clean_inside_of_its_class_and_degraded_elsewhere() -> None:
    clean, labels = images()
    degraded = clean * 0.5
    labels[0, :4] = 255
    wanted = stream_targets(clean, degraded, labels, 3)
    for number in range(3):
        inside = (labels == number)[:, None].expand_as(clean)
        assert torch.equal(wanted[number][inside], clean[inside])
        assert torch.equal(wanted[number][~inside], degraded[~inside])
    assembled = cut_and_paste(wanted, labels, degraded)
    known = (labels < 3)[:, None]
    assert torch.equal(assembled, torch.where(known, clean, degraded))


def test_all_networks_can_be_had_with_as_many_parameters() -> None:
    capacity = 60_000
    for make in (Ssn, TsnMid, Msn):

        def of(width: int, make=make) -> torch.nn.Module:
            return make(3, width=width, blocks=5)

        width = equal_width(of, capacity)
        with torch.device("meta"):
            assert parameters(of(width)) <= capacity < parameters(of(width + 1))


def test_the_papers_capacity_is_a_width_of_173() -> None:
    width = equal_width(lambda n: Ssn(width=n), CAPACITY)
    assert 172 <= width <= 173


def test_vdsr_adds_to_brightness_alone() -> None:
    image, _ = images(1)
    with torch.no_grad():
        change = Vdsr(width=4, layers=3)(image) - image
    torch.testing.assert_close(change[:, 0], change[:, 2], atol=1e-6, rtol=1e-4)
    with torch.device("meta"):
        assert parameters(Vdsr()) == 665_921


def test_deep_deblur_has_a_result_at_three_sizes_and_the_papers_parameters() -> None:
    image, _ = images(1)
    network = DeepDeblur(width=4, blocks=1)
    with torch.no_grad():
        found = network.scales(image)
        whole = network(image)
    assert [one.shape[-1] for one in found] == [SIDE // 4, SIDE // 2, SIDE]
    assert torch.equal(whole, found[-1])
    # What the coarsest level says reaches the finest.
    network.levels[0][-1].bias.data += 1.0
    with torch.no_grad():
        assert not torch.equal(network(image), whole)
    with torch.device("meta"):
        assert parameters(DeepDeblur()) == 11_721_321


def test_restore_stream_is_small_and_begins_with_what_it_is_given() -> None:
    with torch.device("meta"):
        assert parameters(RestoreStream(classes=13)) <= 6_000_000
    image, _ = images()
    base = image.flip(-1)
    found = RestoreStream(4, classes=3)(image, base)
    torch.testing.assert_close(found.image, base)
    half = SIDE // 2
    assert found.sure.shape == (2, 1, SIDE, SIDE) and found.classes.shape == (2, 3, half, half)
    torch.testing.assert_close(found.mixing.sum(1), torch.ones(2, half, half))


def test_no_block_has_statistics_of_its_own_so_that_tiles_agree() -> None:
    torch.manual_seed(0)
    network = RestoreStream(4).eval()
    for weights in network.parameters():
        torch.nn.init.normal_(weights, std=0.1)
    image = torch.rand(1, 3, 64, 256)
    with torch.no_grad():
        told, _ = network.estimator(image)
        whole = network.restorer(image, image.flip(-2), told)[0]
        part = network.restorer(image[..., 64:], image.flip(-2)[..., 64:], told)[0]
    torch.testing.assert_close(part[..., 96:], whole[..., 160:], atol=1e-4, rtol=1e-3)


def test_three_branches_are_one_convolution() -> None:
    torch.manual_seed(0)
    layer, values = Branches(4), torch.rand(1, 4, 9, 9)
    apart = layer.wide(values) + layer.narrow(values) + values
    torch.testing.assert_close(layer(values), apart)
    alone = with_one_branch(torch.nn.Sequential(layer))
    assert isinstance(alone[0], torch.nn.Conv2d)
    torch.testing.assert_close(alone(values), apart)

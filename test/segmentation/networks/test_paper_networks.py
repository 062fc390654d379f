"""FuseNet and what it is compared with: shapes, counts, where it fuses and drops, unpooling."""

import numpy as np
import pytest
import torch
from torch import nn

from ddff_perception.segmentation.networks.fcn import Fcn
from ddff_perception.segmentation.networks.first_layer import first_layer_weights
from ddff_perception.segmentation.networks.fusenet import (
    FUSIONS,
    FuseNet,
    SingleStream,
    fused_after,
)
from ddff_perception.segmentation.networks.uncertainty import monte_carlo
from ddff_perception.segmentation.networks.unpooling import pooled, unpooled
from ddff_perception.segmentation.networks.vgg import VggEncoder, load_vgg
from ddff_perception.types import InputError

VGG16 = 14_714_688  # weights and biases of its 13 convolutions
NORMS = 2 * (2 * 64 + 2 * 128 + 3 * 256 + 6 * 512)
TINY = 1 / 16


@pytest.fixture(autouse=True)
def one_thread():
    torch.set_num_threads(1)
    torch.manual_seed(0)


def count(network: nn.Module) -> int:
    return sum(p.numel() for p in network.parameters())


def test_memorised_unpooling_is_that_of_torch_even_where_values_are_equal():
    values = torch.randint(0, 3, (2, 5, 8, 12)).float()
    found, places = pooled(values)
    expected, indices = nn.MaxPool2d(2, return_indices=True)(values)
    assert torch.equal(found, expected)
    other = torch.rand_like(found)
    assert torch.equal(unpooled(other, places), nn.MaxUnpool2d(2)(other, indices))


def test_the_encoder_is_vgg_16_with_batch_norm():
    assert count(VggEncoder(3)) == VGG16 + NORMS


@pytest.mark.parametrize(
    ("fusion", "places"),
    [
        ("SF1", (2,)),
        ("SF3", (2, 4, 7)),
        ("SF5", (2, 4, 7, 10, 13)),
        ("DF1", (1,)),
        ("DF5", (1, 2, 3, 4, 5)),
        ("DF13", tuple(range(1, 14))),
    ],
)
def test_sparse_fusion_is_before_poolings_and_dense_fusion_after_the_first_blocks(fusion, places):
    assert fused_after(fusion) == places


def test_another_fusion_is_refused_by_name():
    with pytest.raises(InputError, match="fusion must be one of SF1"):
        FuseNet(13, "SF6")


@pytest.mark.parametrize(
    ("fusion", "parameters"), [("SF5", 44_186_341), ("SF1", 29_502_181), ("DF1", 29_465_125)]
)
def test_parameters_of_the_full_network_are_pinned(fusion, parameters):
    with torch.device("meta"):
        network = FuseNet(37, fusion)
    assert count(network) == parameters


@pytest.mark.parametrize("fusion", FUSIONS)
def test_every_variant_labels_every_pixel_and_learns_everywhere(fusion):
    network = FuseNet(13, fusion, TINY)
    scores = network(torch.rand(2, 3, 64, 96) * 255, torch.rand(2, 1, 64, 96) * 255)
    assert scores.shape == (2, 13, 64, 96)
    scores.square().mean().backward()
    assert [n for n, p in network.named_parameters() if p.grad is None] == []


def test_depth_changes_the_labels_and_the_depth_branch_stays_unfused():
    network = FuseNet(13, "SF2", TINY).eval()
    colour, depth = torch.rand(1, 3, 64, 64) * 255, torch.rand(1, 1, 64, 64) * 255
    seen = []
    network.depth.blocks[1][1].register_forward_hook(lambda *found: seen.append(found[2]))
    with torch.no_grad():
        first, second = network(colour, depth), network(colour * 0, depth)
        other = network(colour, depth * 0)
    assert torch.equal(seen[0], seen[1])
    assert not torch.allclose(first, other)
    assert not torch.allclose(first, second)


def test_fusion_is_the_sum_after_relu():
    network = FuseNet(3, "DF1", TINY).eval()
    colour, depth = torch.rand(1, 3, 32, 32) * 255, torch.rand(1, 1, 32, 32) * 255
    seen = {}
    for name, layer in (
        ("colour", network.colour.blocks[0][0]),
        ("depth", network.depth.blocks[0][0]),
    ):
        layer.register_forward_hook(lambda *found, name=name: seen.update({name: found[2].clone()}))
    network.colour.blocks[0][1].register_forward_pre_hook(
        lambda module, given: seen.update(fused=given[0].clone())
    )
    with torch.no_grad():
        network(colour, depth)
    assert torch.equal(seen["fused"], seen["colour"] + seen["depth"])
    assert seen["depth"].min() >= 0


def test_dropout_is_where_the_authors_have_it_and_off_in_use():
    network = FuseNet(3, "SF5", TINY)
    drops = []
    network.dropout.register_forward_hook(lambda *found: drops.append(found[2].shape[-1]))
    network.decoder.dropout.register_forward_hook(lambda *found: drops.append(found[2].shape[-1]))
    network(torch.rand(2, 3, 64, 64), torch.rand(2, 1, 64, 64))
    # After poolings 3, 4 (both branches) and 5 (colour alone), and after the decoder's 5, 4, 3.
    assert sorted(drops) == [2, 4, 4, 4, 8, 8, 8, 16]
    network.eval()
    image = torch.rand(1, 3, 64, 64), torch.rand(1, 1, 64, 64)
    with torch.no_grad():
        assert torch.equal(network(*image), network(*image))


@pytest.mark.parametrize("channels", [1, 3, 4, 6])
def test_single_streams_take_every_stack_of_the_thesis(channels):
    network = SingleStream(40, channels, TINY).eval()
    with torch.no_grad():
        assert network(torch.rand(1, channels, 32, 64)).shape == (1, 40, 32, 64)
    with pytest.raises(InputError, match="1, 3, 4 or 6"):
        SingleStream(40, 2)


def test_the_decoder_may_deconvolve_with_as_many_weights():
    plain, other = FuseNet(5, width=TINY), FuseNet(5, width=TINY, deconvolution=True)
    assert count(plain) == count(other)
    assert any(isinstance(m, nn.ConvTranspose2d) for m in other.modules())


@pytest.mark.parametrize(("stride", "parameters"), [(32, 140_019_557), (16, 135_854_874)])
def test_fcn_has_the_weights_of_vgg_16_and_labels_every_pixel(stride, parameters):
    with torch.device("meta"):
        assert count(Fcn(37, stride)) == parameters
    network = Fcn(13, stride, TINY).eval()
    with torch.no_grad():
        assert network(torch.rand(1, 3, 64, 96)).shape == (1, 13, 64, 96)


def test_fcn_begins_by_enlarging_bilinearly():
    layer = Fcn(3, 32, TINY).enlarge
    ramp = torch.arange(4.0).expand(1, 3, 4, 4)
    found = layer(ramp).detach()[0, 0, 64]
    np.testing.assert_allclose(np.diff(found[32:96]), 1 / 32, atol=1e-5)


def test_first_layers_follow_the_rules_of_the_thesis():
    colour = torch.rand(8, 3, 3, 3)
    mean = colour.mean(dim=1, keepdim=True)
    assert torch.equal(first_layer_weights(colour, 1), mean)
    assert torch.equal(first_layer_weights(colour, 3), colour)
    assert torch.equal(first_layer_weights(colour, 4), torch.cat([colour, mean], 1))
    assert torch.equal(first_layer_weights(colour, 6), torch.cat([colour, colour], 1))
    with pytest.raises(InputError, match="1, 3, 4 or 6"):
        first_layer_weights(colour, 2)


def test_weights_of_torchvisions_vgg_are_taken_layer_by_layer(tmp_path):
    torch.manual_seed(1)
    source = VggEncoder(3)
    state, place = {}, 0
    for block in source.blocks:
        for convolution, norm, _ in block:
            norm.running_mean.normal_()
            state |= {f"features.{place}.{n}": v for n, v in convolution.state_dict().items()}
            state |= {f"features.{place + 1}.{n}": v for n, v in norm.state_dict().items()}
            place += 3
        place += 1
    torch.save({**state, "classifier.0.weight": torch.zeros(2, 2)}, tmp_path / "vgg16_bn.pth")
    target = VggEncoder(1)
    load_vgg(target, tmp_path / "vgg16_bn.pth")
    first, last = target.blocks[0][0], target.blocks[4][2]
    mean = source.blocks[0][0][0].weight.mean(dim=1, keepdim=True)
    assert torch.equal(first[0].weight, mean)
    assert torch.equal(last[0].weight, source.blocks[4][2][0].weight)
    assert torch.equal(last[1].running_mean, source.blocks[4][2][1].running_mean)
    with pytest.raises(InputError, match="another network or width"):
        load_vgg(VggEncoder(3, 0.5), tmp_path / "vgg16_bn.pth")
    (tmp_path / "junk.pth").write_bytes(b"no weights")
    with pytest.raises(InputError, match="holds no weights of VGG-16"):
        load_vgg(target, tmp_path / "junk.pth")


def test_monte_carlo_dropout_says_where_passes_disagree():
    network = FuseNet(3, "SF5", TINY).eval()
    images = torch.rand(1, 3, 32, 32) * 255, torch.rand(1, 1, 32, 32) * 255
    found = monte_carlo(network, images, 6)
    assert found.variance.max() > 0
    torch.testing.assert_close(found.probabilities.sum(dim=1), torch.ones(1, 32, 32))
    assert found.entropy.min() >= 0 and found.entropy.max() <= 1
    assert not network.training
    without = monte_carlo(FuseNet(3, "SF5", TINY, dropout=0.0).eval(), images, 3)
    assert without.variance.max() < 1e-6

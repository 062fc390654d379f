"""2HDED:NET as its thesis has it, and the lens that can be learned through."""

from __future__ import annotations

import copy

import cv2
import numpy as np
import pytest

pytest.importorskip("torch")

import torch
from defocus_scenes import blocks

from ddff_perception.defocus.networks.defocus_light import DefocusLight, SharpHead, WholeImage
from ddff_perception.defocus.networks.densenet import DenseNet121
from ddff_perception.defocus.networks.reblur import Reblur
from ddff_perception.defocus.networks.two_headed import OneHead, TwoHeaded
from ddff_perception.optics.defocus import disc_blur

# DenseNet-121 without its classifier, as everyone has it.
DENSENET_121 = 6_953_856


def parameters(module: torch.nn.Module) -> int:
    return sum(p.numel() for p in module.parameters())


def test_the_encoder_is_densenet_121_but_for_its_pooling() -> None:
    with torch.device("meta"):
        encoder = DenseNet121()
        maps = encoder(torch.rand(1, 3, 224, 320))
    shrinking = 64 * 64 * 4 * 4 + 64
    assert parameters(encoder) == DENSENET_121 + shrinking
    assert encoder.channels == (64, 256, 512, 1024, 1024)
    sizes = [(224 // s, 320 // s) for s in (2, 4, 8, 16, 32)]
    assert [tuple(m.shape[1:]) for m in maps] == [
        (c, *size) for c, size in zip(encoder.channels, sizes, strict=True)
    ]
    assert not any(isinstance(m, torch.nn.MaxPool2d) for m in encoder.modules())


def test_two_decoders_of_five_layers_give_depth_and_a_sharp_image() -> None:
    with torch.device("meta"):
        network = TwoHeaded().eval()
        depth, sharp = network(torch.rand(2, 3, 64, 96))
    assert depth.shape == (2, 1, 64, 96) and sharp.shape == (2, 3, 64, 96)
    assert [len(decoder.ups) for decoder in (network.depth, network.sharp)] == [5, 5]
    for up in network.depth.ups:
        assert (up[0].kernel_size, up[0].stride) == ((4, 4), (2, 2))
    assert parameters(network) == 48_125_801
    # The sharp decoder has three channels in place of one, and the joint layer.
    assert parameters(network.sharp) - parameters(network.depth) == 2 * (32 * 9 + 1)
    assert parameters(network.joint) == 6 * 3 * 9 + 3


@pytest.mark.parametrize("head", ["depth", "sharp"])
def test_a_head_works_without_the_other(head: str) -> None:
    torch.manual_seed(0)
    network = TwoHeaded(narrow=16).eval()
    image = torch.rand(1, 3, 32, 64)
    with torch.no_grad():
        both = dict(zip(("depth", "sharp"), network(image), strict=True))
        one = OneHead(network, head)
        torch.testing.assert_close(one(image), both[head])
    assert parameters(one) < parameters(network)


@pytest.mark.parametrize("disc", [0.0, 3.0, 4.5, 9.0])
def test_the_lens_to_learn_through_blurs_as_the_optics_do(disc: float) -> None:
    plane = cv2.cvtColor(blocks(48, 64), cv2.COLOR_BGR2GRAY)
    reblur = Reblur(widest_px=10.0)
    made = reblur(torch.from_numpy(plane)[None, None], torch.full((1, 1, 48, 64), -disc))[0, 0]
    wanted = disc_blur(plane, disc / 2)
    assert np.abs(made.numpy() - wanted).max() < 0.02


def test_a_map_is_found_by_blurring_alone() -> None:
    plane = torch.from_numpy(cv2.cvtColor(blocks(32, 48, side=5), cv2.COLOR_BGR2GRAY))[None, None]
    reblur = Reblur(widest_px=8.0)
    seen = reblur(plane, torch.full((1, 1, 1, 1), 5.0).expand(1, 1, 32, 48))
    disc = torch.tensor(2.0, requires_grad=True)
    optimizer = torch.optim.Adam([disc], 0.2)
    for _ in range(60):
        optimizer.zero_grad()
        error = (reblur(plane, disc.expand(1, 1, 32, 48)) - seen).square().mean()
        error.backward()
        optimizer.step()
    assert float(disc) == pytest.approx(5.0, abs=0.4)


def test_the_light_network_is_light_and_its_maps_mean_what_they_say() -> None:
    with torch.device("meta"):
        assert parameters(DefocusLight()) < 6_000_000
    torch.manual_seed(0)
    network = DefocusLight(0.25).eval()
    with torch.no_grad():
        maps, change = network(255 * torch.rand(2, 3, 64, 96), torch.rand(2, 5))
    assert maps.shape == (2, 3, 16, 24)
    assert maps[:, 0].min() >= 0 and maps[:, 1].min() > 0
    # Before it has learned, nothing is done to any image.
    assert change.shape == (2, 3, 64, 96) and not change.any()


def test_what_is_in_focus_stays_whatever_the_sharp_head_learned() -> None:
    torch.manual_seed(0)
    head = SharpHead(8)
    torch.nn.init.normal_(head.last.weight)
    image, features = 255 * torch.rand(1, 3, 32, 32), torch.rand(1, 8, 8, 8)
    size = torch.zeros(1, 1, 8, 8)
    size[..., 4:] = 6.0
    with torch.no_grad():
        change = head(image, features, size).abs()
    assert not change[..., :16].any() and bool((change[..., 16:].mean(dim=(0, 1)) > 0).all())


def test_weights_without_a_sharp_head_leave_images_as_they_are() -> None:
    network = DefocusLight(0.25).eval()
    older = {n: v for n, v in network.state_dict().items() if not n.startswith("sharp.")}
    again = DefocusLight(0.25).eval()
    again.load_state_dict(older)
    image, lens = 255 * torch.rand(1, 3, 64, 64), torch.rand(1, 5)
    with torch.no_grad():
        torch.testing.assert_close(again(image, lens)[0], network(image, lens)[0])
        assert not again(image, lens)[1].any()


def test_the_sharp_head_can_be_left_out() -> None:
    network = DefocusLight(0.25).eval()
    whole, depth = WholeImage(network), WholeImage(copy.deepcopy(network), "depth")
    assert parameters(whole) - parameters(depth) == parameters(network.sharp)
    given = 255 * torch.rand(1, 3, 64, 64), torch.rand(1, 5)
    with torch.no_grad():
        for one, other in zip(depth(*given), whole(*given)[:3], strict=True):
            torch.testing.assert_close(one, other)

"""What a descriptor looks at."""

import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from torch import nn

from ddff_perception.alignment.networks.resnet50 import ResNet50
from ddff_perception.alignment.networks.route_encoder import RouteEncoder
from ddff_perception.alignment.networks.saliency import saliency


class Masked(nn.Module):
    """The sum of a part of the image."""

    def forward(self, images):
        return F.relu(images)[:, :, 2:4, 5:7].sum(dim=(1, 2, 3))[:, None]


def test_pixels_that_do_not_count_are_not_salient():
    found = saliency(Masked(), torch.ones(2, 3, 8, 10))
    assert found.shape == (2, 8, 10)
    assert (found[:, 2:4, 5:7] == 1).all() and found.sum() == 2 * 4


@pytest.mark.parametrize("rectified", [F.relu, F.relu6, nn.ReLU(), nn.ReLU6(), torch.relu])
def test_what_lowers_the_score_does_not_pass_a_guided_relu(rectified):
    class Lowered(nn.Module):
        def forward(self, images):
            return (3.0 - rectified(images)).mean(dim=(1, 2, 3))[:, None]

    class Raised(nn.Module):
        def forward(self, images):
            return rectified(images).mean(dim=(1, 2, 3))[:, None]

    images = torch.full((1, 3, 4, 4), 0.5)
    assert saliency(Lowered(), images).max() == 0
    assert saliency(Raised(), images).min() == 1
    assert saliency(Raised(), -images).max() == 0


@pytest.mark.parametrize("network", [RouteEncoder(16, 0.25), ResNet50(16, 0.0625)])
def test_both_networks_can_be_asked_and_keep_no_gradients(network):
    network.eval()
    network.requires_grad_(False)
    with torch.no_grad():
        found = saliency(network, torch.rand(1, 3, 128, 160))
    assert found.shape == (1, 128, 160) and found.min() >= 0 and found.max() == 1
    assert all(parameter.grad is None for parameter in network.parameters())

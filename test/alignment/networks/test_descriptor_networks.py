"""Networks that describe frames: shapes, sizes, the loss."""

import pytest
import torch

from ddff_perception.alignment.networks.resnet50 import ResNet50
from ddff_perception.alignment.networks.route_encoder import RouteEncoder, triplet_loss


def test_resnet50_is_the_papers_and_gives_a_thousand_numbers_on_the_unit_sphere():
    assert sum(p.numel() for p in ResNet50().parameters()) == 25_557_032
    small = ResNet50(width=0.125).eval()
    with torch.no_grad():
        found = small(torch.rand(2, 3, 224, 224))
        assert small.pool5(torch.rand(1, 3, 64, 64)).shape == (1, 256)
    assert found.shape == (2, 1000)
    torch.testing.assert_close(found.norm(dim=1), torch.ones(2))


def test_the_route_encoder_is_light_and_its_trunk_and_tail_are_the_whole():
    network = RouteEncoder().eval()
    assert sum(p.numel() for p in network.parameters()) == 1_274_464
    images = torch.rand(3, 3, 128, 160)
    with torch.no_grad():
        found = network(images)
        torch.testing.assert_close(network.described(network.trunk(images)), found)
    assert found.shape == (3, 256)
    torch.testing.assert_close(found.norm(dim=1), torch.ones(3))


def test_a_whitened_head_gives_every_direction_the_same_variance():
    torch.manual_seed(0)
    network = RouteEncoder(dimensions=8, width=0.25)
    width = network.head.in_features
    cells = torch.randn(200, 8) @ torch.diag(torch.tensor([9.0, 8, 7, 6, 5, 5, 5, 5]))
    cells = cells @ torch.randn(8, width) / width**0.5
    network.whiten(cells)
    found = network.head(cells).detach()
    assert found.mean(dim=0).abs().max() < 1e-3
    deviation = found.std(dim=0)
    assert deviation.max() / deviation.min() < 1.4
    network.whiten(cells[:4])
    assert (network.head(cells)[:, 3:] == 0).all()


def test_what_other_light_and_another_pose_change_counts_little_in_a_whitened_head():
    """Places differ in eight directions, which changes hardly touch; changes are four times as
    strong, in eight others.
    """
    torch.manual_seed(0)
    network = RouteEncoder(dimensions=8, width=0.25)
    axes = torch.linalg.qr(torch.randn(network.head.in_features, 16))[0].T
    cells = torch.randn(300, 8) @ axes[:8] + torch.randn(300, 8) @ axes[8:]
    changed = cells + 4 * torch.randn(3, 300, 8) @ axes[8:]

    def told(*given):
        network.whiten(*given)
        found = torch.nn.functional.normalize(network.head(torch.stack([cells, changed[0]])), dim=2)
        near = (found[0] - found[1]).square().sum(dim=1)
        far = (found[0] - found[1].roll(1, dims=0)).square().sum(dim=1)
        return (near < far).float().mean().item()

    assert told(cells, changed) > 0.97 > 0.9 > told(cells)


@pytest.mark.parametrize(
    "near, far, wanted", [(0.0, 1.0, 0.0), (0.4, 0.6, 0.3), (0.0, 0.5, 0.0), (1.0, 1.0, 0.5)]
)
def test_the_triplet_loss_wants_a_margin_between_squared_distances(near, far, wanted):
    anchor = torch.zeros(1, 2)
    positive, negative = torch.tensor([[near**0.5, 0.0]]), torch.tensor([[0.0, far**0.5]])
    assert triplet_loss(anchor, positive, negative).item() == pytest.approx(wanted, abs=1e-6)

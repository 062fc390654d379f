import pytest
import torch
from networks import ExportedNetworkTests, parameter_count

from ddff_perception.depth_from_focus.networks.psp import PSPNet, PyramidPooling, pool_into
from ddff_perception.depth_from_focus.networks.resnet import ResNetEncoder
from ddff_perception.types import InputError


class TestPSPNet(ExportedNetworkTests):
    def make(self):
        return PSPNet(slices=4, encoder="resnet10", width=0.125)


# Weights of the published networks without their classifiers (torchvision counts 11,689,512,
# 21,797,672 and 25,557,032 with them).
@pytest.mark.parametrize(
    ("name", "count"),
    [("resnet18", 11_176_512), ("resnet34", 21_284_672), ("resnet50", 23_508_032)],
)
def test_residual_encoders_have_the_published_size(name, count):
    assert parameter_count(ResNetEncoder(name)) == count


def test_the_dilated_encoder_stays_at_an_eighth_and_has_the_same_weights():
    plain, dilated = ResNetEncoder("resnet18", 0.25), ResNetEncoder("resnet18", 0.25, dilated=True)
    assert {n: p.shape for n, p in plain.named_parameters()} == {
        n: p.shape for n, p in dilated.named_parameters()
    }
    image = torch.rand(1, 3, 64, 96)
    for encoder in (plain, dilated):
        with torch.no_grad():
            maps = encoder.eval()(image)
        assert [m.shape[1] for m in maps] == list(encoder.channels)
        assert [64 // m.shape[2] for m in maps] == list(encoder.strides)
    assert dilated.strides == (4, 8, 8, 8)


def test_parts_of_whole_pixels_are_adaptive_average_pooling():
    maps = torch.rand(2, 3, 12, 18)
    for bins in (1, 2, 3, 6):
        wanted = torch.nn.functional.adaptive_avg_pool2d(maps, bins)
        torch.testing.assert_close(pool_into(maps, bins), wanted)


def test_parts_may_cut_through_pixels():
    ramp = torch.arange(5.0).expand(1, 1, 5, 5)
    # Halves of 5 pixels: 0, 1 and half of 2; half of 2, 3 and 4.
    wanted = torch.tensor([(0 + 1 + 0.5 * 2) / 2.5, (0.5 * 2 + 3 + 4) / 2.5])
    torch.testing.assert_close(pool_into(ramp, 2)[0, 0], wanted.expand(2, 2))


def test_the_pyramid_keeps_its_input_and_adds_as_many_channels():
    pyramid = PyramidPooling(16).eval()
    maps = torch.rand(2, 16, 7, 9)
    with torch.no_grad():
        found = pyramid(maps)
    assert found.shape == (2, 32, 7, 9)
    assert torch.equal(found[:, :16], maps)


def test_unknown_encoders_are_told_with_those_that_there_are():
    with pytest.raises(InputError, match="no encoder 'vgg'; there are: resnet10"):
        PSPNet(encoder="vgg")

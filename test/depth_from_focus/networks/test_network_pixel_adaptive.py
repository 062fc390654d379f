import torch

from ddff_perception.depth_from_focus.networks.pixel_adaptive import Fusion, PixelAdaptiveConv2d


def naive(layer: PixelAdaptiveConv2d, features: torch.Tensor, guide: torch.Tensor) -> torch.Tensor:
    """Equation (6), pixel by pixel."""
    weight, radius = layer.weight(), layer.kernel // 2
    count, _, height, width = features.shape
    result = layer.bias.detach()[None, :, None, None].repeat(count, 1, height, width)
    for n in range(count):
        for y in range(height):
            for x in range(width):
                for dy in range(-radius, radius + 1):
                    for dx in range(-radius, radius + 1):
                        v, u = y + dy, x + dx
                        if 0 <= v < height and 0 <= u < width:
                            apart = (guide[n, :, y, x] - guide[n, :, v, u]).square().sum()
                            tap = weight[:, :, dy + radius, dx + radius] @ features[n, :, v, u]
                            result[n, :, y, x] += torch.exp(-0.5 * apart) * tap
    return result


def test_the_convolution_is_the_paper_s_sum():
    torch.manual_seed(3)
    layer = PixelAdaptiveConv2d(3, 2)
    features, guide = torch.randn(1, 3, 5, 6), torch.randn(1, 4, 5, 6)
    with torch.no_grad():
        layer.bias.copy_(torch.tensor([0.5, -0.25]))
        torch.testing.assert_close(
            layer(features, guide), naive(layer, features, guide), atol=1e-5, rtol=1e-4
        )


def test_an_even_guide_makes_it_a_plain_convolution():
    torch.manual_seed(4)
    layer = PixelAdaptiveConv2d(3, 2, kernel=5)
    features = torch.randn(2, 3, 9, 8)
    with torch.no_grad():
        found = layer(features, torch.full((2, 4, 9, 8), 0.3))
        plain = torch.nn.functional.conv2d(features, layer.weight(), layer.bias, padding=2)
    # Beyond the border features are zero, whatever the guide is there.
    torch.testing.assert_close(found, plain, atol=1e-5, rtol=1e-4)


def test_a_step_in_the_guide_keeps_both_sides_apart():
    torch.manual_seed(5)
    layer = PixelAdaptiveConv2d(1, 1)
    guide = torch.zeros(1, 1, 6, 10)
    guide[..., 5:] = 20.0
    left = torch.randn(1, 1, 6, 10)
    other = left.clone()
    other[..., 5:] = torch.randn(1, 1, 6, 5)
    with torch.no_grad():
        a, b = layer(left, guide), layer(other, guide)
    torch.testing.assert_close(a[..., :5], b[..., :5])
    assert not torch.allclose(a[..., 5:], b[..., 5:])


def test_the_printed_fusion_cannot_read_a_flat_surface_s_focus_and_ours_can():
    torch.manual_seed(6)
    image = torch.randn(1, 6, 8, 8)
    near, far = torch.full((1, 3, 8, 8), 0.9), torch.full((1, 3, 8, 8), -0.6)
    printed = Fusion(6, 3, 4, "dynamic", focus_in_input=False)
    ours = Fusion(6, 3, 4, "dynamic", focus_in_input=True)
    with torch.no_grad():
        torch.testing.assert_close(printed(image, near), printed(image, far))
        assert not torch.allclose(ours(image, near), ours(image, far), atol=1e-2)

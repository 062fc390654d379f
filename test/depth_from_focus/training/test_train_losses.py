import math

import pytest
import torch

from ddff_perception.depth_from_focus.training.losses import (
    dynamic_fusion_losses,
    gradient_loss,
    logarithm_loss,
    masked_squares,
    normal_loss,
)


def all_valid(*shape):
    return torch.ones(shape, dtype=torch.bool)


def test_squares_are_summed_over_valid_pixels_of_each_stack():
    prediction, truth = torch.zeros(2, 3, 4), torch.full((2, 3, 4), 2.0)
    valid = all_valid(2, 3, 4)
    valid[0, 0] = False
    truth[0, 0] = math.nan
    assert masked_squares(prediction, truth, valid) == (8 + 12) * 4.0 / 2
    assert masked_squares(prediction, truth, valid, "mean") == 4.0


def test_what_is_not_valid_gives_no_gradient():
    prediction = torch.randn(1, 6, 6, requires_grad=True)
    truth = torch.randn(1, 6, 6)
    valid = all_valid(1, 6, 6)
    valid[0, 2:4, 2:4] = False
    truth[~valid] = 1e6
    for loss in (
        masked_squares(prediction, truth, valid),
        dynamic_fusion_losses(prediction, truth, valid)["loss"],
    ):
        (gradient,) = torch.autograd.grad(loss, prediction)
        assert torch.isfinite(gradient).all()
        assert (gradient[~valid] == 0).all()
        assert (gradient[valid] != 0).any()


def test_no_valid_pixel_is_no_loss_and_no_nan():
    prediction, truth = torch.randn(1, 4, 4), torch.full((1, 4, 4), math.nan)
    none = ~all_valid(1, 4, 4)
    assert masked_squares(prediction, truth, none, "mean") == 0
    assert dynamic_fusion_losses(prediction, truth, none)["loss"] == 0


def test_the_logarithm_of_a_constant_error():
    error = torch.full((1, 5, 5), -1.5)
    assert logarithm_loss(error, all_valid(1, 5, 5)) == pytest.approx(math.log(2.0))


def test_the_gradient_loss_of_a_slope_in_the_error():
    error = 0.25 * torch.arange(6.0).expand(1, 4, 6)
    found = gradient_loss(error, all_valid(1, 4, 6))
    # The slope along x, and none along y.
    assert found == pytest.approx(math.log(0.75) + math.log(0.5))


def test_normals_are_compared_by_their_angle():
    flat, slope = torch.zeros(1, 5, 7), torch.arange(7.0).expand(1, 5, 7)
    valid = all_valid(1, 5, 7)
    assert normal_loss(slope, slope + 3.0, valid) == pytest.approx(0.0, abs=1e-6)
    assert normal_loss(slope, flat, valid) == pytest.approx(1 - math.cos(math.pi / 4), abs=1e-6)


def test_the_three_add_up():
    torch.manual_seed(0)
    prediction, truth = torch.randn(2, 6, 6), torch.randn(2, 6, 6)
    parts = dynamic_fusion_losses(prediction, truth, all_valid(2, 6, 6))
    total = parts["depth"] + parts["gradient"] + parts["normal"]
    torch.testing.assert_close(parts["loss"], total)

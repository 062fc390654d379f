"""The losses of the papers; each takes maps of one unit and a mask, and gives one number.

`prediction`, `truth`: B x H x W float32; `valid`: B x H x W bool, False where there is no truth.
"""

from __future__ import annotations

import torch
from torch import Tensor

# Alpha of equations (8) and (9), the weights of equation (7): Piao et al., section 3.4.
ALPHA = 0.5
GRADIENT_WEIGHT = 1.0
NORMAL_WEIGHT = 1.0


def masked_squares(
    prediction: Tensor, truth: Tensor, valid: Tensor, reduction: str = "sum"
) -> Tensor:
    """Squared differences over the valid pixels: Hazirbas et al., equation (5) without its decay.

    `reduction`: `sum`, the paper's, over pixels and then averaged over the stacks of a batch;
    `mean`, over the valid pixels of all, which does not change with the size of the crop. Weight
    decay is the optimiser's: its coefficient there is twice the lambda of the equation.
    """
    difference = torch.where(valid, prediction - truth, 0.0).float()
    total = difference.square().sum()
    if reduction == "sum":
        return total / len(prediction)
    return total / valid.sum().clamp_min(1)


def logarithm_loss(error: Tensor, valid: Tensor, alpha: float = ALPHA) -> Tensor:
    """Mean of ln(|error| + alpha) over the valid pixels (equation 8)."""
    return _mean(torch.log(error.abs() + alpha), valid)


def gradient_loss(error: Tensor, valid: Tensor, alpha: float = ALPHA) -> Tensor:
    """Mean of F(grad_x |e|) + F(grad_y |e|) (equation 9).

    F is not defined in the paper; it is the logarithm of equation (8), of the absolute value.
    """
    magnitude = error.abs()
    total = magnitude.new_zeros(())
    for axis in (-1, -2):
        step, both = _difference(magnitude, valid, axis)
        total = total + _mean(torch.log(step.abs() + alpha), both)
    return total


def normal_loss(prediction: Tensor, truth: Tensor, valid: Tensor) -> Tensor:
    """Mean of 1 - cos of the angle between the surfaces' normals [-d_x, -d_y, 1] (equation 10)."""
    height, width = prediction.shape[-2] - 1, prediction.shape[-1] - 1
    corners = valid[..., :height, :width]
    steps = []
    for axis in (-1, -2):
        predicted, both = _difference(prediction, valid, axis)
        true, _ = _difference(truth, valid, axis)
        steps.append((predicted[..., :height, :width], true[..., :height, :width]))
        corners = corners & both[..., :height, :width]
    (px, tx), (py, ty) = steps
    product = px * tx + py * ty + 1.0
    lengths = torch.sqrt((px.square() + py.square() + 1.0) * (tx.square() + ty.square() + 1.0))
    return _mean(1.0 - product / lengths, corners)


def dynamic_fusion_losses(prediction: Tensor, truth: Tensor, valid: Tensor) -> dict[str, Tensor]:
    """`loss` = l_depth + l_grad + l_normal (Piao et al., equation 7), and the three by name."""
    prediction, truth = prediction.float(), truth.float()
    error = torch.where(valid, prediction - truth, 0.0)
    depth, gradient = logarithm_loss(error, valid), gradient_loss(error, valid)
    normal = normal_loss(prediction, truth, valid)
    loss = depth + GRADIENT_WEIGHT * gradient + NORMAL_WEIGHT * normal
    return {"loss": loss, "depth": depth, "gradient": gradient, "normal": normal}


def _difference(maps: Tensor, valid: Tensor, axis: int) -> tuple[Tensor, Tensor]:
    """Steps to the next pixel along `axis`, one shorter there, and whether both pixels count."""
    length = maps.shape[axis] - 1
    step = maps.narrow(axis, 1, length) - maps.narrow(axis, 0, length)
    both = valid.narrow(axis, 1, length) & valid.narrow(axis, 0, length)
    return torch.where(both, step, 0.0), both


def _mean(values: Tensor, valid: Tensor) -> Tensor:
    return torch.where(valid, values, 0.0).sum() / valid.sum().clamp_min(1)

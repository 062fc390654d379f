"""What a descriptor looks at: guided ReLU (section 4.4; Springenberg et al., ICLR 2015)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

_TOPS = {F.relu: float("inf"), torch.relu: float("inf"), F.relu6: 6.0}
_BRIGHTEST = 0.995


class _GuidedReLU(torch.autograd.Function):
    """min(max(values, 0), top), whose gradient goes back only where it is positive, too."""

    @staticmethod
    def forward(context: Any, values: Tensor, top: float) -> Tensor:
        context.save_for_backward((values > 0) & (values < top))
        return values.clamp(0.0, top)

    @staticmethod
    def backward(context: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        (active,) = context.saved_tensors
        return gradients[0].clamp(min=0.0) * active, None


class _Guided(TorchFunctionMode):
    """Within it every ReLU and ReLU6 is guided, of a module or not."""

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        if func in _TOPS:
            return _GuidedReLU.apply(args[0], _TOPS[func])  # type: ignore[no-untyped-call]
        return func(*args, **(kwargs or {}))


def saliency(network: nn.Module, images: Tensor) -> Tensor:
    """(N, H, W) in 0..1: how much each pixel of images (N, 3, H, W) raises the largest number of
    its descriptor, largest over the channels, as a share of the most salient pixels of its image.

    `network`: images to (N, d), in evaluation mode.
    """
    with torch.enable_grad(), _Guided():
        seen = images.detach().clone().requires_grad_()
        (gradient,) = torch.autograd.grad(network(seen).amax(dim=1).sum(), seen)
    found = gradient.float().clamp(min=0.0).amax(dim=1)
    top = found.flatten(1).quantile(_BRIGHTEST, dim=1).clamp(min=1e-12)
    return (found / top[:, None, None]).clamp(max=1.0)

"""Terms that keep estimated depth smooth but at its edges (Nazir's thesis, chapter 2).

All take the estimate and the truth, N x 1 x H x W metres, and give a scalar. The thesis' summary
names the papers and only writes (3.2) out; the others are taken from the papers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

_ALPHA = 0.5
_STEPS = (1, 2, 4, 8, 16)
_TINY = 1e-6


def none(found: Tensor, truth: Tensor) -> Tensor:
    """Nothing."""
    return found.new_zeros(())


def hu(found: Tensor, truth: Tensor) -> Tensor:
    """Slopes of the error under ln(|e| + 0.5), and one minus the cosine between the normals (Hu et
    al., WACV 2019, equations 3 and 4).
    """
    error = (found - truth).abs()
    across, down = _slopes(error)
    sloped = torch.log(across.abs() + _ALPHA).mean() + torch.log(down.abs() + _ALPHA).mean()
    normals = [_normal(values) for values in (found, truth)]
    return sloped + (1.0 - F.cosine_similarity(*normals, dim=1)).mean()


def eigen(found: Tensor, truth: Tensor) -> Tensor:
    """Squared slopes of the error (Eigen and Fergus, ICCV 2015, equation 1, last term, there of
    logarithms; here of metres as all the others are compared).
    """
    across, down = _slopes(found - truth)
    return across.square().mean() + down.square().mean()


def ummenhofer(found: Tensor, truth: Tensor) -> Tensor:
    """Scale-invariant slopes over 1, 2, 4, 8 and 16 pixels (Ummenhofer et al., CVPR 2017, equations
    5 and 6), of inverse depth as there.
    """
    first, second = (1.0 / values.clamp(min=0.1) for values in (found, truth))
    total = found.new_zeros(())
    for step in _STEPS:
        if step >= min(found.shape[-2:]):
            break
        parts = zip(_relative(first, step), _relative(second, step), strict=True)
        squares = [(a - b).square() for a, b in parts]
        common = squares[0][..., :-step, :] + squares[1][..., :, :-step]
        total = total + torch.sqrt(common + _TINY).mean()
    return total


def xian(found: Tensor, truth: Tensor) -> Tensor:
    """Slopes of the error, their size: the thesis' (3.2) after Xian et al., CVPR 2020."""
    across, down = _slopes(found - truth)
    return across.abs().mean() + down.abs().mean()


def godard(found: Tensor, truth: Tensor) -> Tensor:
    """Slopes of the estimate where the truth has none (Godard et al., ICCV 2019, equation 3, whose
    edges of the image are the truth's here: "modified, such as working in a supervised manner").
    """
    total = found.new_zeros(())
    for own, edge in zip(_slopes(found), _slopes(truth), strict=True):
        total = total + (own.abs() * torch.exp(-edge.abs())).mean()
    return total


REGULARISERS: Mapping[str, Callable[[Tensor, Tensor], Tensor]] = {
    "none": none,
    "hu": hu,
    "eigen": eigen,
    "ummenhofer": ummenhofer,
    "xian": xian,
    "godard": godard,
}


def _slopes(values: Tensor, step: int = 1) -> tuple[Tensor, Tensor]:
    across = values[..., :, step:] - values[..., :, :-step]
    return across, values[..., step:, :] - values[..., :-step, :]


def _relative(values: Tensor, step: int) -> tuple[Tensor, Tensor]:
    across, down = _slopes(values, step)
    sums = [
        a.abs() + b.abs() + _TINY
        for a, b in (
            (values[..., :, step:], values[..., :, :-step]),
            (values[..., step:, :], values[..., :-step, :]),
        )
    ]
    return across / sums[0], down / sums[1]


def _normal(values: Tensor) -> Tensor:
    across, down = _slopes(F.pad(values, (0, 1, 0, 1), mode="replicate"))
    across, down = across[..., :-1, :], down[..., :, :-1]
    return torch.cat((-across, -down, torch.ones_like(across)), dim=1)

"""What the depth-from-focus networks share: one interface, padding, and the small layers.

**Interface.** A network is called with `images` (B x S x 3 x H x W float32, BGR as OpenCV has them,
0..1, nearest focus first) and `dioptres` (B x S float32, inverse focus distance per slice, 1/m; any
other linear coordinate of the sweep will do, as the disparity of a light field in pixels). It
returns a dict with `position`, B x H x W, where along the sweep each pixel is sharp (0 at the
farthest focus, 1 at the nearest), and `disparity`, B x H x W, the same in the unit of `dioptres`.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from ...types import InputError

# Keeps a sweep of one distance from dividing by zero.
LEAST_SPAN = 1e-6
# Mean and spread of ImageNet's pixels in 0..1, blue, green, red: what pretrained encoders expect.
IMAGENET_MEAN = (0.406, 0.456, 0.485)
IMAGENET_SPREAD = (0.225, 0.224, 0.229)


class FocusNetwork(nn.Module):
    """A network over focal stacks; subclasses give `score`.

    `slices`: the number of slices that the weights are for, None where any will do. `multiple`:
    sides of the image that the layers need a multiple of; other sizes are padded and cropped.
    `along_sweep`: the score is the position along the sweep, 0..1; otherwise it is the disparity
    itself, as in the papers, whose sweeps never change.
    """

    multiple = 32

    def __init__(self, slices: int | None = None, along_sweep: bool = True) -> None:
        super().__init__()
        if slices is not None and slices < 2:
            raise InputError(f"a network needs at least two slices, not {slices}")
        self.slices = slices
        self.along_sweep = along_sweep

    def score(self, images: Tensor, image: Tensor | None) -> Tensor:
        """B x H x W raw output; sides of `images` (B x S x 3 x H x W) are a multiple of `multiple`.

        `image`: B x 3 x H x W, the scene all in focus, where there is one.
        """
        raise NotImplementedError

    def forward(
        self, images: Tensor, dioptres: Tensor, image: Tensor | None = None
    ) -> dict[str, Tensor]:
        """`position` and `disparity`, each B x H x W; see the module's text.

        `image`: the scene all in focus, B x 3 x H x W as the slices, for networks that use it.
        Raises InputError where the number of slices is not the one that the weights are for.
        """
        self._check(images, dioptres)
        height, width = images.shape[-2], images.shape[-1]
        dtype = next(self.parameters()).dtype
        padded = pad_to_multiple(images.to(dtype), self.multiple)
        beside = None if image is None else pad_to_multiple(image.to(dtype), self.multiple)
        score = self.score(padded, beside)[..., :height, :width].to(dioptres.dtype)
        lowest = dioptres.amin(dim=1)[:, None, None]
        span = (dioptres.amax(dim=1)[:, None, None] - lowest).clamp_min(LEAST_SPAN)
        if self.along_sweep:
            return {"position": score, "disparity": lowest + score * span}
        return {"position": (score - lowest) / span, "disparity": score}

    def _check(self, images: Tensor, dioptres: Tensor) -> None:
        if _exported():
            return
        if images.dim() != 5 or images.shape[2] != 3:
            raise InputError(
                f"a network takes images of B x S x 3 x H x W, not {tuple(images.shape)}"
            )
        if dioptres.shape != images.shape[:2]:
            raise InputError(
                f"dioptres must be {tuple(images.shape[:2])} as the images, not "
                f"{tuple(dioptres.shape)}"
            )
        if self.slices is not None and images.shape[1] != self.slices:
            raise InputError(
                f"this network is for {self.slices} slices and got {images.shape[1]}: choose "
                "slices first (sweep_slices.choose_slices)"
            )


def pad_to_multiple(images: Tensor, multiple: int) -> Tensor:
    """`images` (... x H x W) mirrored at the bottom and the right up to a multiple of `multiple`.

    As the authors' tools pad full frames of 383 x 552 pixels (digest 9.1). Where an image is too
    small to be mirrored its first row or column is repeated.
    """
    height, width = images.shape[-2], images.shape[-1]
    # An exported network is for any size: there the shape is no number to decide by.
    fits = not _exported() and height % multiple == width % multiple == 0
    if fits:
        return images
    rows, columns = (_mirrored(length, multiple, images) for length in (height, width))
    return images.index_select(-2, rows).index_select(-1, columns)


def _exported() -> bool:
    """Whether the network is read or traced for a file."""
    return bool(torch.compiler.is_exporting() or torch.jit.is_tracing())


def _mirrored(length: int, multiple: int, like: Tensor) -> Tensor:
    """Which row or column stands at each place of the padded image."""
    padded = (length + multiple - 1) // multiple * multiple
    place = torch.arange(padded, device=like.device)
    return torch.where(place < length, place, (2 * (length - 1) - place).clamp_min(0))


def normalised(images: Tensor) -> Tensor:
    """BGR images in 0..1 (... x 3 x H x W) with the mean and spread of ImageNet taken out."""
    mean = images.new_tensor(IMAGENET_MEAN)[:, None, None]
    spread = images.new_tensor(IMAGENET_SPREAD)[:, None, None]
    return (images - mean) / spread


def to_rgb(images: Tensor) -> Tensor:
    """... x 3 x H x W with the order of the colours turned, for encoders trained on RGB."""
    return images.flip(-3)


def scaled(channels: int, width: float) -> int:
    """`channels` of a network of `width` times the paper's, at least 1."""
    return max(1, round(channels * width))


def check_width(width: float) -> float:
    """`width` if it can be a network's width multiplier; raises InputError otherwise."""
    if not 0 < width <= 4:
        raise InputError(f"the width multiplier must lie in 0 .. 4, not {width}")
    return width


def convolution(
    inputs: int, outputs: int, kernel: int = 3, stride: int = 1, dilation: int = 1
) -> nn.Conv2d:
    """A convolution without bias that keeps the size (but for `stride`), He-initialised."""
    padding = dilation * (kernel - 1) // 2
    layer = nn.Conv2d(inputs, outputs, kernel, stride, padding, dilation, bias=False)
    nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")
    return layer


def conv_block(inputs: int, outputs: int, kernel: int = 3, epsilon: float = 1e-5) -> nn.Sequential:
    """Convolution, batch norm with learned scale and shift, ReLU."""
    return nn.Sequential(
        convolution(inputs, outputs, kernel),
        nn.BatchNorm2d(outputs, eps=epsilon),
        nn.ReLU(inplace=True),
    )


def score_over_slices(slices: int) -> nn.Conv2d:
    """The 1 x 1 convolution from one map per slice, nearest first, to one map, without bias.

    It begins as a ramp from the nearest slice down to 0 at the farthest: a map that is high where
    its slice is sharp then makes a position already, where equal weights would make none. The
    ramp's height gives 0.5 for maps that are 0.4 everywhere, the mean of a rectified normal.
    """
    layer = nn.Conv2d(slices, 1, 1, bias=False)
    with torch.no_grad():
        ramp = torch.linspace(2.5 / slices, 0.0, slices)
        layer.weight.copy_(ramp[None, :, None, None])
    return layer


def by_stack(maps: Tensor, slices: int) -> Tensor:
    """B x S x C x H x W of the maps of all slices, B S x C x H x W.

    What `unflatten` gives; but the exporter that traces takes its sizes for constants.
    """
    return torch.stack([maps[number::slices] for number in range(slices)], dim=1)


def resized(maps: Tensor, like: Tensor) -> Tensor:
    """B x C x h x w interpolated to the height and width of `like`."""
    # One by one: a slice of the sizes is a constant to the exporter that traces.
    size = (like.shape[-2], like.shape[-1])
    return functional.interpolate(maps, size=size, mode="bilinear", align_corners=False)


def sharpest_composite(images: Tensor, radius: int = 4, decisiveness: float = 40.0) -> Tensor:
    """An all-in-focus image, B x 3 x H x W, of a stack, B x S x 3 x H x W.

    Every pixel is the mean of the slices, weighted by a softmax over `decisiveness` times their
    local contrast: the square root of the squared Laplacian averaged over 2 `radius` + 1 pixels,
    relative to the stack's highest.
    """
    # In float32 whatever the network's type: squares of small contrasts vanish in float16.
    grey = images.float().mean(dim=2)
    padded = functional.pad(grey, (1, 1, 1, 1), mode="replicate")
    around = padded[..., :-2, 1:-1] + padded[..., 2:, 1:-1]
    around = around + padded[..., 1:-1, :-2] + padded[..., 1:-1, 2:]
    laplacian = around - 4.0 * grey
    side = 2 * radius + 1
    power = functional.avg_pool2d(laplacian.square(), side, 1, radius, count_include_pad=False)
    # A bound, and no sum: the exporter takes the sum with so small a number for one with nothing,
    # and the file then divides 0 by 0 on a plain wall.
    contrast = power.clamp_min(1e-8).sqrt()
    relative = contrast / contrast.amax(dim=1, keepdim=True)
    weights = torch.softmax(decisiveness * relative, dim=1).to(images.dtype)
    return (weights[:, :, None] * images).sum(dim=1)

"""RDN and FourierNet on whole images: tiles without seams, colours as they came."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import cv2
from bursts import psnr, shaken, taken

from ddff_perception.deblurring.classical.fourier_accumulation import AccumulationSettings, fba
from ddff_perception.deblurring.networks.fourier_net import FourierNet
from ddff_perception.deblurring.networks.rdn import Rdn
from ddff_perception.deblurring.networks.whole_images import fourier_deblurred, rdn_deblurred

IMAGES = [image for image, _ in shaken()[0]][:3]


def network() -> Rdn:
    torch.manual_seed(3)
    return Rdn(8).eval()


def test_tiles_of_rdn_leave_no_seams() -> None:
    burst = taken([np.ascontiguousarray(image[:72, :120]) for image in IMAGES]).seen()
    tiled = rdn_deblurred(network(), burst, tile=72, match=False).astype(float)
    # Three tiles of 72 pixels, 24 apart, that fade over 36.
    steps = np.abs(np.diff(tiled - burst.newest, axis=1)).mean(axis=(0, 2))
    borders = [23, 24, 47, 48, 71, 72, 95, 96]
    assert steps[borders].max() < 2 * np.median(steps) + 0.5


@pytest.mark.parametrize("shape", [(61, 75, 3), (64, 64)])
def test_rdn_takes_any_size_grey_and_colour(shape) -> None:
    images = [np.ascontiguousarray(i[: shape[0], : shape[1]]) for i in IMAGES]
    images = images if len(shape) == 3 else [np.ascontiguousarray(i[..., 1]) for i in images]
    found = rdn_deblurred(network(), taken(images).seen(), tile=48)
    assert (found.shape, found.dtype) == (images[0].shape, np.uint8)


def test_the_histogram_of_what_rdn_gives_is_that_of_the_frame() -> None:
    burst = taken([image[:64, :64] for image in IMAGES]).seen()
    found = rdn_deblurred(network(), burst)
    for channel in range(3):
        one, other = (np.sort(i[..., channel], axis=None) for i in (found, burst.newest))
        np.testing.assert_allclose(one, other, atol=1)


def test_fourier_net_has_the_colours_of_accumulation() -> None:
    burst = taken([np.ascontiguousarray(image[:48, :48]) for image in IMAGES]).seen()
    net = FourierNet(burst=3, encoding=16).eval()
    torch.nn.init.zeros_(net.coefficients.weight)
    found = fourier_deblurred(net, burst, stride=33)
    labs = [
        cv2.cvtColor(i, cv2.COLOR_BGR2Lab).astype(int)
        for i in (found, fba(burst, AccumulationSettings()).image)
    ]
    inner = (slice(8, -8), slice(8, -8), slice(1, 3))
    assert np.abs(labs[0] - labs[1])[inner].mean() < 3
    assert psnr(found, burst.newest) > 15

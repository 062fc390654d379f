"""What a camera does to light, in torch as in `optics/`."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch")

from ddff_perception.optics import blur_kernels
from ddff_perception.optics.srgb import srgb_encode
from ddff_perception.training.degradation import (
    blurred,
    jpeg,
    levels,
    noisy,
    shake_kernels,
    srgb,
)

IMAGE = np.random.default_rng(0).random((24, 32, 3), np.float32)


def test_kernels_are_those_of_optics_and_come_from_torchs_numbers() -> None:
    torch.manual_seed(3)
    found = shake_kernels(5, 11)
    assert found.shape == (5, 11, 11)
    torch.testing.assert_close(found.sum((1, 2)), torch.ones(5))
    torch.manual_seed(3)
    torch.testing.assert_close(shake_kernels(5, 11), found)
    assert (found[0] - found[1]).abs().max() > 0.01


def test_blur_and_curve_are_those_of_optics() -> None:
    kernels = shake_kernels(2, 7)
    images = torch.from_numpy(np.stack([IMAGE, IMAGE[::-1].copy()]).transpose(0, 3, 1, 2).copy())
    found = blurred(images, kernels)
    wanted = blur_kernels.blurred(IMAGE, kernels[0].numpy())
    np.testing.assert_allclose(found[0].permute(1, 2, 0), wanted, atol=1e-5)
    light = np.linspace(-0.1, 1.2, 50).astype(np.float32)
    wanted = srgb_encode(light.clip(0, 1))
    np.testing.assert_allclose(srgb(torch.from_numpy(light)), wanted, atol=1e-6)


def test_noise_is_that_of_counted_light() -> None:
    torch.manual_seed(0)
    light = torch.full((1, 1, 200, 200), 0.25)
    found = noisy(light, torch.tensor([1000.0]), torch.tensor([0.01]))
    assert float(found.std()) == pytest.approx((0.25 / 1000 + 1e-4) ** 0.5, rel=0.03)
    assert set((levels(found) * 255).unique().tolist()) <= {float(n) for n in range(256)}


@pytest.mark.parametrize("quality", [30, 80])
def test_jpeg_is_the_standards_on_grey(quality: int) -> None:
    grey = cv2.GaussianBlur((IMAGE[..., 0] * 255).astype(np.uint8), (5, 5), 1.5)
    content = cv2.imencode(".jpg", grey, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    wanted = cv2.imdecode(content, cv2.IMREAD_GRAYSCALE)
    found = jpeg(torch.from_numpy(grey.astype(np.float32) / 255)[None, None], quality)
    np.testing.assert_allclose(found[0, 0] * 255, wanted, atol=3)


@pytest.mark.parametrize("quality", [15, 40])
def test_jpeg_of_colour_is_what_a_camera_writes(quality: int) -> None:
    small = np.random.default_rng(1).random((5, 6, 3), np.float32)
    image = (cv2.resize(small, (56, 40), interpolation=cv2.INTER_CUBIC) * 255).clip(0, 255)
    levels_ = np.rint(image).astype(np.uint8)
    content = cv2.imencode(".jpg", levels_, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    wanted = cv2.imdecode(content, cv2.IMREAD_COLOR).astype(np.float32)
    batch = torch.from_numpy(levels_.transpose(2, 0, 1).astype(np.float32) / 255)[None]
    found = jpeg(batch, quality)[0].permute(1, 2, 0).numpy() * 255
    change = np.abs(wanted - levels_).mean()
    assert np.abs(found - wanted).mean() < 0.3 * change
    assert np.abs(found - levels_).mean() == pytest.approx(change, rel=0.1)

"""Deconvolution of one frame: by a known kernel, and blindly."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from bursts import psnr, shaken

from ddff_perception.deblurring.burst import Burst
from ddff_perception.deblurring.classical.blind import BlindSettings, blind, estimated_kernel
from ddff_perception.deblurring.classical.known_kernel import (
    RichardsonLucySettings,
    WienerSettings,
    richardson_lucy,
    wiener,
)
from ddff_perception.optics.blur_kernels import blurred, motion_kernel, shake_kernel
from ddff_perception.types import ImageArray, InputError

SHARP = shaken()[0][-1][1]
BLURRED = blurred(SHARP, motion_kernel(9.0, 25.0))
SAME = {"length_px": 9.0, "angle_deg": 25.0}


def burst_of(image: ImageArray) -> Burst:
    return Burst((image,), (np.ones(image.shape[:2], np.float32),), (0.5,))


def test_wiener_undoes_a_blur_that_is_known() -> None:
    found = wiener(burst_of(BLURRED), WienerSettings(noise=1e-3, **SAME)).image
    assert psnr(found, SHARP) > psnr(BLURRED, SHARP) + 4


def test_richardson_lucy_undoes_it_and_total_variation_keeps_noise_down() -> None:
    noisy = BLURRED + np.random.default_rng(0).normal(0, 4, BLURRED.shape)
    noisy = noisy.round().clip(0, 255).astype(np.uint8)
    found = richardson_lucy(burst_of(BLURRED), RichardsonLucySettings(**SAME)).image
    assert psnr(found, SHARP) > psnr(BLURRED, SHARP) + 2
    many = {"iterations": 40, **SAME}
    rough = richardson_lucy(burst_of(noisy), RichardsonLucySettings(total_variation=0.0, **many))
    smooth = richardson_lucy(burst_of(noisy), RichardsonLucySettings(total_variation=0.02, **many))
    assert psnr(smooth.image, SHARP) > psnr(rough.image, SHARP) + 0.1


def test_the_border_does_not_ring() -> None:
    found = wiener(burst_of(BLURRED), WienerSettings(noise=1e-2, **SAME)).image
    edge = np.abs(found[:6].astype(int) - SHARP[:6]).mean()
    assert edge < 3 * np.abs(found[90:96].astype(int) - SHARP[90:96]).mean() + 6


def test_a_kernel_comes_from_a_file(tmp_path: Path) -> None:
    kernel = shake_kernel(np.random.default_rng(2), 15)
    file = tmp_path / "kernel.png"
    cv2.imwrite(str(file), np.rint(kernel / kernel.max() * 65535).astype(np.uint16))
    image = blurred(SHARP, kernel)
    found = wiener(burst_of(image), WienerSettings(noise=1e-3, kernel_file=str(file))).image
    assert psnr(found, SHARP) > psnr(image, SHARP) + 4


def test_what_is_no_kernel_is_told(tmp_path: Path) -> None:
    for name, image in {"large": np.ones((200, 9)), "black": np.zeros((9, 9))}.items():
        file = tmp_path / f"{name}.png"
        cv2.imwrite(str(file), image.astype(np.uint8))
        with pytest.raises(InputError, match="is no kernel"):
            wiener(burst_of(BLURRED), WienerSettings(kernel_file=str(file)))
    with pytest.raises(InputError, match=r"gone\.png"):
        wiener(burst_of(BLURRED), WienerSettings(kernel_file=str(tmp_path / "gone.png")))


def test_nothing_to_undo_changes_nothing() -> None:
    point = {"length_px": 0.0}
    found = wiener(burst_of(SHARP), WienerSettings(noise=1e-6, **point)).image
    assert np.abs(found.astype(int) - SHARP).max() <= 1
    grey = SHARP[..., 0].astype(np.uint16) * 257
    deep = richardson_lucy(burst_of(grey), RichardsonLucySettings(iterations=2, **point)).image
    assert deep.dtype == np.uint16 and deep.shape == grey.shape


def test_a_straight_motion_is_found_in_the_edges() -> None:
    image = blurred(SHARP, motion_kernel(11.0, 0.0))
    kernel = estimated_kernel(image, 21)
    rows, columns = np.indices(kernel.shape)
    spread = [np.sqrt((kernel * (axis - 10.0) ** 2).sum()) for axis in (columns, rows)]
    assert kernel.sum() == pytest.approx(1, abs=1e-4)
    assert spread[0] > 1.3 * spread[1]
    found = blind(burst_of(image), BlindSettings(guarded=False))
    assert not found.untouched and psnr(found.image, SHARP) > psnr(image, SHARP) + 0.3
    assert found.image.shape == image.shape and found.image.dtype == np.uint8


def test_a_kernel_that_makes_nothing_sparser_is_not_used() -> None:
    found = blind(burst_of(SHARP), BlindSettings())
    assert found.untouched and found.image is SHARP
    image = blurred(SHARP, motion_kernel(9.0, 45.0))
    noisy = image + np.random.default_rng(0).normal(0, 2, image.shape)
    noisy = noisy.round().clip(0, 255).astype(np.uint8)
    found = blind(burst_of(noisy), BlindSettings())
    assert not found.untouched and psnr(found.image, SHARP) > psnr(noisy, SHARP) + 0.3

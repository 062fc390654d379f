"""Fourier burst accumulation and the mean."""

from __future__ import annotations

import numpy as np
import pytest
from bursts import psnr, shaken, taken
from scipy import fft

from ddff_perception.deblurring.burst import Burst
from ddff_perception.deblurring.classical.fourier_accumulation import (
    AccumulationSettings,
    average,
    fba,
)
from ddff_perception.methods import NoSettings
from ddff_perception.optics.blur_kernels import blurred, motion_kernel, shake_kernel
from ddff_perception.types import ImageArray

FRAMES, _ = shaken()
SHARP = FRAMES[-1][1]


def burst_of(*images: ImageArray) -> Burst:
    """A burst of frames that lie over each other."""
    trust = np.ones(images[0].shape[:2], np.float32)
    return Burst(images, (trust,) * len(images), (0.5,) * len(images), (0.0,) * len(images))


def test_two_crossed_motions_give_back_what_each_has_lost() -> None:
    across, down = (blurred(SHARP, motion_kernel(9.0, a)) for a in (0.0, 90.0))
    found = fba(burst_of(across, down), AccumulationSettings()).image
    best = max(psnr(across, SHARP), psnr(down, SHARP))
    assert psnr(found, SHARP) > best + 2
    assert psnr(average(burst_of(across, down), NoSettings()).image, SHARP) < best + 2


def test_a_frame_that_is_sharp_among_blurred_ones_is_hardly_changed() -> None:
    frames, _ = shaken(5, 2.0, 2)
    burst = taken([image for image, _ in frames]).seen()
    before = psnr(burst.newest, frames[-1][1])
    assert before > 40
    assert psnr(fba(burst, AccumulationSettings()).image, frames[-1][1]) > before - 1.5


@pytest.mark.parametrize("seed", [1, 3, 4])
def test_a_shaken_burst_gains_and_never_loses_to_the_mean(seed: int) -> None:
    frames, _ = shaken(5, 2.0, seed)
    burst = taken([image for image, _ in frames]).seen()
    truth = frames[-1][1]
    found = psnr(fba(burst, AccumulationSettings()).image, truth)
    assert found > psnr(burst.newest, truth) + 0.5
    assert found > psnr(average(burst, NoSettings()).image, truth)


def test_more_frames_are_better() -> None:
    rng = np.random.default_rng(0)
    noise = np.random.default_rng(1)
    frames = []
    for _ in range(8):
        image = blurred(SHARP, shake_kernel(rng, 13))
        frames.append(np.clip(image + noise.normal(0, 2, image.shape), 0, 255).astype(np.uint8))
    gained = [
        psnr(fba(burst_of(*frames[:n]), AccumulationSettings()).image, SHARP) for n in (1, 2, 4, 8)
    ]
    assert gained[0] + 1 < gained[1] < min(gained[2:])


def test_one_frame_and_equal_frames_stay_as_they_are() -> None:
    image = FRAMES[0][0]
    assert fba(burst_of(image), AccumulationSettings()).image is image
    for settings in (AccumulationSettings(), AccumulationSettings(channels=True)):
        found = fba(burst_of(image, image, image), settings).image
        assert np.abs(found.astype(int) - image).max() <= 1


def test_p_zero_is_the_mean() -> None:
    images = [image for image, _ in FRAMES]
    mean = average(burst_of(*images), NoSettings()).image
    found = fba(burst_of(*images), AccumulationSettings(p=0.0, newest=1.0)).image
    assert np.abs(found.astype(int) - mean).max() <= 1


@pytest.mark.parametrize("smoothing", [0.0, 0.02])
def test_weights_are_those_of_the_paper(smoothing: float) -> None:
    grey = [image[..., 1] for image, _ in FRAMES[:3]]
    settings = AccumulationSettings(smoothing=smoothing, newest=1.0)
    found = fba(burst_of(*grey), settings).image
    if smoothing:
        assert found.shape == grey[0].shape
        return
    margin = 16
    size = [fft.next_fast_len(n + 2 * margin, True) for n in grey[0].shape]
    padded = [
        np.pad(
            image.astype(float),
            [(margin, size[0] - 205 - margin), (margin, size[1] - 205 - margin)],
            mode="reflect",
        )
        for image in grey
    ]
    spectra = np.array([np.fft.fft2(image) for image in padded])
    powers = np.abs(spectra) ** 11
    wanted = np.fft.ifft2((spectra * powers / powers.sum(0)).sum(0)).real[16:221, 16:221]
    assert np.abs(found - wanted.clip(0, 255)).max() < 1.0


def test_what_moves_by_itself_is_left_as_it_is() -> None:
    images = [image.copy() for image, _ in FRAMES[-2:]]
    for image, column in zip(images, (60, 100), strict=True):
        image[60:100, column : column + 40] = (20, 20, 230)
    found = fba(taken(images).seen(), AccumulationSettings()).image
    ghost = np.abs(found[66:94, 66:94].astype(int) - images[-1][66:94, 66:94])
    assert np.percentile(ghost, 95) < 25


def test_grey_and_sixteen_bits_keep_their_type() -> None:
    deep = [image[..., 0].astype(np.uint16) * 257 for image, _ in FRAMES]
    for made in (
        fba(burst_of(*deep), AccumulationSettings()),
        average(burst_of(*deep), NoSettings()),
    ):
        assert made.image.dtype == np.uint16 and made.image.shape == deep[0].shape


def test_no_sizes_are_too_odd() -> None:
    for shape in ((16, 16, 3), (17, 31, 3), (97, 41), (64, 129, 3)):
        rng = np.random.default_rng(0)
        images = [rng.integers(0, 256, shape, np.uint8) for _ in range(3)]
        assert fba(burst_of(*images), AccumulationSettings()).image.shape == shape

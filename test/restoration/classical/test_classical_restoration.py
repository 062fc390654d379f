"""Each method without learning gains where it should, and estimates what is wrong."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from bursts import psnr
from degraded_images import clean, noisy, run, worse

from ddff_perception.optics.blur_kernels import blurred, shake_kernel
from ddff_perception.restoration.classical.enlargement import EnlargementSettings, enlarged
from ddff_perception.restoration.classical.sharpening import sharpened_plane
from ddff_perception.restoration.estimation.seen import SeenSettings, degradation
from ddff_perception.types import ImageArray, InputError

CLEAN = clean()


def seen(image: ImageArray):
    return degradation(image, SeenSettings())


@pytest.mark.parametrize("sigma", [4.0, 12.0, 25.0])
def test_the_level_of_noise_is_found(sigma: float) -> None:
    # Of three independent channels brightness has 0.61 of the noise.
    assert seen(noisy(CLEAN, sigma)).noise_levels == pytest.approx(0.61 * sigma, rel=0.2)


def test_texture_of_one_colour_is_no_noise_but_grain_in_each_channel_is() -> None:
    # As where a view full of twigs or gravel was made small: no block is smooth.
    grain = np.random.default_rng(0).normal(0, 12, (96, 120, 1)) * [0.95, 1.0, 1.05]
    soft = clean(128)[:96, :120].astype(float)
    textured = (soft + grain).clip(0, 255).astype(np.uint8)
    assert not seen(textured).kinds
    assert seen(noisy(textured, 15)).kinds == ("noise",)
    grey = np.repeat(textured[..., 1:2], 3, axis=2)
    assert seen(grey).kinds == ("noise",)


def test_noise_that_grows_with_brightness_is_told_from_such_that_does_not() -> None:
    profile = seen(worse("low_light", size=192)).noise[0]
    # Photon noise after the camera's curve: more in dark parts than in bright ones.
    dark, bright = profile.stronger(np.array([0.15, 0.8], np.float32))
    assert dark > 1.1 * bright


@pytest.mark.parametrize("sigma", [2.0, 4.0])
def test_the_blur_of_the_sharpest_edges_is_found(sigma: float) -> None:
    image = cv2.GaussianBlur(CLEAN, (0, 0), sigma)
    found = seen(image)
    assert found.kinds == ("blur",)
    assert found.blur_px == pytest.approx(sigma, rel=0.35)
    assert not seen(CLEAN).kinds


@pytest.mark.parametrize("quality", [15, 30, 63])
def test_jpeg_is_seen_with_its_quality_and_grid(quality: int) -> None:
    _, data = cv2.imencode(".jpg", CLEAN, [cv2.IMWRITE_JPEG_QUALITY, quality])
    image = cv2.imdecode(data, cv2.IMREAD_COLOR)
    whole, cut = seen(image).compression, seen(image[3:, 5:].copy()).compression
    assert (whole.shift, cut.shift) == ((0, 0), (5, 3))
    assert whole.quality == pytest.approx(quality, abs=4)


@pytest.mark.parametrize(
    ("method", "gain"), [("shrinkage", 5.0), ("total_variation", 3.0), ("nonlocal_means", 3.0)]
)
def test_noise_is_undone_estimated_or_given(method: str, gain: float) -> None:
    image = noisy(CLEAN, 15)
    for given in ({}, {f"{method}.noise": 15.0}):
        _, (result,) = run([image], method=method, **given)
        assert psnr(result.found.image, CLEAN) > psnr(image, CLEAN) + gain


@pytest.mark.parametrize("method", ["wiener", "richardson_lucy"])
def test_blur_is_undone_estimated_or_given(method: str) -> None:
    image = worse("blur_2")
    for given in ({}, {f"{method}.blur_px": 2.0})[method == "richardson_lucy" :]:
        _, (result,) = run([image], method=method, **given)
        assert psnr(result.found.image, CLEAN, 12) > psnr(image, CLEAN, 12) + 1


def test_a_blur_of_any_width_is_undone_on_any_size() -> None:
    plane = np.random.default_rng(0).random((48, 70)).astype(np.float32)
    for sigma_px in np.arange(3.9, 7.0, 0.02):
        found = sharpened_plane(plane, float(sigma_px), 0.0)
        assert found.shape == plane.shape and np.isfinite(found).all()


def test_a_kernel_of_ones_own_is_undone(tmp_path: Path) -> None:
    kernel = shake_kernel(np.random.default_rng(2), 15)
    file = tmp_path / "kernel.png"
    cv2.imwrite(str(file), np.rint(kernel / kernel.max() * 65535).astype(np.uint16))
    image = blurred(CLEAN, kernel)
    own = {"wiener.kernel_file": str(file), "wiener.noise": 1e-3}
    pipeline, (result,) = run([image], method="wiener", **own)
    assert psnr(result.found.image, CLEAN) > psnr(image, CLEAN) + 3
    # What is no kernel is refused when it is named.
    for name in ("gone.png", "kernel.png"):
        cv2.imwrite(str(file), np.zeros((5, 5), np.uint8))
        with pytest.raises(InputError, match=name):
            pipeline.prepare({"method": "wiener", "wiener.kernel_file": str(tmp_path / name)})


@pytest.mark.parametrize("scale", [2, 3])
def test_enlargement_along_edges_is_nearer_than_bicubic(scale: int) -> None:
    large = CLEAN[:126, :126]
    small = cv2.resize(large, None, fx=1 / scale, fy=1 / scale, interpolation=cv2.INTER_AREA)
    bicubic, directed = (
        enlarged(small, EnlargementSettings(scale, name)) for name in ("bicubic", "edge_directed")
    )
    assert bicubic.shape == directed.shape == large.shape
    assert psnr(directed, large) > psnr(bicubic, large) + 0.2
    # It agrees with the small image.
    again = cv2.resize(directed, small.shape[1::-1], interpolation=cv2.INTER_AREA)
    assert np.abs(again.astype(int) - small).mean() < 1

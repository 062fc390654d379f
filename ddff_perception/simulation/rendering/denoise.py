"""Denoising of path-traced images by Intel's Open Image Denoise, where it is installed."""

from __future__ import annotations

import importlib
import importlib.util

import numpy as np

from ...types import FloatArray, InputError

PACKAGE = "mitsuba_oidn"


def has_denoiser() -> bool:
    """Whether the package mitsuba-oidn is installed."""
    return importlib.util.find_spec(PACKAGE) is not None


def denoised(
    radiance: FloatArray, albedo: FloatArray | None = None, normals: FloatArray | None = None
) -> FloatArray:
    """`radiance` without the grain of few samples, H x W x 3 float32, linear RGB.

    `albedo` (linear RGB 0..1) and `normals` (unit vectors), both or none, are H x W x 3 float32 of
    the same view. They must show what the image shows, as sharp or as blurred.
    Raises InputError where the package mitsuba-oidn is not installed.
    """
    if not has_denoiser():
        raise InputError("denoising needs mitsuba-oidn: install it with pip install mitsuba-oidn")
    oidn = importlib.import_module(PACKAGE)
    given = {"albedo": albedo, "normal": normals}
    extra = {k: np.ascontiguousarray(v, np.float32) for k, v in given.items() if v is not None}
    image = np.ascontiguousarray(radiance, np.float32)
    result = oidn.denoise(image, hdr=True, quality=oidn.Quality.Balanced, **extra)
    return np.maximum(np.asarray(result, np.float32), 0)

"""Refocused light fields are judged by the path tracer, which knows nothing of shift and sum."""

import numpy as np
import pytest

from ddff_perception.optics.light_field import focal_stack
from ddff_perception.simulation.rendering.render import Renderer
from ddff_perception.simulation.rendering.scene_types import SceneSettings
from ddff_perception.simulation.rendering.scenes import random_scene
from ddff_perception.types import CameraModel, LightField, LightFieldCalibration

pytest.importorskip("mitsuba")

CAMERA = CameraModel(64, 48, 75.0, 75.0, 31.5, 23.5)
BASELINE_M = 0.008
VIEWS = 3


def test_a_refocused_light_field_is_what_a_lens_of_its_aperture_sees():
    scene = random_scene(SceneSettings(4, "table_top", near_m=0.45, far_m=1.5, texture_px=128))
    renderer = Renderer(scene)
    views = np.empty((VIEWS, VIEWS, 48, 64, 3), np.uint16)
    middle = scene.pose.copy()
    for v, u in np.ndindex(VIEWS, VIEWS):
        # To the right along a row of views, down along a column.
        aside = [(u - 1) * BASELINE_M, (v - 1) * BASELINE_M, 0]
        scene.pose[:3, 3] = middle[:3, 3] + middle[:3, :3] @ aside
        views[v, u] = levels(renderer.pinhole(CAMERA, 32, 3 * v + u))
    scene.pose[:] = middle
    calibration = LightFieldCalibration(BASELINE_M, CAMERA)
    distances = [0.55, 0.8, 1.4]
    disparities = [float(calibration.disparity_px(z)) for z in distances]
    stack = focal_stack(LightField(views, calibration), disparities)
    for wanted, distance in enumerate(distances):
        lens = levels(renderer.thin_lens(stack.camera, distance, 64, seed=99))
        errors = [difference(image, lens) for image in stack.images]
        assert np.argmin(errors) == wanted, errors
        assert errors[wanted] < 0.9 * difference(views[1, 1], lens)


def levels(radiance):
    return np.clip(radiance[..., ::-1] * 20000, 0, 65535).astype(np.uint16)


def difference(a, b):
    return float(np.abs(a[4:-4, 4:-4].astype(float) - b[4:-4, 4:-4]).mean())

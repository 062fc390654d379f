from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import ddff_perception
from ddff_perception.files.stack_folder import read_stack
from ddff_perception.simulation.focus_camera.folder import holds_sweep
from ddff_perception.simulation.rendering.presets import PRESETS
from ddff_perception.simulation.rendering.render import Renderer
from ddff_perception.simulation.rendering.scenes import random_scene

FOLDER = Path(ddff_perception.__file__).parent / "data" / "demo_stack"
DEMO = PRESETS["demo"]


def test_shipped_stack_is_small_complete_and_of_the_preset():
    assert sum(file.stat().st_size for file in FOLDER.iterdir()) < 3_000_000
    assert holds_sweep(FOLDER, DEMO)
    folder = read_stack(FOLDER)
    np.testing.assert_allclose(folder.stack.focus_distances_m, DEMO.distances())
    assert folder.stack.camera == DEMO.camera
    assert folder.all_in_focus is not None and folder.truth is not None
    assert folder.truth.min() > 0.5 and folder.truth.max() < 5.0


def test_shipped_depth_is_what_the_preset_renders():
    pytest.importorskip("mitsuba")
    # The surfaces do not move anything, and take longest to make.
    scene = random_scene(replace(DEMO.scene, texture_px=16))
    depth = Renderer(scene).geometry(DEMO.camera).depth
    truth = read_stack(FOLDER).truth
    assert truth is not None
    # Rays along an edge may fall to either side in another variant.
    assert np.mean(np.isclose(depth, truth, rtol=1e-4)) > 0.999

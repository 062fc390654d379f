from dataclasses import replace

import numpy as np
import pytest

from ddff_perception.simulation.rendering.scenes import KINDS, LAYOUTS, SceneSettings, random_scene
from ddff_perception.types import InputError


@pytest.mark.parametrize("layout", LAYOUTS)
def test_scene_repeats_with_its_seed_and_only_with_it(layout):
    settings = SceneSettings(seed=5, layout=layout, texture_px=32)
    first, again = random_scene(settings), random_scene(settings)
    other = random_scene(replace(settings, seed=6))
    assert [item.name for item in first.objects] == [item.name for item in again.objects]
    for one, two in zip(first.objects, again.objects, strict=True):
        np.testing.assert_array_equal(one.mesh.vertices, two.mesh.vertices)
        np.testing.assert_array_equal(one.material.texture, two.material.texture)
    np.testing.assert_array_equal(first.pose, again.pose)
    assert not np.array_equal(first.pose, other.pose)


def test_plain_walls_change_surfaces_but_not_the_layout():
    settings = SceneSettings(seed=11, texture_px=32)
    textured, bare = random_scene(settings), random_scene(replace(settings, plain_walls=True))
    assert len(textured.objects) == len(bare.objects)
    for one, two in zip(textured.objects, bare.objects, strict=True):
        np.testing.assert_array_equal(one.mesh.vertices, two.mesh.vertices)
    assert all(_contrast(item) == 0 for item in bare.objects if item.kind in _LARGE)
    walls = [item for item in textured.objects if item.kind == "wall"]
    assert all(_contrast(item) > 0 for item in walls)
    small = [item for item in bare.objects if item.kind in ("box", "ball", "book", "picture")]
    assert sum(_contrast(item) > 0 for item in small) > len(small) / 2


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("layout", LAYOUTS)
def test_scene_has_unique_names_known_kinds_lamps_and_a_rotation(seed, layout):
    scene = random_scene(SceneSettings(seed=seed, layout=layout, texture_px=32))
    names = [item.name for item in scene.objects]
    assert len(set(names)) == len(names)
    assert {item.kind for item in scene.objects} <= set(KINDS)
    assert any(item.emission for item in scene.objects)
    rotation = scene.pose[:3, :3]
    np.testing.assert_allclose(rotation @ rotation.T, np.eye(3), atol=1e-12)
    assert np.linalg.det(rotation) == pytest.approx(1.0)
    # Looks into the room, with the image's y axis downwards.
    assert rotation[1, 2] > 0.8 and rotation[2, 1] < -0.8


@pytest.mark.parametrize(
    ("near", "far", "clutter"), [(0.05, 0.1, 1.0), (0.05, 20.0, 0.0), (10.0, 20.0, 0.5)]
)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_scenes_at_the_limits_can_be_built(layout, near, far, clutter):
    settings = SceneSettings(3, layout, near, far, clutter=clutter, texture_px=16)
    scene = random_scene(settings)
    assert all(np.isfinite(item.mesh.vertices).all() for item in scene.objects)


@pytest.mark.parametrize(
    "values",
    [
        {"layout": "garden"},
        {"near_m": 0.0},
        {"near_m": float("nan")},
        {"near_m": 2.0, "far_m": 3.0},
        {"clutter": -1.0},
        {"seed": -1},
        {"texture_px": 0},
    ],
)
def test_scene_settings_out_of_range_are_refused(values):
    with pytest.raises(InputError):
        SceneSettings(**values)


_LARGE = ("wall", "ceiling", "cabinet", "shelf", "chair")


def _contrast(item) -> float:
    return float(np.ptp(item.material.texture.reshape(-1, 3), axis=0).max())

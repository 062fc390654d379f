"""Views that training stacks are blurred from: noise goes, edges and depth stay exact."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from folders import names

from ddff_perception.optics.textures import plain
from ddff_perception.simulation.focus_camera import sharp_views
from ddff_perception.simulation.focus_camera.sharp_views import (
    FIRST_TRAINING_SEED,
    SharpView,
    grown_light,
    render_views,
    smooth_light,
    write_training_views,
    write_view,
)
from ddff_perception.simulation.rendering import shapes
from ddff_perception.simulation.rendering.scenes import Material, Scene, SceneObject, SceneSettings

HEIGHT, WIDTH = 96, 128
DISTANCE_M = 2.0
FLOOR, WALL = (Material(plain(np.random.default_rng(n), colour=np.full(3, colour, np.float32)))
               for n, colour in ((0, 0.25), (1, 0.6)))  # fmt: skip


def lit_board(noise: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A noisy radiance, its albedo (stripes of 8 pixels, a ratio of 8), and its smooth light."""
    stripes = np.where(np.arange(WIDTH) // 8 % 2, 0.8, 0.1).astype(np.float32)
    albedo = np.broadcast_to(stripes[None, :, None], (HEIGHT, WIDTH, 3)).copy()
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    light = (1.0 + 0.5 * x / WIDTH - 0.3 * y / HEIGHT).astype(np.float32)[..., None]
    grain = np.random.default_rng(3).gamma(1 / noise**2, noise**2, albedo.shape)
    return (albedo * light * grain).astype(np.float32), albedo, light


NO_LIGHTS = np.zeros((HEIGHT, WIDTH), bool)


def test_noise_of_the_light_goes_and_its_slope_stays():
    radiance, albedo, light = lit_board(noise=0.2)
    clean = smooth_light(radiance, albedo, NO_LIGHTS)
    assert clean.dtype == np.float32
    before, after = (np.log(values / (albedo * light)) for values in (radiance, clean))
    assert before.std() > 0.19
    assert after.std() < 0.04
    assert abs(after.mean()) < 0.04


def test_edges_of_the_albedo_stay_as_sharp_as_they_are():
    radiance, albedo, _ = lit_board(noise=0.1)
    clean = smooth_light(radiance, albedo, NO_LIGHTS)
    edges = np.arange(8, WIDTH, 8)
    step = np.abs(np.log(clean[:, edges] / clean[:, edges - 1]))
    np.testing.assert_allclose(np.median(step, axis=(0, 2)), np.log(8.0), rtol=0.02)
    # Within a stripe there is next to nothing that a lens could focus on.
    inner = np.abs(np.log(clean[:, edges[:-1] + 4] / clean[:, edges[:-1] + 3]))
    assert np.median(inner) < 0.02


def test_the_edge_of_a_shadow_stays_but_what_shines_is_left_alone():
    radiance, albedo, _ = lit_board(noise=0.05)
    radiance[HEIGHT // 2 :] *= 0.1
    lights = NO_LIGHTS.copy()
    lights[:10, :10] = True
    clean = smooth_light(radiance, albedo, lights)
    np.testing.assert_array_equal(clean[lights], radiance[lights])
    light = clean / albedo
    across = light[HEIGHT // 2 - 1, 20:] / light[HEIGHT // 2, 20:]
    assert np.median(across) == pytest.approx(10.0, rel=0.2)


def test_black_surfaces_make_no_infinite_light():
    radiance, albedo, _ = lit_board(noise=0.1)
    albedo[:, :40] = 0.0
    radiance[:, :20] = 0.0
    assert np.isfinite(smooth_light(radiance, albedo, NO_LIGHTS)).all()


def test_light_is_grown_from_the_same_object_and_never_from_a_lamp_s_edge():
    coarse = np.ones((12, 16), np.uint16)
    coarse[:, 8:] = 2
    coarse[0, 0] = 3  # a thing of one pixel, of which nothing is known
    y = np.mgrid[:12, :16][0].astype(np.float32)
    light = np.where(coarse == 1, 1.0 + 0.1 * y, 5.0)[..., None] * np.ones(3, np.float32)
    unknown = np.zeros((12, 16), bool)
    unknown[:, 7] = unknown[0, 0] = True
    light[unknown] = 1e3
    objects = coarse.repeat(2, axis=0).repeat(2, axis=1)
    objects[:, 16] = 1  # the edge is finer than the coarse image shows
    grown = grown_light(light.astype(np.float32), coarse, objects, unknown)
    assert grown.shape == (24, 32, 3) and grown.dtype == np.float32
    rows = 1.0 + 0.1 * np.clip((np.arange(24) - 0.5) / 2, 0, 11)
    # Over what is unknown the light is carried on from a few pixels around.
    np.testing.assert_allclose(grown[2:-2, 4:17, 0], rows[2:-2, None] * np.ones(13), atol=0.12)
    np.testing.assert_allclose(grown[:, 17:], 5.0, rtol=1e-5)


def test_a_view_is_written_and_read_back(tmp_path: Path):
    pytest.importorskip("torch")
    from ddff_perception.training.views.view_pool import read_view

    rng = np.random.default_rng(0)
    radiance = (rng.random((20, 30, 3)) ** 4).astype(np.float32)
    radiance[0, 0] = 1e6  # a lamp
    dioptres = rng.uniform(0.2, 2.5, (20, 30)).astype(np.float32)
    dioptres[3] = 0.0
    write_view(tmp_path / "views" / "0000_0.npy", SharpView(radiance, dioptres))
    view = read_view(tmp_path / "views" / "0000_0.npy").astype(np.float32)
    # The root is kept in 11 bits; dark steps are as fine as they are in an 8-bit image and finer.
    np.testing.assert_allclose(
        np.square(view[..., :3]), np.minimum(radiance, 16.0), rtol=2e-3, atol=1e-6
    )
    np.testing.assert_allclose(view[..., 3], dioptres, rtol=1e-3)


def plane_scene() -> Scene:
    """A wall at DISTANCE_M before the camera, in two shades, lit from behind the camera."""
    left = shapes.quad([-8, 8, DISTANCE_M], [8, 0, 0], [0, -16, 0])
    right = shapes.quad([0, 8, DISTANCE_M], [8, 0, 0], [0, -16, 0])
    lamp = shapes.quad([-1, -1, -1.0], [2, 0, 0], [0, 2, 0])
    pose = np.eye(4)
    pose[:3, :3] = shapes.rotation_z(0.3) @ shapes.rotation_x(-1.2)
    pose[:3, 3] = [0.4, -0.7, 1.3]
    items = (
        SceneObject("left", "wall", left, FLOOR),
        SceneObject("right", "wall", right, WALL),
        SceneObject("lamp", "lamp", lamp, FLOOR, (3.0, 3.0, 3.0)),
    )
    return Scene(tuple(_in_world(item, pose) for item in items), pose)


def _in_world(item: SceneObject, pose: np.ndarray) -> SceneObject:
    mesh = item.mesh.rotated(pose[:3, :3]).moved(*pose[:3, 3])
    return SceneObject(item.name, item.kind, mesh, item.material, item.emission)


@pytest.fixture
def plane_views(monkeypatch: pytest.MonkeyPatch):
    """The three views of the wall, and the scene whose pose they turned."""
    pytest.importorskip("mitsuba")
    scene = plane_scene()
    monkeypatch.setattr(sharp_views, "random_scene", lambda settings: scene)
    first = scene.pose.copy()
    views, poses = [], []
    for view in render_views(SceneSettings(seed=5), 64, 48, 50.0, 16):
        views.append(view)
        poses.append(np.linalg.inv(first) @ scene.pose)
    return views, poses


def test_depth_is_exact_at_a_known_plane_however_the_camera_turns(plane_views):
    views, poses = plane_views
    assert len(views) == 3
    np.testing.assert_allclose(views[0].dioptres, 1 / DISTANCE_M, rtol=1e-5)
    focal = 64 / (2 * np.tan(np.radians(50.0) / 2))
    x, y = np.meshgrid((np.arange(64) - 31.5) / focal, (np.arange(48) - 23.5) / focal)
    rays = np.stack([x, y, np.ones_like(x)], axis=-1)
    for view, pose in zip(views, poses, strict=True):
        # The ray z (x, y, 1) meets the plane where its depth in the first view is the distance.
        expected = (rays @ pose[:3, :3].T)[..., 2] / DISTANCE_M
        seen = view.dioptres > 0
        assert seen.mean() > 0.5
        np.testing.assert_allclose(view.dioptres[seen], expected[seen], rtol=1e-4)
    turned = [np.degrees(np.arccos((np.trace(pose[:3, :3]) - 1) / 2)) for pose in poses]
    assert turned[0] == pytest.approx(0.0, abs=1e-3)
    assert all(10 < angle < 45 for angle in turned[1:])


def test_the_shades_of_the_wall_meet_in_a_sharp_step_without_noise(plane_views):
    radiance = plane_views[0][0].radiance
    assert radiance.dtype == np.float32
    dark, bright = radiance[:, 4:28], radiance[:, 36:60]
    # 16 paths per pixel leave noise of some percent; what lies further apart is the lamp's fall.
    for part in (dark, bright):
        fine = part[..., 1] / cv2.blur(np.ascontiguousarray(part[..., 1]), (5, 5))
        assert fine[3:-3, 3:-3].std() < 0.01
    ratio = radiance[:, 33] / radiance[:, 30]
    assert np.median(ratio) == pytest.approx(0.6 / 0.25, rel=0.05)
    assert 0.3 < np.percentile(radiance.mean(axis=-1), 95) < 1.0


def test_views_that_are_there_are_not_rendered_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    asked: list[SceneSettings] = []

    def fake(settings: SceneSettings, *_: object) -> list[SharpView]:
        asked.append(settings)
        flat = np.full((8, 8), 0.5, np.float32)
        return [SharpView(np.dstack([flat] * 3), flat)] * 3

    monkeypatch.setattr(sharp_views, "render_views", fake)
    write_training_views(tmp_path, 3)
    assert names(tmp_path) == [f"{scene:04d}_{turn}.npy" for scene in range(3) for turn in range(3)]
    # No scene that anything is judged on has such a seed.
    assert [settings.seed for settings in asked] == [FIRST_TRAINING_SEED + n for n in range(3)]
    (tmp_path / "0001_2.npy").unlink()
    write_training_views(tmp_path, 3)
    assert [settings.seed for settings in asked[3:]] == [FIRST_TRAINING_SEED + 1]

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ddff_perception.optics.textures import plain
from ddff_perception.optics.thin_lens import circle_of_confusion_px
from ddff_perception.simulation.rendering import mitsuba_scene, shapes
from ddff_perception.simulation.rendering.render import Renderer
from ddff_perception.simulation.rendering.scenes import KINDS, Material, Scene, SceneObject
from ddff_perception.types import CameraModel, InputError

pytest.importorskip("mitsuba")

GREY = Material(plain(np.random.default_rng(0), colour=np.full(3, 0.5, np.float32)))
CAMERA = CameraModel(64, 48, 60.0, 60.0, 31.5, 23.5, aperture_diameter_m=0.02)
LIGHT = (1.0, 1.0, 1.0)


def _pose() -> np.ndarray:
    """A camera somewhere, turned about all its axes."""
    pose = np.eye(4)
    pose[:3, :3] = shapes.rotation_z(0.3) @ shapes.rotation_x(-1.2) @ shapes.rotation_z(0.1)
    pose[:3, 3] = [0.4, -0.7, 1.3]
    return pose


def _in_view(mesh: shapes.Mesh, pose: np.ndarray) -> shapes.Mesh:
    """A mesh given in the camera's optical frame, brought to the world."""
    return mesh.rotated(pose[:3, :3]).moved(*pose[:3, 3])


def _facing_square(x: float, y: float, z: float, side: float) -> shapes.Mesh:
    """A square at depth z around (x, y), facing the camera, in the optical frame."""
    return shapes.quad([x - side / 2, y + side / 2, z], [side, 0, 0], [0, -side, 0])


def _scene(*items: tuple[str, shapes.Mesh, tuple[float, float, float] | None]) -> Scene:
    pose = _pose()
    objects = tuple(
        SceneObject(f"{kind}_{i}", kind, _in_view(mesh, pose), GREY, light)
        for i, (kind, mesh, light) in enumerate(items)
    )
    return Scene(objects, pose)


def _moments(image: np.ndarray) -> tuple[float, float, float]:
    """Centre (x, y) and mean variance per axis of the light in a one-channel image."""
    y, x = np.mgrid[: image.shape[0], : image.shape[1]]
    total = image.sum()
    cx, cy = (image * x).sum() / total, (image * y).sum() / total
    spread = (image * ((x - cx) ** 2 + (y - cy) ** 2)).sum() / total / 2
    return float(cx), float(cy), float(spread)


POINTS = [(0.0, 0.0, 1.0), (0.35, -0.22, 1.0), (-0.4, 0.3, 1.2), (-0.9, -0.7, 2.5)]


@pytest.mark.parametrize(("x", "y", "z"), POINTS)
def test_known_points_land_where_the_camera_model_projects_them(x, y, z):
    renderer = Renderer(_scene(("lamp", _facing_square(x, y, z, 0.04 * z), LIGHT)))
    expected = (CAMERA.fx * x / z + CAMERA.cx, CAMERA.fy * y / z + CAMERA.cy)
    sharp = renderer.pinhole(CAMERA, 64)[..., 0]
    # The 8 x 8 samples of a pixel put an edge within 1/16 pixel.
    assert _moments(sharp)[:2] == pytest.approx(expected, abs=0.08)
    # Blur spreads the light evenly about the same place, focused before or behind.
    for focus in (0.7 * z, 1.6 * z):
        blurred = renderer.thin_lens(CAMERA, focus, 64)[..., 0]
        assert _moments(blurred)[:2] == pytest.approx(expected, abs=0.08)


@pytest.mark.parametrize(
    ("depth", "focus"), [(2.0, 0.4), (0.5, 2.0), (0.4, np.inf), (1.0, 0.3), (1.0, 1.0)]
)
def test_blur_disc_of_a_point_has_the_thin_lens_diameter(depth, focus):
    """A uniform disc of diameter c has variance c^2/16 per axis; the rest is the square's."""
    side = 0.03 * depth
    camera = CameraModel(64, 48, 240.0, 240.0, 31.5, 23.5, aperture_diameter_m=0.03)
    renderer = Renderer(_scene(("lamp", _facing_square(0, 0, depth, side), LIGHT)))
    own = _moments(renderer.pinhole(camera, 256)[..., 0])[2]
    spread = _moments(renderer.thin_lens(camera, focus, 1024)[..., 0])[2]
    measured = 4 * np.sqrt(max(spread - own, 0.0))
    expected = circle_of_confusion_px(depth, focus, 0.03, 240.0)
    assert expected < 24
    assert measured == pytest.approx(expected, rel=0.02, abs=0.3)


def test_depth_is_along_the_axis_at_the_pixel_centres():
    """A slanted plane n.p = d, whose depth at each pixel has a closed form."""
    corner, along, up = (
        np.array([-3.0, 2.0, 1.5]),
        np.array([6.0, 0, 1.0]),
        np.array([0, -4.0, 1.5]),
    )
    renderer = Renderer(_scene(("floor", shapes.quad(corner, along, up), None)))
    seen = renderer.geometry(CAMERA)
    normal = np.cross(along, up)
    u, v = np.meshgrid(np.arange(64), np.arange(48))
    rays = np.stack([(u - 31.5) / 60.0, (v - 23.5) / 60.0, np.ones((48, 64))], axis=-1)
    expected = normal @ corner / (rays @ normal)
    assert seen.depth.dtype == np.float32
    np.testing.assert_allclose(seen.depth, expected, rtol=1e-5)
    towards = -normal / np.linalg.norm(normal) * np.sign(normal[2])
    np.testing.assert_allclose(seen.normals[10, 20], towards, atol=1e-5)


def test_labels_name_the_objects_in_front_and_nothing_behind_them():
    scene = _scene(
        ("wall", _facing_square(-0.5, 0.0, 2.0, 1.0), None),
        ("ball", _facing_square(0.0, 0.0, 1.0, 0.2), None),
        ("lamp", _facing_square(0.6, 0.0, 1.5, 0.3), LIGHT),
    )
    # Another renderer lives at the same time: shape numbers of Mitsuba are shared.
    other = Renderer(scene)
    seen = Renderer(scene).geometry(CAMERA)
    assert seen.labels[23, 31] == KINDS.index("ball") and seen.objects[23, 31] == 2
    assert seen.labels[23, 10] == KINDS.index("wall") and seen.objects[23, 10] == 1
    assert seen.labels[23, 55] == KINDS.index("lamp") and seen.objects[23, 55] == 3
    assert seen.labels[2, 60] == 0 and np.isposinf(seen.depth[2, 60])
    assert not seen.normals[2, 60].any()
    np.testing.assert_array_equal(other.geometry(CAMERA).objects, seen.objects)


def test_the_reflectance_is_mitsuba_s_own_whichever_side_is_seen():
    """Squares that face the camera and that do not, and a ball with normals at its vertices, their
    textures mirrored beyond their edges.
    """
    pose = _pose()
    facing = _facing_square(-0.3, 0.0, 1.0, 0.4)
    turned = shapes.quad([0.1, 0.2, 1.0], [0.4, 0, 0], [0, -0.4, 0])
    turned = replace(turned, faces=turned.faces[:, ::-1])
    ball = shapes.sphere(0.3).moved(0.0, 0.4, 1.5)
    texture = np.random.default_rng(1).uniform(0.1, 0.9, (8, 8, 3)).astype(np.float32)
    materials = (GREY, Material(texture, 0.15), Material(texture, 0.4, roughness=0.2))
    objects = tuple(
        SceneObject(f"box_{i}", "box", _in_view(mesh, pose), material, None)
        for i, (mesh, material) in enumerate(zip((facing, turned, ball), materials, strict=True))
    )
    renderer = Renderer(Scene(objects, pose))
    found = renderer.reflectance(CAMERA)
    mi = renderer._mi
    integrator = mi.load_dict({"type": "aov", "aovs": "albedo:albedo"})
    sensor = mitsuba_scene.mitsuba_sensor(mi, CAMERA, pose, 64)
    wanted = np.array(mi.render(renderer._loaded, sensor=sensor, integrator=integrator, spp=64))
    assert (found.sum(axis=2) > 0).mean() > 0.3
    error = np.abs(found - wanted[..., -3:])
    assert error.mean() < 0.01 and np.percentile(error, 90) < 0.03
    assert error.max() < 0.3  # at the objects' edges
    # A picture that is upside down or mirrored would be another one.
    assert np.abs(found[:, ::-1] - wanted[..., -3:]).mean() > 0.05


def test_what_is_in_focus_looks_as_through_a_pinhole():
    scene = _scene(
        ("wall", _facing_square(0.2, 0.1, 1.0, 0.6), LIGHT),
        ("ball", _facing_square(-0.2, 0.1, 2.0, 0.5), LIGHT),
    )
    renderer = Renderer(scene)
    sharp = renderer.pinhole(CAMERA, 256)
    near = renderer.thin_lens(CAMERA, 1.0, 256)
    assert np.abs(near - sharp)[:, 30:].max() < 0.12
    assert np.abs(renderer.thin_lens(CAMERA, 0.4, 256) - sharp)[:, 30:].max() > 0.3


def test_images_repeat_with_their_seed():
    square = _facing_square(0.1, 0.1, 1.0, 0.4)
    renderer = Renderer(_scene(("lamp", square, LIGHT)))
    one, again, other = (renderer.thin_lens(CAMERA, 0.5, 4, seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, again)
    assert not np.array_equal(one, other)


def test_many_samples_are_traced_in_passes_that_differ(monkeypatch):
    renderer = Renderer(_scene(("lamp", _facing_square(0.1, 0.1, 1.0, 0.4), LIGHT)))
    rough = renderer.thin_lens(CAMERA, 0.5, 16)
    monkeypatch.setattr(mitsuba_scene, "_PATHS_AT_ONCE", CAMERA.width * CAMERA.height * 16)
    fine, truth = (renderer.thin_lens(CAMERA, 0.5, samples) for samples in (256, 2048))
    assert np.std(fine - truth) < 0.5 * np.std(rough - truth)


def test_cameras_that_mitsuba_cannot_have_are_refused():
    renderer = Renderer(_scene(("lamp", _facing_square(0, 0, 1, 0.1), LIGHT)))
    with pytest.raises(InputError, match="principal point"):
        renderer.pinhole(CameraModel(64, 48, 60.0, 60.0, 30.0, 23.5), 1)
    with pytest.raises(InputError, match="fx = fy"):
        renderer.pinhole(CameraModel(64, 48, 60.0, 61.0, 31.5, 23.5), 1)
    with pytest.raises(InputError, match="aperture"):
        renderer.thin_lens(CameraModel(64, 48, 60.0, 60.0, 31.5, 23.5), 1.0, 1)


_SCALAR = """
import sys, numpy as np
from ddff_perception.simulation.rendering.render import Renderer
from ddff_perception.simulation.rendering.scenes import SceneSettings, random_scene
from ddff_perception.simulation.focus_camera.sweep import SweepSettings
import mitsuba
scene = random_scene(SceneSettings(seed=3, texture_px=32))
camera = SweepSettings(width=32, height=24).camera
renderer = Renderer(scene)
seen = renderer.geometry(camera)
image = renderer.thin_lens(camera, 1.0, 16)
np.savez(sys.argv[1], depth=seen.depth, objects=seen.objects, normals=seen.normals, image=image,
         variant=mitsuba.variant())
"""


def test_scalar_variant_sees_the_same_scene(tmp_path):
    """The variant is chosen once per process: each in its own."""
    results = {}
    for variant in ("scalar_rgb", ""):
        file = tmp_path / f"{variant}.npz"
        environment = {**os.environ, "DDFF_MITSUBA_VARIANT": variant}
        subprocess.run(
            [sys.executable, "-c", _SCALAR, str(file)],
            check=True,
            timeout=120,
            env=environment,
            cwd=Path(__file__).parents[3],
        )
        results[variant] = np.load(file)
    scalar, best = results["scalar_rgb"], results[""]
    assert scalar["variant"] == "scalar_rgb"
    # A ray along an edge may fall to either side.
    same = scalar["objects"] == best["objects"]
    assert same.mean() > 0.99
    np.testing.assert_allclose(scalar["depth"][same], best["depth"][same], rtol=1e-3)
    np.testing.assert_allclose(scalar["normals"][same], best["normals"][same], atol=1e-2)
    assert scalar["image"].mean() == pytest.approx(best["image"].mean(), rel=0.05)

"""Polarized worlds against Fresnel's equations, a polarizer plate, and panes of two faces."""

import numpy as np
import pytest

pytest.importorskip("mitsuba")

from ddff_perception.optics.fresnel import pane_reflectances, surface_reflectances
from ddff_perception.optics.pane_geometry import pane_frame, surface_view
from ddff_perception.optics.polarization import Stokes, intensity_behind_polarizer
from ddff_perception.simulation.polarizer_camera import render as polarizer_camera
from ddff_perception.simulation.rendering import mitsuba_variant
from ddff_perception.simulation.rendering.mitsuba_scene import render_channels
from ddff_perception.simulation.rendering.mitsuba_variant import find_llvm, polarized_mitsuba
from ddff_perception.simulation.rendering.polarized_plugins import (
    layer_integrator,
    register_plugins,
)
from ddff_perception.simulation.rendering.polarized_renderer import PolarizedRenderer
from ddff_perception.simulation.rendering.shapes import quad
from ddff_perception.simulation.rendering.world_renderer import WorldRenderer
from ddff_perception.simulation.world.types import Piece, Surface, Surroundings, Thing, World
from ddff_perception.types import CameraModel, InputError

needs_llvm = pytest.mark.skipif(find_llvm() is None, reason="there is no libLLVM of 16 or later")
CAMERA = CameraModel.centred(40, 30, 28.0)
# At the origin, looking along +y with z up.
POSE = np.eye(4)
POSE[:3, :3] = np.array([[1.0, 0, 0], [0, 0, 1.0], [0, -1.0, 0]])
FLOORS = ("wet", "matt", "gloss")


def rays():
    x = (np.arange(40) - CAMERA.cx) / CAMERA.fx
    y = (np.arange(30) - CAMERA.cy) / CAMERA.fy
    return np.stack([*np.meshgrid(x, y), np.ones((30, 40))], axis=-1)


@pytest.fixture(scope="module")
def renderers():
    """Uniform light of radiance 1 over three strips of black floor."""
    if find_llvm() is None:
        pytest.skip("there is no libLLVM of 16 or later")
    things = []
    for number, finish in enumerate(FLOORS):
        strip = quad([0.6 * number - 0.9, 0, -0.5], [0.6, 0, 0], [0, 90, 0])
        # Of one strip, the back is seen.
        if finish == "gloss":
            strip = quad([0.6 * number - 0.3, 0, -0.5], [-0.6, 0, 0], [0, 90, 0])
        piece = Piece(strip, Surface(colour=(0.0, 0.0, 0.0), finish=finish))
        things.append(Thing("floor", (piece,)))
    world = World("test", tuple(things), Surroundings(colour=(1.0, 1.0, 1.0)))
    return WorldRenderer(world), PolarizedRenderer(world)


def angle_deg(stokes):
    return np.degrees(np.arctan2(stokes[..., 2], stokes[..., 1])) / 2 % 180


def differ(one, other):
    """Difference of two directions, degrees."""
    return np.abs((one - other + 90) % 180 - 90)


def test_a_pane_splits_uniform_light_as_fresnel_says_in_every_pixel(renderers):
    plain, polarized = renderers
    frame = POSE[:3, :3] @ pane_frame(40.0, 205.0)
    along, up = 2 * frame[:, 0], 2 * frame[:, 1]
    pane = quad(list(POSE[:3, 2] * 0.1 - (along + up) / 2), list(along), list(up))
    for renderer in renderers:
        renderer.place_pane(pane)
    truth = plain.truth(CAMERA, POSE)
    layers = polarized.layers(CAMERA, POSE, 4)
    for renderer in renderers:
        renderer.place_pane(None)
    assert truth.glass.all() and (truth.classes != 255).sum() > 150  # seen through the pane
    seen = surface_view(rays(), np.broadcast_to(pane_frame(40.0, 205.0)[:, 2], (30, 40, 3)))
    np.testing.assert_allclose(truth.panes.incidence_deg, seen.incidence_deg, atol=0.01)
    assert differ(truth.panes.perpendicular_deg, seen.perpendicular_deg).max() < 0.05
    normal = pane_frame(40.0, 205.0)[:, 2]
    bounced = rays() - 2 * (rays() @ normal)[..., None] * normal
    sky = (rays()[..., 1] < -0.05) & (bounced[..., 1] < -0.05)  # where both ways lead
    assert sky.sum() > 300
    s, p = pane_reflectances(seen.incidence_deg)
    mirrored, through = layers.mirrored[sky], layers.through[sky]
    np.testing.assert_allclose(mirrored[:, 0], ((s + p) / 2)[sky], atol=0.01)
    degree = np.hypot(mirrored[:, 1], mirrored[:, 2])
    np.testing.assert_allclose(degree, ((s - p) / 2)[sky], atol=0.01)
    assert differ(angle_deg(mirrored), seen.perpendicular_deg[sky]).max() < 1.5
    # What a pane takes from one layer it gives to the other: uniform light stays unpolarized.
    np.testing.assert_allclose(mirrored + through, [[1, 0, 0]] * int(sky.sum()), atol=2e-3)


def test_floors_polarize_as_water_and_varnish_do_and_matt_ones_do_not(renderers):
    plain, polarized = renderers
    truth = plain.truth(CAMERA, POSE)
    layers = polarized.layers(CAMERA, POSE, 128)
    assert (layers.mirrored == 0).all() and (truth.panes.incidence_deg == 0).all()
    seen = surface_view(rays(), truth.normals)
    for finish, index in (("wet", 1.333), ("gloss", 1.49)):
        floor = (truth.instances == 1 + FLOORS.index(finish)) & (seen.incidence_deg < 70)
        s, p = surface_reflectances(seen.incidence_deg[floor], index)
        light = layers.stokes[floor]
        assert light[:, 0].mean() == pytest.approx(float((s + p).mean() / 2), rel=0.08)
        degree = np.hypot(light[:, 1], light[:, 2]).mean()
        assert degree == pytest.approx(float((s - p).mean() / 2), rel=0.1)
        assert np.median(differ(angle_deg(light), seen.perpendicular_deg[floor])) < 2
    matt = layers.stokes[truth.instances == 2]
    assert np.median(np.abs(matt[:, 1:])) == 0  # but for pixels that show two floors


@needs_llvm
def test_polarized_light_in_a_pane_of_two_faces_and_behind_a_polarizer():
    """A lamp behind a polarizer shines on a pane; what is mirrored is neither s nor p."""
    frame = pane_frame(50.0, 30.0)
    normal = frame[:, 2]
    bounced = np.array([0, 0, 1.0]) - 2 * normal[2] * normal

    def rendered(kind, plate=None):
        with polarized_mitsuba() as mi:
            register_plugins(mi)
            pane = np.eye(4)
            pane[:3, :3], pane[2, 3] = frame, 1.0

            def towards(place, scale):
                up = [0.2, 0.9, 0.1]
                look = mi.ScalarTransform4f().look_at(
                    origin=[float(v) for v in place], target=[0.0, 0.0, 1.0], up=up
                )
                return look.scale([scale, scale, 1.0])

            middle = np.array([0, 0, 1.0])
            light = {"type": "area", "radiance": {"type": "uniform", "value": 1.0}}
            far, near = towards(middle + 2 * bounced, 1.0), towards(middle + bounced, 0.9)
            scene = {"type": "scene"}
            scene["lamp"] = {"type": "rectangle", "to_world": far, "emitter": light}
            scene["filter"] = {"type": "rectangle", "to_world": near, "bsdf": {"type": "polarizer"}}
            if kind == "pane":
                place = mi.ScalarTransform4f(pane)
                scene["pane"] = {"type": "rectangle", "to_world": place}
                scene["pane"]["bsdf"] = {"type": "polarizing_pane"}
            else:
                glass = {"type": "dielectric", "int_ior": 1.5, "ext_ior": 1.0}
                behind = pane.copy()
                behind[:3, 3] += 2e-3 * normal
                towards_camera = pane @ np.diag([1.0, -1, -1, 1])
                for name, place in (("near", towards_camera), ("far", behind)):
                    shape = {"type": "rectangle", "to_world": mi.ScalarTransform4f(place)}
                    scene[name] = {**shape, "bsdf": glass}
            if plate is not None:
                scene["plate"] = polarizer_camera._polarizer(mi, plate)
            loaded = mi.load_dict(scene)
            path = mi.load_dict({"type": "path", "max_depth": 12, "rr_depth": 50})
            tracing = layer_integrator(mi)(path, loaded)
            tracing.look([1.0, 0, 0])
            camera = CameraModel.centred(8, 8, 160.0)
            image = render_channels(mi, loaded, camera, np.eye(4), 512, 1, integrator=tracing)
        return image[..., -6:].reshape(8, 8, 2, 3).sum(axis=2).mean(axis=(0, 1))

    pane, slab = rendered("pane"), rendered("slab")
    assert np.hypot(*pane[1:]) > 0.8 * pane[0]
    assert differ(angle_deg(pane), 30.0) > 10
    np.testing.assert_allclose(slab, pane, atol=0.02 * pane[0])
    for plate in (30.0, 100.0):
        expected = intensity_behind_polarizer(Stokes(*pane.reshape(3, 1, 1)), plate)
        assert rendered("pane", plate)[0] == pytest.approx(float(expected[0, 0]), rel=0.03)


def test_without_a_usable_llvm_a_polarized_world_is_refused(monkeypatch):
    monkeypatch.setattr(mitsuba_variant, "find_llvm", lambda: None)
    floor = Thing("floor", (Piece(quad([0, 0, 0], [1, 0, 0], [0, 1, 0]), Surface()),))
    with pytest.raises(InputError, match="libllvm19"):
        PolarizedRenderer(World("test", (floor,), Surroundings()))

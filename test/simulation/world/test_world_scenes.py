"""Scenes of every kind: made from a number alone, without assets, nothing amiss in them."""

import numpy as np
import pytest

from ddff_perception.optics.pane_geometry import surface_view
from ddff_perception.simulation.assets.library import Library
from ddff_perception.simulation.classes import NYU40
from ddff_perception.simulation.rendering.shapes import box
from ddff_perception.simulation.world.cameras import Viewpoint, look_at, view_penalty
from ddff_perception.simulation.world.maker import Maker
from ddff_perception.simulation.world.odd import ODD
from ddff_perception.simulation.world.panes import pane_before
from ddff_perception.simulation.world.plan import FloorPlan
from ddff_perception.simulation.world.rooms import ROOMS, make_room
from ddff_perception.simulation.world.scene import Scene
from ddff_perception.simulation.world.shell import Shell, build_shell, wall_mesh
from ddff_perception.simulation.world.solids import any_rotation, box_uv, boxes
from ddff_perception.simulation.world.thin import collage
from ddff_perception.simulation.world.types import FINISHES


@pytest.fixture
def library(tmp_path):
    return Library("train", tmp_path)


def points_of(thing):
    return np.concatenate([piece.mesh.vertices for piece in thing.pieces])


@pytest.mark.parametrize("kind", [*ROOMS, *ODD])
def test_every_kind_is_made_without_assets_and_is_well_formed(library, kind):
    for number in range(3):
        world = Scene(library, 5, number, {kind: 1.0}).world()
        assert world.kind == kind and world.assets == () and len(world.things) >= 1
        for thing in world.things:
            assert thing.label is None or thing.label in NYU40
            for piece in thing.pieces:
                mesh, surface = piece.mesh, piece.surface
                assert np.isfinite(mesh.vertices).all() and np.isfinite(mesh.uv).all()
                assert len(mesh.uv) == len(mesh.vertices)
                assert len(mesh.faces) and mesh.faces.max() < len(mesh.vertices)
                assert surface.finish in FINISHES
                if surface.picture is not None:
                    assert 0 <= surface.picture.min() <= surface.picture.max() <= 1


def test_a_scene_is_the_same_whatever_was_made_before(library):
    def vertices(scene):
        return np.concatenate([points_of(thing) for thing in scene.world().things])

    shares = {"living": 1.0, "shapes": 1.0}
    first = vertices(Scene(library, 7, 3, shares))
    for number in range(3):
        Scene(library, 7, number, shares)
    assert np.array_equal(first, vertices(Scene(library, 7, 3, shares)))
    assert len(first) != len(vertices(Scene(library, 8, 3, shares)))


@pytest.mark.parametrize("kind", list(ROOMS))
def test_furniture_stands_inside_the_room_and_not_in_other_furniture(library, kind):
    for seed in range(4):
        maker = Maker(library, seed)
        plan = make_room(maker, kind)
        for one, a in enumerate(plan.taken):
            assert a.x0 > -0.02 and a.y0 > -0.02
            assert a.x1 < plan.width + 0.02 and a.y1 < plan.depth + 0.02
            assert a.height < plan.height
            for b in plan.taken[one + 1 :]:
                across = min(a.x1, b.x1) - max(a.x0, b.x0), min(a.y1, b.y1) - max(a.y0, b.y0)
                # Chairs are pushed under tables.
                assert min(across) < 0.45
        standing = [t for t in maker.things if t.label in ("bed", "sofa", "bookshelf", "desk")]
        for thing in standing:
            points = points_of(thing)
            assert -0.02 < points[:, 2].min() < 0.2
            assert (points[:, :2] > -0.1).all()
            assert (points[:, :2] < [plan.width + 0.1, plan.depth + 0.1]).all()


def test_what_stands_at_a_wall_has_its_back_to_it():
    rng = np.random.default_rng(0)
    plan = FloorPlan(rng, 4.0, 3.0, 2.5)
    for wall in plan.walls:
        spot = plan.spot_at(wall, 0.3, 0.4, gap=0.01)
        back = box(1.0, 0.02, 1.0).moved(y=0.19)
        placed = back.turned(spot.yaw).moved(spot.x, spot.y)
        x, y = placed.vertices[:, 0], placed.vertices[:, 1]
        nearest = min(x.min(), y.min(), 4.0 - x.max(), 3.0 - y.max())
        assert nearest == pytest.approx(0.01, abs=1e-9)
        hung = wall.hung(box(0.5, 0.02, 0.3).moved(y=-0.01), 0.3, 1.0)
        inside = (hung.vertices[:, :2] > -1e-9).all() and (
            hung.vertices[:, :2] < np.array([4.0, 3.0]) + 1e-9
        ).all()
        assert inside


def test_a_wall_with_a_hole_is_open_there_and_nowhere_else():
    mesh = wall_mesh(4.0, 2.5, [(-1.0, 0.5, 0.8, 2.0)])
    corners = mesh.vertices[mesh.faces]
    area = np.linalg.norm(
        np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1
    )
    assert area.sum() / 2 == pytest.approx(4.0 * 2.5 - 1.5 * 1.2)
    middle = corners.mean(axis=1)
    hole = (middle[:, 0] > -1) & (middle[:, 0] < 0.5) & (middle[:, 2] > 0.8) & (middle[:, 2] < 2)
    assert not hole.any()


def test_boxes_are_closed_and_face_outwards():
    mesh = boxes([[0, 0, 0, 1, 2, 3], [5, 5, 5, 6, 6, 6]])
    corners = mesh.vertices[mesh.faces]
    normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    assert np.einsum("fi,fi->f", normal, corners[:, 0]).sum() / 6 == pytest.approx(7.0)
    uv = box_uv(mesh)
    assert len(uv.uv) == len(uv.vertices) == 3 * len(mesh.faces)


def test_rotations_are_rotations():
    rotation = any_rotation(np.random.default_rng(1))
    assert np.allclose(rotation @ rotation.T, np.eye(3))
    assert np.linalg.det(rotation) == pytest.approx(1.0)


def test_a_camera_looks_at_its_target_upright():
    pose = look_at((1.0, -2.0, 0.5), (1.5, 3.0, 1.0))
    target = np.linalg.inv(pose) @ [1.5, 3.0, 1.0, 1.0]
    assert np.allclose(target[:2], 0, atol=1e-9) and target[2] > 0
    assert pose[2, 1] < -0.9  # the image's down is the world's down
    assert np.linalg.det(pose[:3, :3]) == pytest.approx(1.0)


def test_views_of_nothing_but_one_wall_are_not_worth_rendering():
    depth = np.full((10, 10), 2.0, np.float32)
    wall = np.zeros((10, 10), np.uint8)
    many = np.arange(100, dtype=np.uint8).reshape(10, 10) % 7
    assert view_penalty(depth, wall, True) > 0
    assert view_penalty(depth, many, True) == 0
    assert view_penalty(depth, wall, False) == 0
    assert view_penalty(depth * 0.05, many, True) > 0


def test_moving_things_are_set_moving_but_no_walls(library):
    scene = Scene(library, 1, 1, {"living": 1.0}, moving=1.0)
    moving = {t.label for t in scene.world().things if t.motion is not None}
    assert moving and not moving & {"wall", "floor", "ceiling", "window", "door"}


def test_a_pane_stands_before_the_camera_as_its_facts_say():
    rng = np.random.default_rng(3)
    seen = set()
    for _ in range(40):
        viewpoint = Viewpoint(look_at((1.0, 2.0, 1.0), (3.0, 3.0, 0.5), 0.1), 60.0, "hand")
        pane, facts = pane_before(viewpoint, np.full((6, 8), 2.0, np.float32), rng)
        points = (pane.vertices - viewpoint.pose[:3, 3]) @ viewpoint.pose[:3, :3]
        normal = np.cross(points[1] - points[0], points[2] - points[0])
        middle = surface_view(np.array([[0.0, 0, 1]]), normal[None])
        assert middle.incidence_deg[0] == pytest.approx(facts["incidence_deg"], abs=1e-3)
        off = (middle.perpendicular_deg[0] - facts["plane_deg"] + 90) % 180 - 90
        assert abs(off) < 1e-3 and 0.03 <= facts["distance_m"] <= 1.4
        seen.add(facts["partly"])
        # A whole pane is met by the rays of all corners, in front of the camera.
        corners = np.array([[x, y, 1.0] for x in (-0.58, 0.58) for y in (-0.44, 0.44)])
        reach = (points[0] @ normal) / (corners @ normal)
        assert facts["partly"] or (reach > 0).all()
    assert seen == {True, False}


def test_a_collage_and_panels_stay_on_their_walls(library):
    for seed in range(6):
        maker = Maker(library, seed)
        plan = FloorPlan(maker.rng, 4.0, 3.0, 2.5)
        collage(maker, plan)
        build_shell(maker, Shell(plan))
        for thing in maker.things:
            points = points_of(thing)
            assert (points > -0.02).all() and (points < [4.02, 3.02, 2.55]).all()
        hung = [t for t in maker.things if t.label in ("paper", "picture")]
        assert len(hung) == 1 and len(hung[0].pieces) > 2
        assert len({id(p.surface) for p in hung[0].pieces}) < 8

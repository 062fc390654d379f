"""Worlds of which every pixel is known: labels, depth and masks compared one by one."""

import numpy as np
import pytest

pytest.importorskip("mitsuba")

from ddff_perception.simulation.classes import NYU40, UNLABELLED
from ddff_perception.simulation.rendering.denoise import has_denoiser
from ddff_perception.simulation.rendering.shapes import box, quad
from ddff_perception.simulation.rendering.world_renderer import WorldRenderer
from ddff_perception.simulation.world.types import (
    Motion,
    Piece,
    Surface,
    Surroundings,
    Thing,
    World,
)
from ddff_perception.types import CameraModel

# No ray hits an edge.
WIDTH, HEIGHT, FOCAL = 80, 60, 61.7
CAMERA = CameraModel(WIDTH, HEIGHT, FOCAL, FOCAL, (WIDTH - 1) / 2, (HEIGHT - 1) / 2, 0.05)
# At the origin, looking along +y with z up.
POSE = np.eye(4)
POSE[:3, :3] = np.array([[1.0, 0, 0], [0, 0, 1.0], [0, -1.0, 0]])
SKY = Surroundings(colour=(1.0, 1.0, 1.0))


def facing(x0, x1, z0, z1, y):
    """A rectangle in the plane y, its front towards the camera."""
    return quad([x0, y, z0], [x1 - x0, 0, 0], [0, 0, z1 - z0])


def thing(label, mesh, **surface):
    return Thing(label, (Piece(mesh, Surface(**surface)),))


def pixel_rays():
    x = (np.arange(WIDTH) - CAMERA.cx) / FOCAL
    z = -(np.arange(HEIGHT) - CAMERA.cy) / FOCAL
    return np.meshgrid(x, z)


def inside(x0, x1, z0, z1, y):
    x, z = pixel_rays()
    return (x * y > x0) & (x * y < x1) & (z * y > z0) & (z * y < z1)


@pytest.fixture(scope="module")
def labelled():
    """A wall of 40 rectangles of all classes at 4 m, another in their midst at 2 m, a pane, a
    mirror, and sky around.
    """
    things = []
    for number, label in enumerate(NYU40):
        column, row = number % 8, number // 8
        x, z = -2.0 + 0.5 * column, -1.25 + 0.5 * row
        colour = (0.1 + 0.02 * number, 0.5, 0.3)
        things.append(thing(label, facing(x, x + 0.5, z, z + 0.5, 4.0), colour=colour))
    things.append(thing(None, facing(-0.11, 0.1, -0.1, 0.12, 2.0), colour=(0.8, 0.1, 0.1)))
    things.append(thing("window", facing(0.3, 0.5, -0.2, 0.2, 2.5), finish="glass"))
    things.append(thing("mirror", facing(-0.8, -0.6, -0.1, 0.1, 2.2), finish="mirror"))
    return World("test", tuple(things), SKY)


def expected(world):
    classes = np.full((HEIGHT, WIDTH), UNLABELLED, np.uint8)
    instances = np.zeros((HEIGHT, WIDTH), np.uint16)
    depth = np.full((HEIGHT, WIDTH), np.inf, np.float32)
    solid = depth.copy()
    for number, item in enumerate(world.things, 1):
        corners = item.pieces[0].mesh.vertices
        (x0, y, z0), (x1, _, z1) = corners.min(axis=0), corners.max(axis=0)
        seen = inside(x0, x1, z0, z1, y) & (y < depth)
        depth[seen], instances[seen] = y, number
        classes[seen] = UNLABELLED if item.label is None else NYU40.index(item.label)
        if item.pieces[0].surface.finish != "glass":
            solid[seen] = y
    return classes, instances, solid


def test_every_label_of_a_known_scene_is_right(labelled):
    truth = WorldRenderer(labelled).truth(CAMERA, POSE)
    classes, instances, depth = expected(labelled)
    assert np.array_equal(truth.classes, classes)
    assert np.array_equal(truth.instances, instances)
    assert len(np.unique(classes)) == 41
    assert np.allclose(truth.depth, depth, rtol=1e-5)


def test_glass_and_mirrors_are_marked_and_depth_goes_through_glass(labelled):
    truth = WorldRenderer(labelled).truth(CAMERA, POSE)
    pane, mirror = inside(0.3, 0.5, -0.2, 0.2, 2.5), inside(-0.8, -0.6, -0.1, 0.1, 2.2)
    assert np.array_equal(truth.glass, pane)
    assert np.array_equal(truth.mirror, mirror)
    assert np.allclose(truth.depth[pane], 4.0, rtol=1e-5)
    assert np.allclose(truth.depth[mirror], 2.2, rtol=1e-5)
    assert (truth.classes[pane] == NYU40.index("window")).all()


def test_labels_do_not_depend_on_how_many_scenes_were_loaded_before(labelled):
    first = WorldRenderer(labelled).truth(CAMERA, POSE)
    for _ in range(3):
        WorldRenderer(World("test", labelled.things[:5], SKY))
    again = WorldRenderer(labelled).truth(CAMERA, POSE)
    assert np.array_equal(first.classes, again.classes)
    assert np.array_equal(first.depth, again.depth)


def test_normals_and_albedo_are_those_of_the_surface(labelled):
    truth = WorldRenderer(labelled).truth(CAMERA, POSE)
    there = np.isfinite(truth.depth)
    assert np.allclose(truth.normals[there], [0, 0, -1], atol=1e-5)
    assert (truth.normals[~there] == 0).all()
    middle = inside(-0.08, 0.07, -0.07, 0.09, 2.0)
    assert np.allclose(truth.albedo[middle], [0.8, 0.1, 0.1], atol=1e-5)


def test_a_picture_shows_the_right_way_up_in_albedo_and_radiance():
    picture = np.zeros((8, 8, 3), np.float32)
    picture[:4, :, 0], picture[4:, :, 1] = 0.8, 0.6  # red above, green below
    mesh = facing(-2, 2, -1.5, 1.5, 3.0)
    world = World("test", (thing("picture", mesh, picture=picture, tile_m=3.0),), SKY)
    renderer = WorldRenderer(world)
    truth = renderer.truth(CAMERA, POSE)
    image = renderer.radiance(CAMERA, POSE, 16)
    for values in (truth.albedo, image):
        assert values[10, 40, 0] > 0.5 > 0.1 > values[10, 40, 1]
        assert values[50, 40, 1] > 0.3 > 0.1 > values[50, 40, 0]


def test_radiance_is_that_of_a_furnace_and_the_same_for_the_same_seed():
    """In uniform light of radiance 1, an open plane of albedo 0.5 shows 0.5."""
    world = World("test", (thing("wall", facing(-9, 9, -9, 9, 3.0), colour=(0.5,) * 3),), SKY)
    renderer = WorldRenderer(world)
    image = renderer.radiance(CAMERA, POSE, 16, seed=3)
    assert np.allclose(image.mean(axis=(0, 1)), 0.5, atol=0.01)
    assert np.array_equal(image, renderer.radiance(CAMERA, POSE, 16, seed=3))
    assert np.array_equal(image, WorldRenderer(world).radiance(CAMERA, POSE, 16, seed=3))
    assert not np.array_equal(image, renderer.radiance(CAMERA, POSE, 16, seed=4))


def test_a_lamp_shines_and_nothing_hidden_does():
    lamp = thing("lamp", facing(-0.2, 0.2, -0.2, 0.2, 2.0), emission=(5.0, 4.0, 3.0))
    world = World("test", (lamp,), Surroundings())
    image = WorldRenderer(world).radiance(CAMERA, POSE, 4)
    seen = inside(-0.15, 0.15, -0.15, 0.15, 2.0)
    assert np.allclose(image[seen], [5.0, 4.0, 3.0], atol=1e-4)
    assert (image[~inside(-0.25, 0.25, -0.25, 0.25, 2.0)] == 0).all()


def test_a_thin_lens_blurs_what_is_not_in_focus():
    rng = np.random.default_rng(0)
    picture = rng.uniform(0, 1, (64, 64, 3)).astype(np.float32)
    world = World(
        "test", (thing("wall", facing(-3, 3, -3, 3, 1.0), picture=picture, tile_m=1.0),), SKY
    )
    renderer = WorldRenderer(world)
    sharp = renderer.thin_lens(CAMERA, POSE, 1.0, 32)
    blurred = renderer.thin_lens(CAMERA, POSE, 3.0, 32)
    assert blurred.std() < 0.8 * sharp.std()


def test_things_move_with_time():
    motion = Motion((1.0, 0.0, 0.0), np.pi, (0.0, 2.0, 0.0))
    cube = Piece(box(0.4, 0.4, 0.4).moved(0, 2.0, -0.2), Surface())
    world = World("test", (Thing("box", (cube,), motion=motion),), SKY)
    assert world.at(0.0) == world
    before = WorldRenderer(world).truth(CAMERA, POSE)
    after = WorldRenderer(world.at(0.5)).truth(CAMERA, POSE)
    columns = [np.nonzero(t.instances.any(axis=0))[0].mean() for t in (before, after)]
    # Half a metre at about 1.8 m with 60 pixels of focal length.
    assert 14 < columns[1] - columns[0] < 19


@pytest.mark.skipif(not has_denoiser(), reason="mitsuba-oidn is not installed")
def test_denoising_brings_few_samples_close_to_many():
    lamp = thing("lamp", facing(-0.1, 0.1, 1.5, 1.7, 2.0), emission=(90.0, 80.0, 70.0))
    picture = np.kron(np.array([[0.2, 0.7], [0.6, 0.3]]), np.ones((8, 8)))[..., None]
    back = thing("wall", facing(-9, 9, -9, 9, 4.0), colour=(0.7,) * 3)
    front = thing("wall", facing(-9, 9, -9, 9, -4.0), colour=(0.7,) * 3)
    card = thing("paper", facing(-1, 0.5, -1, 0.6, 3.0), picture=np.repeat(picture, 3, 2) + 0.0)
    renderer = WorldRenderer(World("test", (lamp, back, front, card), Surroundings()))
    truth = renderer.truth(CAMERA, POSE)
    many = renderer.radiance(CAMERA, POSE, 256)
    noisy = renderer.radiance(CAMERA, POSE, 8, seed=1)
    clean = renderer.clean_radiance(CAMERA, POSE, 8, 1, truth)
    assert np.abs(clean - many).mean() < 0.6 * np.abs(noisy - many).mean()

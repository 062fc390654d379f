import numpy as np
import pytest

from ddff_perception.simulation.rendering import shapes


def _volume(mesh: shapes.Mesh) -> float:
    """Signed volume; positive if the faces are counter-clockwise seen from outside."""
    a, b, c = (mesh.vertices[mesh.faces[:, i]] for i in range(3))
    return float(np.einsum("ij,ij->i", a, np.cross(b, c)).sum() / 6)


@pytest.mark.parametrize(
    ("mesh", "volume"),
    [
        (shapes.box(2.0, 3.0, 0.5), 3.0),
        (shapes.cylinder(0.5, 2.0, 200), np.pi * 0.25 * 2.0),
        (shapes.sphere(0.5, 200), np.pi / 6),
    ],
)
def test_bodies_are_closed_and_face_outwards(mesh, volume):
    assert _volume(mesh) == pytest.approx(volume, rel=2e-3)
    assert _volume(mesh.turned(0.7).moved(1.0, 2.0, 3.0)) == pytest.approx(volume, rel=2e-3)


def test_bodies_stand_on_the_floor():
    rng = np.random.default_rng(0)
    for mesh in (
        shapes.box(1, 1, 1),
        shapes.sphere(0.3),
        shapes.cylinder(0.2, 0.4),
        shapes.vase(rng, 0.1, 0.4),
        shapes.table(1.0, 0.6, 0.7),
        shapes.shelf(1.0, 0.3, 1.8, 4),
        shapes.chair(0.4, 0.45),
    ):
        assert mesh.vertices[:, 2].min() == pytest.approx(0.0, abs=1e-9)
        assert mesh.faces.min() >= 0 and mesh.faces.max() < len(mesh.vertices)
        assert len(mesh.uv) == len(mesh.vertices)


def test_smooth_normals_point_out_of_a_sphere():
    mesh = shapes.sphere(0.5)
    outwards = (mesh.vertices - [0, 0, 0.5]) / 0.5
    assert mesh.normals is not None
    assert np.einsum("ij,ij->i", mesh.normals, outwards).min() > 0.99
    turned = mesh.rotated(shapes.rotation_x(0.4))
    assert turned.normals is not None
    np.testing.assert_allclose(turned.normals, mesh.normals @ shapes.rotation_x(0.4).T)


def test_texture_coordinates_are_metres_on_the_surface():
    mesh = shapes.quad([0, 0, 0], [2, 0, 0], [0, 0, 0.5])
    np.testing.assert_allclose(mesh.uv.max(axis=0), [2.0, 0.5])


def test_corners_have_the_normals_of_flat_faces_or_those_of_the_mesh():
    box, ball = shapes.box(0.4, 0.6, 0.8), shapes.sphere(0.5)
    flat = shapes.corner_normals(box)
    assert flat.shape == (len(box.faces), 3, 3)
    middles = box.vertices[box.faces].mean(axis=1) - [0.0, 0.0, 0.4]
    assert (np.einsum("fc,fc->f", flat[:, 0], middles) > 0).all()
    np.testing.assert_allclose(np.linalg.norm(flat, axis=2), 1.0)
    np.testing.assert_array_equal(flat[:, 0], flat[:, 2])
    assert ball.normals is not None
    np.testing.assert_array_equal(shapes.corner_normals(ball), ball.normals[ball.faces])

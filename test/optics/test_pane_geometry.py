import numpy as np
import pytest

from ddff_perception.optics.pane_geometry import (
    pane_frame,
    pane_view,
    parabola_incidence_deg,
    surface_view,
)


@pytest.mark.parametrize("camera", [(0.3, 2.0), (-1.5, 0.4), (0.2, -1.0), (2.0, 1.0)])
def test_incidence_on_the_parabola_is_the_angle_between_ray_and_normal(camera):
    x = np.linspace(-1.2, 1.2, 41)
    ray = np.stack([camera[0] - x, camera[1] - x**2], axis=1)
    normal = np.stack([-2 * x, np.ones_like(x)], axis=1)
    cosine = np.abs(np.sum(ray * normal, axis=1))
    cosine /= np.linalg.norm(ray, axis=1) * np.linalg.norm(normal, axis=1)
    expected = np.degrees(np.arccos(np.clip(cosine, -1, 1)))
    np.testing.assert_allclose(parabola_incidence_deg(camera, x), expected, atol=1e-5)


def test_the_printed_formula_is_another_angle():
    x = np.linspace(0.1, 1.0, 10)
    right = parabola_incidence_deg((0.3, 2.0), x)
    assert np.abs(parabola_incidence_deg((0.3, 2.0), x, printed=True) - right).max() > 5


def test_the_central_ray_meets_a_pane_at_its_incidence_and_axis():
    found = pane_view((41, 61), 30.0, 50.0, 25.0)
    assert found.incidence_deg[20, 30] == pytest.approx(50.0, abs=1e-3)
    assert found.perpendicular_deg[20, 30] == pytest.approx(25.0, abs=1e-3)
    assert found.incidence_deg.dtype == np.float32
    assert found.incidence_deg.shape == (41, 61)


def test_the_incidence_on_a_flat_pane_changes_as_the_rays_do():
    # The axis is vertical: going right turns the ray within the plane of incidence.
    row = pane_view((1, 101), 20.0, 50.0, 90.0).incidence_deg[0]
    pixels = np.arange(101) - 50
    turn = np.degrees(np.arctan(pixels * np.tan(np.radians(10)) / 50.5))
    change = row - 50
    assert np.allclose(change, turn, atol=1e-3) or np.allclose(change, -turn, atol=1e-3)


def test_near_normal_incidence_the_axis_turns_over_the_image():
    wide = pane_view((80, 80), 20.0, 12.0, 0.0).perpendicular_deg
    assert np.ptp(wide) > 20
    far = pane_view((80, 80), 1.0, 60.0, 0.0).perpendicular_deg
    assert np.ptp(far) < 1


def test_a_bent_pane_turns_its_normal_by_the_bend():
    flat = pane_view((1, 101), 2.0, 40.0, 90.0).incidence_deg[0]
    bent = pane_view((1, 101), 2.0, 40.0, 90.0, bend_deg=15.0).incidence_deg[0]
    turn = bent - flat
    assert abs(turn[0]) == pytest.approx(15, abs=0.5)
    assert turn[0] == pytest.approx(-turn[-1], abs=0.5)
    assert abs(turn[50]) < 0.3


def test_beyond_the_horizon_of_a_pane_the_incidence_stays_below_a_right_angle():
    found = pane_view((50, 50), 60.0, 80.0, 10.0, bend_deg=20.0)
    assert np.isfinite(found.incidence_deg).all()
    assert found.incidence_deg.max() <= 85


def test_a_surface_is_seen_as_a_pane_is_but_for_the_slant_of_the_rays():
    size, field = (30, 40), 20.0
    pane = pane_view(size, field, 50.0, 70.0)
    reach = np.tan(np.radians(field / 2)) / 20
    x, y = np.meshgrid((np.arange(40) - 19.5) * reach, (np.arange(30) - 14.5) * reach)
    rays = np.stack([x, y, np.ones_like(x)], axis=-1)
    normals = np.broadcast_to(-3 * pane_frame(50.0, 70.0)[:, 2], rays.shape)
    seen = surface_view(2 * rays, normals)
    np.testing.assert_allclose(seen.incidence_deg, pane.incidence_deg, atol=1e-3)
    off = np.abs((seen.perpendicular_deg - pane.perpendicular_deg + 90) % 180 - 90)
    assert off[14:16, 19:21].max() < 0.02 < off.max() < 2.0
    nothing = surface_view(rays, np.zeros_like(rays))
    assert (nothing.incidence_deg == 0).all() and (nothing.perpendicular_deg == 0).all()

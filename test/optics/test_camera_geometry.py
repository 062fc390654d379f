import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ddff_perception.optics.camera_geometry import PointGrid, depth_to_points, pack_colours
from ddff_perception.types import CameraModel, InputError

CAMERA = CameraModel(100, 70, 80.0, 90.0, 49.0, 35.0)


def test_points_lie_on_the_rays_of_their_pixels() -> None:
    depth = np.random.default_rng(0).uniform(0.5, 5.0, (70, 100)).astype(np.float32)
    points = PointGrid(CAMERA).points(depth)
    v, u = np.mgrid[0:70, 0:100]
    expected = np.stack([(u - 49.0) / 80.0 * depth, (v - 35.0) / 90.0 * depth, depth], -1)
    np.testing.assert_allclose(points[..., :3], expected, rtol=1e-5, atol=1e-6)
    assert points.dtype == np.float32


def test_points_project_back_to_their_pixels_at_any_stride() -> None:
    depth = np.full((70, 100), 2.0, np.float32)
    grid = PointGrid(CAMERA, stride=7)
    points = grid.points(depth)
    assert points.shape == (10, 15, 4) == (*grid.shape, 4)
    columns = points[..., 0] / points[..., 2] * 80.0 + 49.0
    rows = points[..., 1] / points[..., 2] * 90.0 + 35.0
    np.testing.assert_allclose(columns[0], np.arange(0, 100, 7), atol=1e-4)
    np.testing.assert_allclose(rows[:, 0], np.arange(0, 70, 7), atol=1e-4)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 0.0, -1.0, 0.4, 6.0])
def test_what_is_no_distance_in_range_becomes_nan(bad: float) -> None:
    depth = np.full((70, 100), 1.0, np.float32)
    depth[3, 4] = bad
    points = PointGrid(CAMERA).points(depth, minimum_m=0.5, maximum_m=5.0)
    assert np.isnan(points[3, 4, :3]).all()
    assert np.isfinite(points[3, 5, :3]).all()
    assert np.count_nonzero(np.isnan(points[..., 2])) == 1


def test_zero_is_no_distance_without_a_range() -> None:
    assert np.isnan(depth_to_points(np.zeros((70, 100), np.float32), CAMERA)).all()


def test_colours_are_packed_as_rviz_reads_them() -> None:
    image = np.array([[[1, 2, 3], [255, 255, 255]]], np.uint8)
    packed = pack_colours(image)
    assert packed.view(np.uint32).tolist() == [[0x030201, 0xFFFFFF]]
    assert not np.isnan(packed).any()
    assert pack_colours(np.array([[7]], np.uint8)).view(np.uint32)[0, 0] == 0x070707
    assert pack_colours(np.array([[0x1234]], np.uint16)).view(np.uint32)[0, 0] == 0x121212


def test_each_point_has_the_colour_of_its_pixel() -> None:
    image = np.random.default_rng(1).integers(0, 256, (70, 100, 3), np.uint8)
    points = PointGrid(CAMERA, 3).points(np.ones((70, 100), np.float32), image)
    bytes_of = np.ascontiguousarray(points[..., 3:]).view(np.uint8)
    np.testing.assert_array_equal(bytes_of[..., :3], image[::3, ::3])


def test_sizes_that_do_not_fit_are_refused() -> None:
    with pytest.raises(InputError, match="50x70, its camera 100x70"):
        PointGrid(CAMERA).points(np.ones((70, 50), np.float32))
    wrong = np.empty((70, 99, 4), np.float32)
    with pytest.raises(InputError, match="do not fit"):
        PointGrid(CAMERA).points(np.ones((70, 100), np.float32), out=wrong)
    with pytest.raises(InputError, match="stride"):
        PointGrid(CAMERA, 0)


@given(st.integers(1, 40), st.integers(1, 40), st.integers(1, 50))
def test_every_size_and_stride_gives_its_pixels(width: int, height: int, stride: int) -> None:
    camera = CameraModel(width, height, 10.0, 10.0, 0.0, 0.0)
    depth = np.arange(1, width * height + 1, dtype=np.float32).reshape(height, width)
    points = PointGrid(camera, stride).points(depth)
    np.testing.assert_array_equal(points[..., 2], depth[::stride, ::stride])

import math

import cv2
import numpy as np
import pytest

from ddff_perception.evaluation.depth.maps import (
    aperture_baseline_focal,
    best_constant,
    fill_to_full_coverage,
    read_confidence,
    read_depth,
)
from ddff_perception.types import CameraModel, InputError

NAN, INF = math.nan, math.inf


def depth_map(*rows):
    return np.array(rows, dtype=np.float32)


def test_best_constant_is_the_median_dioptre():
    assert best_constant(depth_map([1.0, 2.0, 8.0, 0.0, NAN])) == pytest.approx(2.0)
    assert best_constant(depth_map([0.5, 1.0])) == pytest.approx(1 / 1.5)
    assert best_constant(depth_map([INF, INF, 1.0])) == INF
    assert math.isnan(best_constant(depth_map([0.0, NAN])))


def test_best_constant_has_the_least_mean_error_in_dioptres():
    truth = np.random.default_rng(3).uniform(0.3, 6, (20, 20)).astype(np.float32)
    errors = {
        shift: np.abs(1 / truth - 1 / (best_constant(truth) * shift)).mean()
        for shift in (0.95, 1.0, 1.05)
    }
    assert min(errors, key=errors.get) == 1.0


def test_unknown_pixels_are_filled_with_the_nearest_known():
    filled = fill_to_full_coverage(depth_map([1.0, NAN, NAN, NAN, 3.0], [0.0, NAN, INF, NAN, -1.0]))
    np.testing.assert_array_equal(filled[0, [0, 1, 3, 4]], [1.0, 1.0, 3.0, 3.0])
    np.testing.assert_array_equal(filled[1], [1.0, INF, INF, INF, 3.0])


def test_a_full_or_an_empty_map_stays_as_it_is():
    full, empty = depth_map([1.0, 2.0]), depth_map([NAN, NAN])
    assert fill_to_full_coverage(full) is full
    assert np.isnan(fill_to_full_coverage(empty)).all()


def test_disparity_across_the_aperture_needs_the_aperture():
    camera = CameraModel(640, 480, 500.0, 500.0, 320.0, 240.0, aperture_diameter_m=0.004)
    assert aperture_baseline_focal(camera) == pytest.approx(2.0)
    with pytest.raises(InputError, match="aperture_diameter_m"):
        aperture_baseline_focal(CameraModel(640, 480, 500.0, 500.0, 320.0, 240.0))


def test_depth_is_read_from_npy_in_metres(tmp_path):
    np.save(tmp_path / "depth.npy", np.array([[1.5, 0.0], [INF, -2.0]]))
    for path in (tmp_path / "depth.npy", tmp_path):
        depth = read_depth(path)
        assert depth.dtype == np.float32
        np.testing.assert_array_equal(depth, depth_map([1.5, NAN], [INF, NAN]))


def test_depth_is_read_from_png_in_millimetres(tmp_path):
    cv2.imwrite(str(tmp_path / "d.png"), np.array([[1500, 0]], dtype=np.uint16))
    np.testing.assert_allclose(read_depth(tmp_path / "d.png"), depth_map([1.5, NAN]))


def test_a_png_of_8_bits_is_no_depth(tmp_path):
    cv2.imwrite(str(tmp_path / "d.png"), np.ones((2, 2), dtype=np.uint8))
    with pytest.raises(InputError, match="16-bit millimetres"):
        read_depth(tmp_path / "d.png")


@pytest.mark.parametrize(("scale", "kind"), [("-1.0", "<f4"), ("1.0", ">f4")])
def test_depth_is_read_from_pfm_in_both_byte_orders(tmp_path, scale, kind):
    rows_upwards = np.array([[3, 4], [1, 2]], dtype=kind)
    content = f"Pf\n2 2\n{scale}\n".encode() + rows_upwards.tobytes()
    (tmp_path / "d.pfm").write_bytes(content)
    np.testing.assert_array_equal(read_depth(tmp_path / "d.pfm"), depth_map([1, 2], [3, 4]))


@pytest.mark.parametrize(
    "content", [b"", b"Pf\n2 2\n-1.0\n\0\0", b"PF\n1 1\n-1\n" + bytes(12), b"Pf\n2 x\n1\n", b"P5"]
)
def test_a_broken_pfm_is_refused(tmp_path, content):
    (tmp_path / "d.pfm").write_bytes(content)
    with pytest.raises(InputError, match="cannot read the map"):
        read_depth(tmp_path / "d.pfm")


def test_what_is_no_single_map_is_refused(tmp_path):
    np.save(tmp_path / "colour.npy", np.zeros((4, 5, 3), np.float32))
    np.save(tmp_path / "text.npy", np.array([["a"]]))
    np.save(tmp_path / "empty.npy", np.zeros((0, 4), np.float32))
    np.save(tmp_path / "objects.npy", np.array([[{}]]), allow_pickle=True)
    (tmp_path / "short.npy").write_bytes((tmp_path / "colour.npy").read_bytes()[:100])
    (tmp_path / "map.tiff").write_bytes(b"")
    for name in ("colour.npy", "text.npy", "empty.npy", "objects.npy", "short.npy", "map.tiff"):
        with pytest.raises(InputError):
            read_depth(tmp_path / name)
    with pytest.raises(InputError, match=r"missing\.npy"):
        read_depth(tmp_path / "missing.npy")


@pytest.mark.parametrize("shape", ["(1000000000, 1000000000)", "(-4, 4)", "(4, 4"])
def test_an_array_with_a_lying_header_is_refused(tmp_path, shape):
    header = f"{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}".ljust(117) + "\n"
    content = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header.encode()
    (tmp_path / "d.npy").write_bytes(content + bytes(64))
    with pytest.raises(InputError, match="cannot read the array"):
        read_depth(tmp_path / "d.npy")


def test_confidence_is_a_probability(tmp_path):
    np.save(tmp_path / "c.npy", depth_map([0.0, 0.25, 1.0]))
    np.testing.assert_array_equal(read_confidence(tmp_path / "c.npy"), depth_map([0.0, 0.25, 1.0]))
    cv2.imwrite(str(tmp_path / "c.png"), np.array([[0, 51, 255]], dtype=np.uint8))
    np.testing.assert_allclose(read_confidence(tmp_path / "c.png"), depth_map([0.0, 0.2, 1.0]))
    np.save(tmp_path / "bad.npy", depth_map([1.5]))
    with pytest.raises(InputError, match=r"leaves 0\.\.1"):
        read_confidence(tmp_path / "bad.npy")

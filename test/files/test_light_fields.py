import numpy as np
import pytest
from light_field_folders import pfm, write_benchmark_folder
from scipy.io import savemat

from ddff_perception.files.images import write_array, write_image
from ddff_perception.files.light_fields import read_light_field, read_pfm
from ddff_perception.types import InputError


@pytest.fixture
def views():
    """3 rows of 5 views, each of another grey."""
    levels = np.arange(15, dtype=np.uint8).reshape(3, 5, 1, 1, 1) * 10
    return np.tile(levels, (1, 1, 32, 40, 3)) + np.array([0, 1, 2], np.uint8)


def test_a_folder_of_the_benchmark(tmp_path, views):
    stored = read_light_field(write_benchmark_folder(tmp_path / "s", views, depth=9.0))
    field = stored.light_field
    np.testing.assert_array_equal(field.views, views)
    assert field.calibration.camera.fx == pytest.approx(100 / 35 * 40)
    assert field.calibration.baseline_m == pytest.approx(0.1)
    assert stored.disparity_range_px == (0.75, -1.0)
    assert stored.parameters["scene"] == "made_up"
    np.testing.assert_allclose(stored.depth_m, 9.0)
    np.testing.assert_allclose(field.calibration.distance_m(stored.disparity_px), 9.0, rtol=1e-5)


def test_any_grid_of_images_in_natural_order(tmp_path, views):
    for number, image in enumerate(views[:, :3].reshape(9, 32, 40, 3)):
        write_image(tmp_path / f"view_{number + 3}.png", image)
    stored = read_light_field(tmp_path)
    np.testing.assert_array_equal(stored.light_field.views, views[:, :3])
    assert stored.light_field.calibration is None
    assert read_light_field(tmp_path, (1, 9)).light_field.views.shape[:2] == (1, 9)
    with pytest.raises(InputError, match="no grid of 2 rows and 4 columns"):
        read_light_field(tmp_path, (2, 4))


def test_arrays_of_every_format_are_the_same_light_field(tmp_path, views):
    h5py = pytest.importorskip("h5py")
    rgb = views[..., ::-1]
    write_array(tmp_path / "a.npy", rgb)
    savemat(tmp_path / "b.mat", {"LF": rgb, "other": np.zeros(3)})
    with h5py.File(tmp_path / "c.h5", "w") as file:
        file["group/light_field"] = rgb
        file["scale"] = 3.0
    with h5py.File(tmp_path / "d.mat", "w", userblock_size=512) as file:
        file["LF"] = rgb.T
    with (tmp_path / "d.mat").open("r+b") as file:
        file.write(b"MATLAB 7.3 MAT-file, Platform: GLNXA64")
    for name in ("a.npy", "b.mat", "c.h5", "d.mat"):
        stored = read_light_field(tmp_path / name)
        np.testing.assert_array_equal(stored.light_field.views, views, err_msg=name)


def test_unknown_truth_is_nan(tmp_path, views):
    folder = write_benchmark_folder(tmp_path / "s", views)
    truth = np.full((32, 40), 2.0, np.float32)
    truth[0, :2] = 0, np.inf
    (folder / "gt_depth_lowres.pfm").write_bytes(pfm(truth))
    depth = read_light_field(folder).depth_m
    assert np.isnan(depth[0, :2]).all()
    assert (depth[1] == 2).all()


@pytest.mark.parametrize(
    ("scale", "order", "factor"),
    [("-1e0", "<f4", 1), ("1.0", ">f4", 1), ("-2.0", "<f4", 0.5), ("-.5", "<f4", 2)],
)
def test_the_scale_of_a_float_map_is_order_and_divisor(tmp_path, scale, order, factor):
    array = np.arange(6, dtype=np.float32).reshape(2, 3)
    file = tmp_path / "a.pfm"
    file.write_bytes(f"Pf\n3 2\n{scale}\n".encode() + array[::-1].astype(order).tobytes())
    np.testing.assert_array_equal(read_pfm(file), factor * array)
    file.write_bytes(b"Pf\n3 2\n-0.0\n" + array.tobytes())
    with pytest.raises(InputError, match=r"has the scale -0\.0"):
        read_pfm(file)


def test_a_float_map_is_read_the_right_way_up(tmp_path):
    array = np.arange(12, dtype=np.float32).reshape(3, 4)
    (tmp_path / "a.pfm").write_bytes(pfm(array))
    np.testing.assert_array_equal(read_pfm(tmp_path / "a.pfm"), array)


def spoiled(folder, how):
    if how == "truncated map":
        (folder / "gt_depth_lowres.pfm").write_bytes(pfm(np.ones((32, 40)))[:50])
    elif how == "small map":
        (folder / "gt_disp_lowres.pfm").write_bytes(pfm(np.ones((8, 8))))
    elif how == "parameters":
        (folder / "parameters.cfg").write_text("focal_length_mm = 3")
    elif how == "baseline":
        text = (
            (folder / "parameters.cfg").read_text().replace("baseline_mm = 1", "baseline_mm = -1")
        )
        (folder / "parameters.cfg").write_text(text)
    elif how == "missing view":
        (folder / "input_Cam003.png").unlink()
    else:
        write_image(folder / "input_Cam003.png", np.zeros((8, 8, 3), np.uint8))
    return folder


@pytest.mark.parametrize(
    ("how", "sentence"),
    [
        ("truncated map", "no grey portable float map"),
        ("small map", r"is \(8, 8\), the views are \(32, 40\)"),
        ("parameters", "no file of parameters"),
        ("baseline", "baseline and zero-disparity plane must be metres > 0"),
        ("missing view", "holds 14 views, which is no grid of 3 rows and 5"),
        ("other size", "differs from the first view"),
    ],
)
def test_a_damaged_folder_says_what_is_wrong(tmp_path, views, how, sentence):
    folder = spoiled(write_benchmark_folder(tmp_path / "s", views, depth=9.0), how)
    with pytest.raises(InputError, match=sentence):
        read_light_field(folder)


@pytest.mark.parametrize("suffix", [".npy", ".mat", ".h5"])
def test_a_damaged_array_says_so(tmp_path, suffix):
    pytest.importorskip("h5py")
    file = tmp_path / f"a{suffix}"
    with pytest.raises(InputError, match="cannot read"):
        read_light_field(file)
    file.write_bytes(b"nothing of the kind" * 20)
    with pytest.raises(InputError):
        read_light_field(file)


def test_arrays_that_are_no_light_field_are_refused(tmp_path, views):
    write_array(tmp_path / "a.npy", views[0])
    with pytest.raises(InputError, match=r"V x U x H x W x 3, but holds \(5, 32, 40, 3\)"):
        read_light_field(tmp_path / "a.npy")
    write_array(tmp_path / "b.npy", views.astype(np.float32))
    with pytest.raises(InputError, match="8 or 16 bits"):
        read_light_field(tmp_path / "b.npy")
    np.save(tmp_path / "c.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(InputError, match="cannot read the array"):
        read_light_field(tmp_path / "c.npy")
    with pytest.raises(InputError, match="no folder of views and no array"):
        read_light_field(tmp_path / "missing")

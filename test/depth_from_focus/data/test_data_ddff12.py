import numpy as np
import pytest

torch = pytest.importorskip("torch")
h5py = pytest.importorskip("h5py")

from ddff_perception.depth_from_focus.data.ddff12 import (
    FAR_PX,
    NEAR_PX,
    Ddff12Scene,
    clipped,
    crop_corners,
)
from ddff_perception.training.batches import TrainingBatches, make_loader
from ddff_perception.training.presets import FitSettings
from ddff_perception.types import InputError


@pytest.fixture
def file(tmp_path):
    """Two stacks of three slices, 64x96; the left half of the second has no truth."""
    random = np.random.default_rng(0)
    stack = random.integers(0, 256, (2, 3, 64, 96, 3), np.uint8)
    disparity = np.full((2, 64, 96), 0.14, np.float32)
    disparity[1, :, :48] = 0
    disparity[0, 0, 0], disparity[0, 0, 1] = 0.5, np.nan
    with h5py.File(tmp_path / "ddff.h5", "w") as f:
        f["stack_train"], f["disp_train"] = stack, disparity
        f["stack_val"], f["disp_val"] = stack[:1].astype(np.float32), disparity[:1, None]
    return tmp_path / "ddff.h5"


def test_full_frames_are_covered_by_28_crops():
    corners = crop_corners(383, 552, 224, 56)
    assert len(corners) == 28
    assert corners[0] == (0, 0)
    assert corners[-1] == (383 - 224, 552 - 224)
    assert (56, 112) in corners
    assert crop_corners(224, 224, 224, 56) == [(0, 0)]
    with pytest.raises(InputError, match="does not fit"):
        crop_corners(100, 552, 224, 56)


def test_disparity_outside_half_a_metre_to_seven_is_no_truth():
    assert pytest.approx((0.2825, 0.0202), abs=1e-4) == (NEAR_PX, FAR_PX)
    values = clipped(np.array([0.0, 0.01, 0.0203, 0.28, 0.3, np.nan]))
    np.testing.assert_allclose(values, [0, 0, 0.0203, 0.28, 0, 0])


def test_crops_come_as_the_file_holds_them(file):
    data = Ddff12Scene(file, crop=32, stride=16)
    item = data[0]
    with h5py.File(file) as f:
        rgb = f["stack_train"][0, :, :32, :32]
    expected = rgb[..., ::-1].transpose(0, 3, 1, 2) / np.float32(255)
    np.testing.assert_allclose(item["images"], expected, atol=1e-6)
    np.testing.assert_allclose(item["disparities"], [NEAR_PX, (NEAR_PX + FAR_PX) / 2, FAR_PX])
    np.testing.assert_allclose(item["dioptres"], [2.0, 15 / 14, 1 / 7], rtol=1e-6)
    assert not item["valid"][0, :2].any()
    assert item["valid"][1:].all()
    assert item["truth_disparity"][1, 1] == pytest.approx(0.14)
    # Z = b f / d with b f = 0.14124 m px.
    assert item["truth"][1, 1] == pytest.approx(0.14 / 0.14124, rel=1e-4)
    assert item["truth"][0, 0] == 0


def test_crops_with_over_a_fifth_of_their_disparity_missing_are_left_out(file):
    data = Ddff12Scene(file, crop=32, stride=16)
    columns = [left for number, (top, left) in data._views if number == 1 and top == 0]
    # From column 48 on there is truth: 25 % of a crop that begins at 40 would be missing.
    assert columns == [48, 64]
    assert len([1 for number, _ in data._views if number == 0]) == 3 * 5
    assert len(Ddff12Scene(file, crop=32, stride=16, missing=1.0)) == 2 * 3 * 5


def test_loading_processes_open_the_file_themselves(file):
    settings = FitSettings(batch=3, workers=2)
    loader = make_loader(Ddff12Scene(file, crop=32, stride=16), settings)
    batch = next(iter(TrainingBatches(loader, settings, 0)))
    assert batch["images"].shape == (3, 3, 3, 32, 32)


def test_files_of_another_kind_are_refused(file, tmp_path):
    with pytest.raises(InputError, match="cannot read the HDF5 file"):
        Ddff12Scene(tmp_path / "missing.h5")
    (tmp_path / "text.h5").write_text("no HDF5")
    with pytest.raises(InputError, match="cannot read the HDF5 file"):
        Ddff12Scene(tmp_path / "text.h5")
    with h5py.File(tmp_path / "other.h5", "w") as f:
        f["stack_train"] = np.zeros((2, 64, 96, 3), np.uint8)
    with pytest.raises(InputError, match="has no disp_train, but stack_train"):
        Ddff12Scene(tmp_path / "other.h5")
    with h5py.File(tmp_path / "other.h5", "a") as f:
        f["disp_train"] = np.zeros((2, 64, 96))
    with pytest.raises(InputError, match="not N x S x H x W x 3"):
        Ddff12Scene(tmp_path / "other.h5")
    with h5py.File(file, "a") as f:
        del f["disp_val"]
        f["disp_val"] = np.zeros((1, 8, 8))
    with pytest.raises(InputError, match="disp_val is"):
        Ddff12Scene(file, "val")

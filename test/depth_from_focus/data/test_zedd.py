"""ZEDD as its authors lay it out, in small: scenes read, submissions written and checked."""

import zipfile

import cv2
import numpy as np
import pytest

from ddff_perception.depth_from_focus.data.zedd import (
    check_submission,
    find_scenes,
    read_focus_runs,
    read_scene,
    write_submission,
)
from ddff_perception.types import InputError

METADATA = (
    "# run\tmotor\tfocus distance [m]\n"
    "run_1\t6D3E\t0.82\nrun_2\t4EA8\t1.02\nrun_3\t3B39\t1.31\nrun_4\t2D09\t1.72\n"
    "run_5\t2371\t2.33\n\nrun_6\t1DB4\t3.2\nrun_7\t183F\t4.4\nrun_8\t1657\t6.0\nrun_9\t1113\t8.1\n"
)
MOTORS = ("6D3E", "4EA8", "3B39", "2D09", "2371", "1DB4", "183F", "1657", "1113")
SMALL = (30, 40)


def make_scene(root, split, number, shape=(60, 90)):
    """The image of run N has the grey level 20 N; depth is 1 m left and 2 m right of the middle."""
    scene = root / split / f"{split}_{number:04d}"
    (scene / "focus_stack").mkdir(parents=True)
    (scene / "gt").mkdir()
    for run, motor in enumerate(MOTORS, 1):
        for aperture in ("1.4", "2.8", "16.0"):
            name = f"img_run_{run}_motor_{motor}_aperture_F{aperture}.jpg"
            level = 20 * run if aperture == "2.8" else 250
            image = np.full((*shape, 3), level, np.uint8)
            assert cv2.imwrite(str(scene / "focus_stack" / name), image)
    np.savetxt(scene / "gt" / "K.txt", [[100.0, 0, 44.5], [0, 100.0, 29.5], [0, 0, 1]])
    if split == "val":
        depth = np.where(np.arange(shape[1])[None] < shape[1] / 2, 1.0, 2.0) * np.ones(
            (shape[0], 1)
        )
        depth[0, :] = np.inf
        depth[1, :] = 0.0
        np.save(scene / "gt" / "depth.npy", depth)
    return scene


@pytest.fixture
def zedd(tmp_path):
    (tmp_path / "metadata.txt").write_text(METADATA)
    make_scene(tmp_path, "val", 1)
    make_scene(tmp_path, "val", 2)
    make_scene(tmp_path, "test", 1)
    return tmp_path


def test_a_scene_is_a_stack_with_its_truth_at_the_published_rows_size(zedd):
    runs = read_focus_runs(zedd)
    scenes = find_scenes(zedd, "val")
    assert [path.name for path in scenes] == ["val_0001", "val_0002"]
    scene = read_scene(scenes[0], runs, size=SMALL)
    assert [s.focus_distance_m for s in scene.stack.slices] == [0.82, 1.31, 2.33, 4.4, 8.1]
    assert [round(float(i.mean())) for i in scene.stack.images] == [20, 60, 100, 140, 180]
    assert scene.stack.images[0].shape == (*SMALL, 3) == scene.all_in_focus.shape
    assert round(float(scene.all_in_focus.mean())) == 250
    # 60 x 90 becomes 30 x 45, of which the middle 40 columns are left.
    assert scene.truth.shape == SMALL
    assert np.isnan(scene.truth[0]).all() and (scene.truth[2:, 0] == 1).all()
    assert (scene.truth[2:, -1] == 2).all()
    camera = scene.stack.camera
    assert (camera.fx, camera.width, camera.height) == (50, 40, 30)
    assert camera.cx == pytest.approx(45 * 0.5 - 0.5 - 2)


def test_other_runs_and_apertures_can_be_chosen_and_unknown_ones_are_refused(zedd):
    runs, scene = read_focus_runs(zedd), find_scenes(zedd, "val")[0]
    stack = read_scene(scene, runs, f_number=1.4, numbers=(2, 4), size=SMALL).stack
    assert [s.focus_distance_m for s in stack.slices] == [1.02, 1.72]
    for options in ({"f_number": 3.5}, {"numbers": (0, 1)}):
        with pytest.raises(InputError, match="apertures"):
            read_scene(scene, runs, **options)


def test_the_test_split_has_no_truth(zedd):
    (scene,) = find_scenes(zedd, "test")
    assert read_scene(scene, read_focus_runs(zedd), size=SMALL).truth is None


def test_what_is_no_zedd_is_told(zedd, tmp_path):
    with pytest.raises(InputError, match=r"metadata\.txt"):
        read_focus_runs(tmp_path / "elsewhere")
    with pytest.raises(InputError, match="no scenes"):
        find_scenes(zedd, "train")
    (zedd / "metadata.txt").write_text("run_1\t../../x\t0.8\n")
    with pytest.raises(InputError, match="motor"):
        read_focus_runs(zedd)
    (zedd / "metadata.txt").write_text("run_1\t6D3E\tnan\n")
    with pytest.raises(InputError, match="metres"):
        read_focus_runs(zedd)
    scene = find_scenes(zedd, "val")[0]
    (scene / "gt" / "K.txt").write_text("1 2 3")
    (zedd / "metadata.txt").write_text(METADATA)
    with pytest.raises(InputError, match="3 x 3"):
        read_scene(scene, read_focus_runs(zedd), size=SMALL)


def maps(count, size=SMALL):
    return [np.full(size, number + 1, np.float32) for number in range(count)]


def test_a_submission_is_what_the_test_server_takes(tmp_path):
    file = tmp_path / "out.zip"
    write_submission(file, maps(3), count=3, size=SMALL)
    check_submission(file, count=3, size=SMALL)
    with zipfile.ZipFile(file) as packed:
        assert packed.namelist() == [f"zedd_output_000{n}.npy" for n in (1, 2, 3)]
        with packed.open("zedd_output_0002.npy") as entry:
            depth = np.load(entry)
    assert depth.dtype == np.float32 and depth.shape == SMALL and (depth == 2).all()


@pytest.mark.parametrize(
    ("depths", "what"),
    [
        (maps(2), "needs 3"),
        ([*maps(2), np.full(SMALL, np.nan, np.float32)], "fill"),
        ([*maps(2), np.full(SMALL, np.inf, np.float32)], "fill"),
        ([*maps(2), np.zeros(SMALL, np.float32)], "fill"),
        ([*maps(2), np.ones((40, 30), np.float32)], "not"),
        ([*maps(2), np.ones(SMALL, np.int32)], "floats"),
    ],
)
def test_what_the_server_would_refuse_is_not_written(tmp_path, depths, what):
    file = tmp_path / "out.zip"
    with pytest.raises(InputError, match=what):
        write_submission(file, depths, count=3, size=SMALL)
    assert not file.exists()


def test_a_submission_of_another_hand_is_checked_before_it_is_unpacked(tmp_path):
    file = tmp_path / "other.zip"
    with zipfile.ZipFile(file, "w") as packed:
        packed.writestr("folder/zedd_output_0001.npy", b"")
    with pytest.raises(InputError, match="nothing else"):
        check_submission(file, count=1, size=SMALL)
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("zedd_output_0001.npy", b"\0" * 10_000_000)
    with pytest.raises(InputError, match="larger"):
        check_submission(file, count=1, size=SMALL)
    with zipfile.ZipFile(file, "w") as packed:
        packed.writestr("zedd_output_0001.npy", b"no array")
    with pytest.raises(InputError, match="no submission"):
        check_submission(file, count=1, size=SMALL)
    file.write_bytes(b"no zip")
    with pytest.raises(InputError, match="no submission"):
        check_submission(file, count=1, size=SMALL)
    with pytest.raises(InputError, match=r"\.zip"):
        write_submission(tmp_path / "out.npy", maps(1), count=1, size=SMALL)

import errno
import os
from pathlib import Path

import cv2
import numpy as np
import pytest
from sweeps import wall_depth, wall_stack

from ddff_perception.depth_from_focus.saving import save_snapshot
from ddff_perception.files.images import read_array
from ddff_perception.files.stack_folder import read_stack
from ddff_perception.types import DepthEstimate, FocalStack, InputError

STACK = wall_stack()


def estimate(relative: bool = False, image: np.ndarray | None = STACK.slices[0].image):
    depth = wall_depth()
    depth[0, 0] = np.nan
    return DepthEstimate(depth, np.full(depth.shape, 0.5, np.float32), image, relative)


def test_a_snapshot_holds_stack_depth_and_cloud(tmp_path: Path) -> None:
    folder = save_snapshot(tmp_path / "new", "12.345", STACK, estimate())
    assert folder == tmp_path / "new" / "12.345"
    np.testing.assert_array_equal(read_array(folder / "depth.npy"), estimate().depth)
    millimetres = cv2.imread(str(folder / "depth.png"), cv2.IMREAD_UNCHANGED)
    assert millimetres.dtype == np.uint16 and millimetres[0, 0] == 0
    assert abs(int(millimetres[5, 50]) - 1000 * estimate().depth[5, 50]) <= 0.5
    header = (folder / "cloud.ply").read_bytes()[:300].decode(errors="replace")
    assert f"element vertex {64 * 96 - 1}" in header
    saved = read_stack(folder / "stack").stack
    assert saved.camera == STACK.camera
    np.testing.assert_array_equal(saved.slices[3].image, STACK.slices[3].image)
    assert [path.name for path in folder.parent.iterdir()] == ["12.345"]


def test_two_snapshots_of_one_name_get_numbers(tmp_path: Path) -> None:
    names = [save_snapshot(tmp_path, "1", STACK, None).name for _ in range(3)]
    assert names == ["1", "1-2", "1-3"]


def test_relative_depth_has_neither_millimetres_nor_cloud(tmp_path: Path) -> None:
    folder = save_snapshot(tmp_path, "1", STACK, estimate(relative=True))
    assert not (folder / "depth.png").exists() and not (folder / "cloud.ply").exists()
    assert (folder / "depth.npy").exists()


@pytest.mark.parametrize("kind", ["grey", "uint16", "none", "uncalibrated"])
def test_every_kind_of_image_can_be_saved(tmp_path: Path, kind: str) -> None:
    image = STACK.slices[0].image
    images = {"grey": image[..., 0], "uint16": image.astype(np.uint16) * 257, "none": None}
    stack = FocalStack(STACK.slices) if kind == "uncalibrated" else STACK
    folder = save_snapshot(tmp_path, "1", stack, estimate(image=images.get(kind, image)))
    assert (folder / "cloud.ply").exists() is (kind != "uncalibrated")


def test_a_full_disk_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []

    def full(handle: int) -> None:
        calls.append(handle)
        if len(calls) > 4:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(InputError, match="No space left"):
        save_snapshot(tmp_path, "1", STACK, estimate())
    assert list(tmp_path.iterdir()) == []


def test_a_folder_holds_no_more_snapshots_than_it_may(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DDFF_MAX_SNAPSHOTS", "2")
    for _ in range(2):
        save_snapshot(tmp_path, "1", STACK, None)
    with pytest.raises(InputError, match="has 3 snapshots, more than the 2 that may be"):
        save_snapshot(tmp_path, "1", STACK, None)
    monkeypatch.setenv("DDFF_MAX_SNAPSHOTS", "9")
    monkeypatch.setenv("DDFF_MAX_SNAPSHOTS_GIB", "2e-4")
    with pytest.raises(InputError, match=r"GiB, more than the 0\.0002 that may be"):
        save_snapshot(tmp_path, "1", STACK, None)
    assert len(list(tmp_path.iterdir())) == 2


def test_a_place_that_is_no_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="file"):
        save_snapshot(tmp_path / "file", "1", STACK, None)

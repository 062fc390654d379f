"""Published sets are read from small files in their exact format."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

pytest.importorskip("torch")

from defocus_scenes import scene
from scipy.io import savemat

from ddff_perception.defocus.data.published_sets import (
    Dpdd,
    MadeUpLens,
    Make3D,
    NyuDefocused,
    defocused,
)
from ddff_perception.defocus.data.sources import training_data
from ddff_perception.types import InputError

SHOWN = scene(size=(48, 64))


@pytest.fixture
def make3d(tmp_path: Path) -> Path:
    for name in ("Train400Img", "Train400Depth"):
        (tmp_path / name).mkdir()
    cv2.imwrite(str(tmp_path / "Train400Img" / "img-math1-p-1.jpg"), SHOWN.sharp)
    grid = np.zeros((6, 8, 4))
    grid[..., 3] = np.linspace(1, 20, 8)
    file = tmp_path / "Train400Depth" / "depth_sph_corr-math1-p-1.mat"
    savemat(file, {"Position3DGrid": grid})
    return tmp_path


def test_make3d_gives_images_with_depth_of_their_size(make3d: Path) -> None:
    (frame,) = Make3D(make3d, "train")
    assert frame.name == "math1-p-1" and frame.depth.shape == (48, 64)
    assert frame.depth[0, [0, -1]].tolist() == [1.0, 20.0]
    with pytest.raises(InputError, match="Test134"):
        Make3D(make3d, "test")
    (make3d / "Train400Depth" / "depth_sph_corr-math1-p-1.mat").write_bytes(b"no such thing")
    with pytest.raises(InputError, match="no Position3DGrid"):
        Make3D(make3d, "train")[0]


def test_dpdd_gives_pairs_of_16_bits_in_order(tmp_path: Path) -> None:
    for part, names, gain in (
        ("source", ("1P0A1.png", "1P0A3.png"), 1),
        ("target", ("1P0A2.png", "1P0A4.png"), 2),
    ):
        (tmp_path / "test_c" / part).mkdir(parents=True)
        for number, name in enumerate(names):
            image = np.full((8, 12, 3), 1000 * gain + number, np.uint16)
            cv2.imwrite(str(tmp_path / "test_c" / part / name), image)
    frames = list(Dpdd(tmp_path, "test_c"))
    assert [(f.name, int(f.image.max()), int(f.sharp.max())) for f in frames] == [
        ("1P0A1", 1000, 2000), ("1P0A3", 1001, 2001),
    ]  # fmt: skip
    (tmp_path / "test_c" / "target" / "1P0A4.png").unlink()
    with pytest.raises(InputError, match="2 sources but 1 targets"):
        Dpdd(tmp_path, "test_c")[0]
    with pytest.raises(InputError, match="part must be one of"):
        Dpdd(tmp_path, "all")


def test_a_made_up_lens_blurs_what_is_out_of_its_focus() -> None:
    lens = MadeUpLens(focus_m=0.8, focal_mm=25.0)
    assert lens.blur_scale == pytest.approx(25e-3 / 2.8 * 25e3 / 5.6)
    depth = SHOWN.depth.copy()
    depth[:4, -4:] = np.nan
    made = defocused(SHOWN.sharp, depth, lens)
    difference = np.abs(made.astype(int) - SHOWN.sharp).mean(axis=2)
    assert difference[:, 40:].mean() > 5 * difference[:, 2:20].mean()


@pytest.fixture
def nyu(tmp_path: Path) -> Path:
    """Two images of NYUv2's format, columns first: one to train, one to test."""
    h5py = pytest.importorskip("h5py")
    depth = SHOWN.depth.T[None].repeat(2, axis=0)
    raw = depth.copy()
    raw[:, :4] = 0.0
    arrays = {
        "images": SHOWN.sharp[..., ::-1].transpose(2, 1, 0)[None].repeat(2, axis=0),
        "depths": depth,
        "rawDepths": raw,
        "labels": np.zeros(depth.shape, np.uint16),
    }
    with h5py.File(tmp_path / "nyu_depth_v2_labeled.mat", "w") as file:
        for name, values in arrays.items():
            file[name] = values
    splits = {"trainNdxs": np.array([[2]]), "testNdxs": np.array([[1]])}
    savemat(tmp_path / "splits.mat", splits)
    return tmp_path


def test_nyu_is_seen_through_the_lens_that_is_given(nyu: Path) -> None:
    lens = MadeUpLens(focus_m=0.8, focal_mm=25.0)
    (one,) = (NyuDefocused(nyu, "train", lens)[n] for n in range(1))
    np.testing.assert_array_equal(one.sharp, SHOWN.sharp)
    np.testing.assert_array_equal(one.image, defocused(SHOWN.sharp, SHOWN.depth, lens))
    assert (one.focus_dioptres, one.blur_scale) == (1.25, lens.blur_scale)
    measured = NyuDefocused(nyu, "test", lens, inpainted=False)[0]
    assert np.isnan(measured.depth[:, :4]).all() and measured.depth[0, 4] == SHOWN.depth[0, 4]
    with pytest.raises(InputError, match=r"splits\.mat is missing"):
        NyuDefocused(nyu / "elsewhere", "train")


def test_networks_learn_from_nyu_with_the_lens_as_data(nyu: Path) -> None:
    values = {"height": 32, "width": 64, "nyu.focus_m": 0.8, "nyu.focal_mm": 25.0}
    found = training_data([nyu], values, 2)
    item = found.held_out[1]
    assert item["image"].shape == (3, 32, 64) and bool(item["known"].all())
    # 25 mm at f/2.8: 40 px per dioptre, 0.75 dioptres to the far half.
    widest = 0.75 * MadeUpLens(focal_mm=25.0).blur_scale
    assert float(item["defocus"].max()) == pytest.approx(widest, rel=1e-4)
    assert "1 images of known truth in 1 folders" in found.source
    with pytest.raises(InputError, match="not both"):
        training_data([nyu, nyu / "views"], values, 2)

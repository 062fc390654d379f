"""What restoration learns from: degradations against optics/, crops, the published sets."""

from __future__ import annotations

import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

pytest.importorskip("torch")

import torch
from scipy.io import savemat

from ddff_perception.optics import degradation as exact
from ddff_perception.optics.blur_kernels import gaussian_kernel
from ddff_perception.restoration.data.crops import Crops, RestorationDataSettings
from ddff_perception.restoration.data.degrading import MIXED, SINGLE, as_seen, degradation
from ddff_perception.restoration.data.pictures import DRAWN, clean_pictures
from ddff_perception.restoration.data.published_sets import (
    CITYSCAPES,
    FACADES,
    cityscapes,
    facades,
    nyu13,
    recognised,
)
from ddff_perception.restoration.training import networks
from ddff_perception.simulation.classes import NYU13
from ddff_perception.training.degradation import demosaicked, gaussian_kernels, linear, smaller
from ddff_perception.types import InputError

RNG = np.random.default_rng(0)
IMAGE = cv2.GaussianBlur(RNG.random((48, 60, 3)).astype(np.float32), (0, 0), 1.5)
BATCH = torch.from_numpy(IMAGE.transpose(2, 0, 1).copy())[None]


def as_image(batch: torch.Tensor) -> np.ndarray:
    return batch[0].permute(1, 2, 0).numpy()


def test_the_torch_chain_is_that_of_optics() -> None:
    inside = (slice(2, -2), slice(2, -2))
    mosaic = exact.demosaicked(IMAGE, RNG)
    assert np.abs(as_image(demosaicked(BATCH)) - mosaic)[inside].max() < 1e-4
    for factor in (2, 3):
        small = exact.smaller(IMAGE, RNG, factor)
        assert np.abs(as_image(smaller(BATCH, factor)) - small).max() < 2e-3
    kernel = gaussian_kernels(torch.tensor([2.0]), 17)[0].numpy()
    assert np.abs(kernel - gaussian_kernel(2.0, 17)).max() < 1e-6
    light = exact.srgb_decode(IMAGE)
    assert np.abs(as_image(linear(BATCH)) - light).max() < 1e-5


@pytest.mark.parametrize("name", [*MIXED, *SINGLE])
def test_each_keeps_size_and_range_and_tells_what_it_did(name: str) -> None:
    torch.manual_seed(1)
    batch = torch.rand(2, 3, 32, 32)
    for _ in range(2 if name in MIXED else 1):
        found, kinds = as_seen(batch, degradation(name))
        assert found.shape == batch.shape and kinds.shape == (2, 4)
        assert found.min() >= 0 and found.max() <= 1 and kinds.min() >= 0 and kinds.max() <= 1
    if name in SINGLE:
        assert (found - batch).abs().mean() > 1e-3 and (kinds.max(1).values > 0).all()


def test_a_degradation_of_ones_own_is_imported(tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "my_lens.py").write_text(
        "def dim(images):\n    return images / 2\n\ndef cut(images):\n    return images[..., 1:]\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    found, _ = degradation("my_lens:dim")(torch.ones(1, 3, 8, 8))
    assert found.max() == 0.5
    with pytest.raises(InputError, match="of the size of its own"):
        degradation("my_lens:cut")(torch.ones(1, 3, 8, 8))
    for name, said in {
        "rain": "there is no degradation 'rain'; there are: mixed, grain, blur_2",
        "my_lens:rain": "cannot be imported",
        "no_lens:dim": "cannot be imported",
    }.items():
        with pytest.raises(InputError, match=said):
            degradation(name)
    sys.modules.pop("my_lens", None)


def test_crops_are_degraded_and_labelled() -> None:
    torch.manual_seed(0)
    pictures = clean_pictures((), 2)
    assert pictures.classes == DRAWN and len(pictures.images) == 2
    own = RestorationDataSettings(size=32, degradation="noise")
    batch = next(iter(Crops(pictures, own, 3)))
    assert batch["image"].shape == batch["clean"].shape == (3, 3, 32, 32)
    assert batch["labels"].shape == (3, 32, 32) and batch["labels"].max() < len(DRAWN)
    assert 0.005 < (batch["image"] - batch["clean"]).std() < 0.5


def test_what_is_made_without_learning_comes_along_and_is_nearer() -> None:
    torch.manual_seed(0)
    own = RestorationDataSettings(size=64, degradation="even_noise")
    batch = next(iter(Crops(clean_pictures((), 2), own, 4, based=True)))
    assert batch["base"].shape == batch["image"].shape == (4, 3, 64, 64)
    assert batch["labels"].shape == (4, 64, 64)
    away = [(batch[name] - batch["clean"]).square().mean() for name in ("base", "image")]
    assert away[0] < 0.7 * away[1]


def test_the_papers_size_is_made_before_crops_are_cut(tmp_path: Path) -> None:
    labelled = photo(tmp_path / "cmp_b0001.jpg", (40, 90))
    cv2.imwrite(str(tmp_path / "cmp_b0001.png"), np.full(labelled.shape[:2], 3, np.uint8))
    pictures = clean_pictures((tmp_path,), 0, resize=36)
    assert pictures.images[0].shape == (3, 36, 36) and pictures.labels[0].shape == (36, 36)
    assert (pictures.labels[0] == FACADES.index("window")).all()
    assert clean_pictures((tmp_path,), 0).images[0].shape == (3, 40, 90)
    assert clean_pictures((), 1, resize=36).images[0].shape == (3, 36, 36)
    assert networks.SSN.PRESET_VALUES["paper"]["resize"] == 286


def test_photographs_have_no_labels_and_small_ones_are_filled_up(tmp_path: Path) -> None:
    for name in ("a", "b"):
        cv2.imwrite(str(tmp_path / f"{name}.png"), (IMAGE[:20] * 255).astype(np.uint8))
    pictures = clean_pictures((tmp_path,), 0)
    assert pictures.classes == ("anything",) and (pictures.labels[0] == 255).all()
    batch = next(iter(Crops(pictures, RestorationDataSettings(size=32), 2)))
    assert batch["clean"].shape == (2, 3, 32, 32)


def test_each_folder_is_drawn_as_often_as_another_however_many_images_it_holds(
    tmp_path: Path,
) -> None:
    for number in range(9):
        photo(tmp_path / ("few" if number == 8 else "many") / f"{number}.png")
    torch.manual_seed(0)
    pictures = clean_pictures((tmp_path / "many", tmp_path / "few"), 0)
    drawn = [pictures.drawn() for _ in range(200)]
    assert 80 < drawn.count(8) < 120 and set(drawn) == set(range(9))


def test_even_noise_is_as_strong_in_the_dark_as_in_the_light() -> None:
    torch.manual_seed(0)
    batch = torch.cat([torch.full((1, 3, 64, 64), level) for level in (0.4, 0.6)])
    found, kinds = SINGLE["even_noise"](batch)
    measured = (found - batch).std(dim=(1, 2, 3))
    assert torch.allclose(measured, kinds[:, 0] * 50 / 255, rtol=0.05)


def photo(file: Path, size: tuple[int, int] = (16, 24)) -> np.ndarray:
    file.parent.mkdir(parents=True, exist_ok=True)
    image = RNG.integers(0, 255, (*size, 3), np.uint8)
    cv2.imwrite(str(file), image)
    return image


def test_facades_in_cmps_own_format(tmp_path: Path) -> None:
    from PIL import Image

    photo(tmp_path / "base" / "cmp_b0001.jpg")
    numbers = RNG.integers(1, 13, (16, 24)).astype(np.uint8)
    palette = Image.fromarray(numbers, "P")
    palette.putpalette([n for n in range(256) for _ in range(3)])
    palette.save(tmp_path / "base" / "cmp_b0001.png")
    (one,) = facades(tmp_path, "train")
    image, labels = one.load()
    assert image.shape == (16, 24, 3) and recognised(tmp_path) == "facades"
    for number, name in {1: "background", 2: "facade", 3: "window", 12: "shop"}.items():
        assert (labels[numbers == number] == FACADES.index(name)).all()
    with pytest.raises(InputError, match="no images of the split 'test'"):
        facades(tmp_path, "test")


def test_facades_in_pix2pix_format(tmp_path: Path) -> None:
    both = np.zeros((64, 128, 3), np.uint8)
    both[:, 64:96], both[:, 96:] = (255, 0, 0), (0, 170, 255)  # facade and deco, as B, G, R
    for split in ("train", "val", "test"):
        (tmp_path / split).mkdir()
        cv2.imwrite(str(tmp_path / split / "1.jpg"), both)
    (one,) = facades(tmp_path, "val")
    image, labels = one.load()
    assert image.shape == (64, 64, 3) and recognised(tmp_path) == "facades"
    assert (labels[4:-4, 4:28] == FACADES.index("facade")).all()
    assert (labels[4:-4, 36:60] == FACADES.index("deco")).all()


def test_photographs_in_folders_named_like_facades_splits_are_not_cut_in_half(
    tmp_path: Path,
) -> None:
    for split in ("train", "val", "test"):
        (tmp_path / split).mkdir()
        cv2.imwrite(str(tmp_path / split / "1.jpg"), (IMAGE * 255).astype(np.uint8))
    with pytest.raises(InputError, match="name the one that holds the photographs"):
        clean_pictures((tmp_path,), 0)
    assert clean_pictures((tmp_path / "train",), 0).classes == ("anything",)


def test_nyu_with_13_classes_is_split_as_its_file_says(tmp_path: Path) -> None:
    for number in (1, 2, 3):
        photo(tmp_path / "rgb" / f"nyu_rgb_{number:04d}.png")
        labels = np.full((16, 24), number, np.uint8)
        labels[:4] = 0
        (tmp_path / "labels").mkdir(exist_ok=True)
        cv2.imwrite(str(tmp_path / "labels" / f"new_nyu_class13_{number:04d}.png"), labels)
    with pytest.raises(InputError, match=r"no splits\.mat"):
        nyu13(tmp_path, "train")
    savemat(tmp_path / "splits.mat", {"trainNdxs": [[1], [3]], "testNdxs": [[2]]})
    assert [one.image.name for one in nyu13(tmp_path, "train")] == [
        "nyu_rgb_0001.png",
        "nyu_rgb_0003.png",
    ]
    _, found = nyu13(tmp_path, "test")[0].load()
    assert (found[:4] == 255).all() and (found[4:] == NYU13.index("books")).all()
    assert recognised(tmp_path) == "nyu13"


def test_cityscapes_becomes_its_categories(tmp_path: Path) -> None:
    name = "train/ulm/ulm_000000_000019"
    photo(tmp_path / "leftImg8bit" / f"{name}_leftImg8bit.png")
    with pytest.raises(InputError, match="there are no labels"):
        cityscapes(tmp_path, "train")
    numbers = np.zeros((16, 24), np.uint8)
    wanted = {7: "flat", 11: "construction", 20: "object", 21: "nature", 23: "sky", 25: "human",
              33: "vehicle"}  # fmt: skip
    for row, number in enumerate(wanted):
        numbers[row] = number
    file = tmp_path / "gtFine" / f"{name}_gtFine_labelIds.png"
    file.parent.mkdir(parents=True)
    cv2.imwrite(str(file), numbers)
    _, labels = cityscapes(tmp_path, "train")[0].load()
    assert [CITYSCAPES[n] for n in labels[: len(wanted), 0]] == list(wanted.values())
    assert (labels[len(wanted) :] == 255).all() and recognised(tmp_path) == "cityscapes"
    cv2.imwrite(str(file), numbers[:8])
    with pytest.raises(InputError, match="do not fit the image"):
        cityscapes(tmp_path, "train")[0].load()

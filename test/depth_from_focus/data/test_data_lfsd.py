import numpy as np
import pytest
from scipy.io import savemat

torch = pytest.importorskip("torch")

from ddff_perception.depth_from_focus.data.lfsd import LightFieldSamples, find_samples
from ddff_perception.files.images import write_image
from ddff_perception.types import InputError

PACKINGS = ("folders", "refocus", "mat")


def stack_of(number):
    """Four slices, 24x32, BGR; slice s has the value 40 s + number in its blue channel."""
    slices = np.zeros((4, 24, 32, 3), np.uint8)
    slices[..., 0] = 40 * np.arange(4)[:, None, None] + number
    slices[..., 2] = np.arange(32)
    return slices


def write_samples(folder, packing, count=2):
    """The data set in one of the packings it comes in."""
    for part in ("allfocus", "depth", "focalstack"):
        (folder / part).mkdir(parents=True)
    for number in range(1, count + 1):
        stack = stack_of(number)
        write_image(folder / "allfocus" / f"{number}.png", stack[0])
        depth = np.tile(np.arange(32, dtype=np.uint8) * 8, (24, 1))
        write_image(folder / "depth" / f"{number}.png", depth)
        place = folder / "focalstack"
        if packing == "mat":
            rgb = np.concatenate(list(stack[..., ::-1]), axis=-1)
            savemat(place / f"{number}.mat", {"img": rgb})
            continue
        for s, image in enumerate(stack):
            if packing == "folders":
                (place / f"{number}").mkdir(exist_ok=True)
                write_image(place / f"{number}" / f"{s}.png", image)
            else:
                write_image(place / f"{number}__refocus_{s:02d}.png", image)
    return folder


@pytest.mark.parametrize("packing", PACKINGS)
def test_every_packing_gives_the_same_samples(tmp_path, packing):
    samples = find_samples(write_samples(tmp_path / "set", packing))
    assert [sample.name for sample in samples] == ["1", "2"]
    item = LightFieldSamples(samples, slices=4, augment=False)[1]
    expected = stack_of(2).transpose(0, 3, 1, 2) / np.float32(255)
    np.testing.assert_allclose(item["images"], expected, atol=1e-6)
    np.testing.assert_allclose(item["rgb"], expected[0], atol=1e-6)
    np.testing.assert_allclose(item["truth"][5], np.arange(32) * 8 / 255, atol=1e-6)
    assert not item["valid"][:, 0].any()
    assert item["valid"][:, 1:].all()
    assert torch.isnan(item["dioptres"]).all()


def test_samples_of_fewer_slices_repeat_some(tmp_path):
    samples = find_samples(write_samples(tmp_path / "set", "mat"))
    item = LightFieldSamples(samples, slices=12, augment=False)[0]
    assert item["images"].shape == (12, 3, 24, 32)
    assert len(item["images"][:, 0, 0, 0].unique()) == 4


def test_all_parts_change_alike(tmp_path):
    """Mirrored and turned alike: the depth stays the red channel's place."""
    samples = find_samples(write_samples(tmp_path / "set", "mat"))
    data = LightFieldSamples(samples, slices=2)
    seen = set()
    for seed in range(6):
        torch.manual_seed(seed)
        item = data[0]
        assert item["images"].shape == (2, 3, 24, 32)
        red, depth, valid = item["images"][0, 2], item["truth"], item["valid"]
        both = torch.stack([red[valid], depth[valid]])
        assert torch.corrcoef(both)[0, 1] > 0.97
        seen.add(bool(depth[12, 2] > depth[12, -3]))
    assert seen == {True, False}


def test_of_a_split_the_training_samples_are_learned_from(tmp_path):
    write_samples(tmp_path / "set" / "train_data", "mat")
    write_samples(tmp_path / "set" / "test_data", "mat", count=1)
    assert len(find_samples(tmp_path / "set")) == 2
    assert len(find_samples(tmp_path / "set" / "test_data")) == 1


def test_what_is_missing_or_wrong_is_named(tmp_path):
    folder = write_samples(tmp_path / "set", "mat")
    with pytest.raises(InputError, match="one folder named allfocus or"):
        find_samples(tmp_path)
    (folder / "depth" / "2.png").unlink()
    with pytest.raises(InputError, match="sample 2 has no depth map"):
        find_samples(folder)
    (folder / "allfocus" / "2.png").unlink()
    (folder / "focalstack" / "1.mat").write_bytes(b"no matlab file at all")
    with pytest.raises(InputError, match="no MATLAB file"):
        LightFieldSamples(find_samples(folder))[0]
    savemat(folder / "focalstack" / "1.mat", {"img": np.zeros((24, 32, 4), np.uint8)})
    with pytest.raises(InputError, match="must hold `img`"):
        LightFieldSamples(find_samples(folder))[0]
    savemat(folder / "focalstack" / "1.mat", {"img": np.zeros((8, 8, 6), np.uint8)})
    with pytest.raises(InputError, match="must have one size"):
        LightFieldSamples(find_samples(folder))[0]
    (folder / "focalstack" / "1.mat").unlink()
    with pytest.raises(InputError, match="no slices of the sample 1"):
        find_samples(folder)

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from ddff_perception.depth_from_focus.data.mobile import THESIS_PHONE_M, MobileStacks, find_sweeps
from ddff_perception.files.images import write_image
from ddff_perception.types import InputError


@pytest.fixture
def sweeps(tmp_path):
    for scene, count in (("plants", 23), ("balls", 12)):
        (tmp_path / scene).mkdir()
        for number in range(count):
            image = np.full((36, 64, 3), 10 * number, np.uint8)
            write_image(tmp_path / scene / f"a{number}.png", image)
    return tmp_path


def test_twelve_slices_are_picked_evenly_in_natural_order(sweeps):
    folders = find_sweeps(sweeps)
    assert [path.name for path in folders] == ["balls", "plants"]
    item = MobileStacks(folders)[1]
    assert item["images"].shape == (12, 3, 36, 64)
    levels = (item["images"][:, 0, 0, 0] * 255).round()
    assert levels.tolist() == [20.0 * i for i in range(12)]
    assert torch.isnan(item["dioptres"]).all()


def test_a_sweep_over_known_distances(sweeps):
    item = MobileStacks(find_sweeps(sweeps), slices=3, width=32, sweep_m=THESIS_PHONE_M)[0]
    assert item["images"].shape == (3, 3, 18, 32)
    np.testing.assert_allclose(1 / item["dioptres"][[0, 2]], [0.1, 4.0], rtol=1e-5)


def test_distances_in_the_names_count(tmp_path):
    (tmp_path / "scene").mkdir()
    for distance in (0.5, 1.0, 2.0):
        image = np.zeros((8, 8), np.uint8)
        write_image(tmp_path / "scene" / f"image_{distance}.png", image)
    item = MobileStacks([tmp_path / "scene"], slices=3)[0]
    assert item["dioptres"].tolist() == [2.0, 1.0, 0.5]


def test_the_real_phone_stack_is_read(real_captures):
    folder = real_captures / "pixel6_sweep"
    count = len(list(folder.glob("*.jpg"))) or len(list(folder.glob("*.png")))
    if count < 2:
        pytest.skip("the capture is not here")
    item = MobileStacks([folder], slices=min(count, 5), width=320)[0]
    assert item["images"].shape[0] == min(count, 5)
    assert item["images"].shape[3] == 320
    assert item["images"].std() > 0.05


def test_what_cannot_be_used_is_named(sweeps, tmp_path):
    with pytest.raises(InputError, match="12 photographs, fewer than 20"):
        MobileStacks(find_sweeps(sweeps), slices=20)
    with pytest.raises(InputError, match="metres > 0"):
        MobileStacks(find_sweeps(sweeps), sweep_m=(0.0, 1.0))
    with pytest.raises(InputError, match="no folders of photographs"):
        find_sweeps(sweeps / "plants")
    with pytest.raises(InputError, match="no stacks"):
        MobileStacks([])
    write_image(sweeps / "balls" / "a3.png", np.zeros((5, 5, 3), np.uint8))
    with pytest.raises(InputError, match="one size and type"):
        MobileStacks(find_sweeps(sweeps))[0]

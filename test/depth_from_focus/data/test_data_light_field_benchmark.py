import numpy as np
import pytest
from light_field_folders import write_benchmark_folder
from light_fields import plane_light_field

torch = pytest.importorskip("torch")

from ddff_perception.depth_from_focus.data.light_field_benchmark import (
    LEARNED,
    LightFieldBenchmark,
    find_scenes,
)
from ddff_perception.types import InputError

DEPTH_M = 9.0
DISPARITY = 0.1 * 100 / 35 * 64 * (1 / DEPTH_M - 0.1)


@pytest.fixture
def folder(tmp_path):
    views = plane_light_field(DISPARITY).views
    write_benchmark_folder(tmp_path / "additional" / "antinous", views, depth=DEPTH_M)
    write_benchmark_folder(tmp_path / "stratified" / "dots", views, depth=DEPTH_M)
    write_benchmark_folder(tmp_path / "training" / "cotton", views)
    return tmp_path


def test_what_is_learned_from_is_that_of_the_paper(folder):
    assert len(set(LEARNED)) == 20
    assert not set(LEARNED) & {"boxes", "cotton", "dino", "sideboard"}
    assert [path.name for path in find_scenes(folder)] == ["antinous", "dots"]
    assert [path.name for path in find_scenes(folder / "additional")] == ["antinous"]


def test_a_scene_is_a_stack_that_is_sharp_at_its_disparity(folder):
    item = LightFieldBenchmark(find_scenes(folder), slices=11, crop=48, augment=False)[0]
    assert item["images"].shape == (11, 3, 48, 48)
    np.testing.assert_allclose(item["disparities"], np.linspace(2.5, -2.5, 11), atol=1e-6)
    np.testing.assert_allclose(item["truth_disparity"], DISPARITY, rtol=1e-5)
    np.testing.assert_allclose(item["truth"], 1 / DEPTH_M, rtol=1e-5)
    sharpness = item["images"].diff(dim=-1).abs().mean(dim=(1, 2, 3))
    nearest = (item["dioptres"] - 1 / DEPTH_M).abs().argmin()
    assert sharpness.argmax() == nearest == 5
    assert item["dioptres"][-1] < 0


def test_random_crops_are_of_one_size_and_differ(folder):
    data = LightFieldBenchmark(find_scenes(folder), slices=3, crop=32)
    assert len(data) == 2
    torch.manual_seed(1)
    first = data[0]["images"]
    torch.manual_seed(2)
    assert first.shape == (3, 3, 32, 32)
    assert not torch.equal(first, data[0]["images"])


def test_what_is_missing_is_named(folder, tmp_path):
    with pytest.raises(InputError, match="holds none of the scenes"):
        find_scenes(folder / "training")
    with pytest.raises(InputError, match=r"no gt_disp_lowres\.pfm"):
        LightFieldBenchmark([folder / "training" / "cotton"])[0]
    with pytest.raises(InputError, match="does not fit"):
        LightFieldBenchmark(find_scenes(folder))[0]
    with pytest.raises(InputError, match="no light fields"):
        LightFieldBenchmark([])

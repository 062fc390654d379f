"""Views of a rendered world as what stacks are blurred from."""

from dataclasses import replace

import numpy as np
import pytest
from drawn_worlds import HEIGHT, WIDTH, drawn_world

torch = pytest.importorskip("torch")
pytest.importorskip("lightning")

from ddff_perception.depth_from_focus.data.generated.making import make_stacks
from ddff_perception.depth_from_focus.data.generated.stack_files import stack_files
from ddff_perception.depth_from_focus.data.generated.stacks import StackSettings
from ddff_perception.registry import CAPABILITIES
from ddff_perception.simulation.dataset.sharp_views import (
    assets_of,
    is_world,
    without_pattern,
    write_world_views,
)
from ddff_perception.training.export import learned_from
from ddff_perception.training.registry import make_job
from ddff_perception.training.views.view_pool import ViewPool, read_view
from ddff_perception.types import InputError


@pytest.fixture
def world(tmp_path):
    folder = tmp_path / "world"
    return folder, drawn_world(folder)


def test_views_have_the_worlds_light_and_inverse_depth(world, tmp_path):
    folder, arrays = world
    views, told = tmp_path / "views", []
    write_world_views(views, [folder], lambda done, total: told.append((done, total)))
    assert told == [(1, 2), (2, 2)]
    view = read_view(views / "world0_000001.npy")
    assert view.shape == (HEIGHT, WIDTH, 4)
    assert not view[:8, :, 3].any() and (view[8:, :, 3] == 0.5).all()
    radiance = arrays["radiance_1"][0, ..., ::-1].astype(np.float32)
    np.testing.assert_allclose(np.square(view[..., :3].astype(np.float32)), radiance, rtol=0.05)


def test_a_denoisers_pattern_goes_and_texture_stays():
    pattern = np.tile(np.float32([[0.5, 0.503], [0.497, 0.5]]), (20, 20))[..., None].repeat(3, 2)
    assert np.ptp(without_pattern(pattern)[4:-4, 4:-4]) < 0.3 * np.ptp(pattern)
    texture = np.tile(np.float32([[0.4, 0.5], [0.6, 0.5]]), (20, 20))[..., None].repeat(3, 2)
    np.testing.assert_allclose(without_pattern(texture), texture, rtol=0.02)


def test_stacks_are_blurred_from_a_world_and_its_assets_are_told(world, tmp_path):
    folder, _ = world
    assert is_world(folder) and not is_world(tmp_path)
    assert assets_of([folder]) == ["a chair", "a lamp"]
    settings = StackSettings(height=32, width=64, slice_counts=(4,), traced=1.0)
    made = make_stacks(tmp_path / "stacks", 3, 0, settings, [folder])
    assert [file.name for file in stack_files(made)] == [f"04_00000{n}.npz" for n in range(3)]
    assert len(list((made / "views").glob("*.npy"))) == 2


def test_stacks_of_another_world_or_of_other_settings_are_not_taken(world, tmp_path):
    folder, _ = world
    settings = StackSettings(height=32, width=64, slice_counts=(4,), traced=1.0)
    made = make_stacks(tmp_path / "stacks", 3, 0, settings, [folder])
    assert make_stacks(made, 3, 0, settings, [folder]) == made
    with pytest.raises(InputError, match="other worlds or settings"):
        make_stacks(made, 3, 0, replace(settings, closest=0.5), [folder])
    with pytest.raises(InputError, match="other worlds or settings"):
        make_stacks(made, 3, 0, settings)
    (made / "made_of.json").unlink()
    with pytest.raises(InputError, match="other worlds or settings"):
        make_stacks(made, 3, 0, settings, [folder])
    (folder / "index.jsonl").rename(folder / "later.jsonl")
    with pytest.raises(InputError, match="not complete"):
        make_stacks(tmp_path / "new", 3, 0, settings, [folder])
    (folder / "later.jsonl").rename(folder / "index.jsonl")


def test_a_training_on_a_world_records_what_it_showed(world, tmp_path):
    folder, _ = world
    wanted = [f"stacks_folder={tmp_path / 'stacks'}"]
    job = make_job(CAPABILITIES["depth_from_focus"], "focus_stream", "smoke", wanted, [folder])
    assert job.record["assets"] == ["a chair", "a lamp"]
    assert job.record["training_data"] == "6 stacks"
    assert "rendered rooms" in learned_from(job.record, "")


def test_views_that_are_blurred_on_the_device_are_drawn_as_asked(world, tmp_path):
    folder, _ = world
    wanted = ["on_device=true", "traced=0.9", "closest=0.5", "scenes=1"]
    wanted.append(f"views_folder={tmp_path / 'views'}")
    job = make_job(CAPABILITIES["depth_from_focus"], "focus_stream", "smoke", wanted, [folder])
    drawn = job.train
    assert (drawn._pool._traced, drawn._pool._closest) == (0.9, 0.5)
    assert drawn._settings.sweep.lights > 0


def test_views_of_different_sizes_are_drawn_from_together(world, tmp_path):
    folder, _ = world
    views = tmp_path / "views"
    write_world_views(views, [folder])
    np.save(views / "other.npy", np.ones((64, 96, 4), np.float16))
    pool = ViewPool([views], torch.device("cpu"))
    radiance, dioptres = pool.draw(8, 32, 48)
    assert radiance.shape == (8, 3, 32, 48) and dioptres.shape == (8, 32, 48)
    assert pool.traced == 3


def test_a_world_that_is_not_complete_is_refused(world, tmp_path):
    folder, _ = world
    (folder / "index.jsonl").unlink()
    with pytest.raises(InputError, match="no complete index"):
        write_world_views(tmp_path / "views", [folder])

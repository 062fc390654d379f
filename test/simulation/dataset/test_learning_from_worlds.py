"""What every reader of training data does with a data set of `ddff simulate dataset`."""

import numpy as np
import pytest
from drawn_worlds import drawn_world

pytest.importorskip("torch")
pytest.importorskip("lightning")

from ddff_perception.deblurring.data import moving_scenes
from ddff_perception.deblurring.data.pictures import sharp_pictures
from ddff_perception.defocus.data.sources import view_files
from ddff_perception.registry import CAPABILITIES
from ddff_perception.restoration.data.pictures import clean_pictures
from ddff_perception.segmentation.data.depth_sensors import SENSORS
from ddff_perception.segmentation.data.sources import training_views
from ddff_perception.segmentation.data.views import rendered_frame
from ddff_perception.simulation.dataset.reader import WorldDataset
from ddff_perception.simulation.dataset.sharp_views import assets_of, write_world_views
from ddff_perception.training.registry import make_job
from ddff_perception.types import InputError


def focus_stream(world, out):
    wanted = [f"stacks_folder={out / 'stacks'}"]
    make_job(CAPABILITIES["depth_from_focus"], "focus_stream", "smoke", wanted, [world])


READERS = {
    "views": lambda world, out: write_world_views(out / "views", [world]),
    "assets": lambda world, out: assets_of([world]),
    "depth from focus": focus_stream,
    "defocus": lambda world, out: view_files([world], out, 0),
    "segmentation": lambda world, out: training_views([world], "", 0),
    "restoration": lambda world, out: clean_pictures([world], 0),
    "deblurring": lambda world, out: sharp_pictures([world], 0),
    "bursts": lambda world, out: moving_scenes.Pictures([], [world]),
}


@pytest.mark.parametrize("reader", READERS)
def test_nothing_learns_from_a_world_that_is_kept_for_judges(tmp_path, reader):
    drawn_world(tmp_path / "world", use="judge")
    with pytest.raises(InputError, match="world is kept to judge by"):
        READERS[reader](tmp_path / "world", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def region(world):
    rng = np.random.default_rng(
        next(n for n in range(99) if np.random.default_rng(n).random() < 0.2)
    )
    return moving_scenes.Pictures([], [world]).region(rng).light


def stacked_from(world, out):
    write_world_views(out, [world])
    return np.load(out / "world0_000000.npy")


LIGHT = {
    "stacks": stacked_from,
    "segmentation": lambda world, out: training_views([world], "", 0).light[0],
    "its judges": lambda world, out: (
        rendered_frame(WorldDataset(world)[0], SENSORS[0], np.random.default_rng(0)).colour
    ),
    "restoration": lambda world, out: clean_pictures([world], 0).images[0].numpy(),
    "deblurring": lambda world, out: sharp_pictures([world], 0)[0].numpy(),
    "bursts": lambda world, out: region(world),
}


@pytest.mark.parametrize("reader", LIGHT)
def test_of_many_frames_the_middle_one_goes_with_the_truth(tmp_path, reader):
    for frames in (1, 3):
        drawn_world(tmp_path / f"{frames}", frames=frames)
    one, three = (LIGHT[reader](tmp_path / f"{n}", tmp_path / f"views{n}") for n in (1, 3))
    np.testing.assert_array_equal(one, three)


def test_judges_are_read_by_what_judges(tmp_path):
    world = tmp_path / "world"
    drawn_world(world, use="judge")
    assert len(view_files([world], tmp_path / "out", 0, judges=True).held_out) == 1
    assert len(training_views([world], "", 0, judges=True)) == 2
    assert len(clean_pictures([world], 0, judges=True).images) == 2

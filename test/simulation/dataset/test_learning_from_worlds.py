"""What every reader of training data does with a data set of `ddff simulate dataset`."""

import pytest
from drawn_worlds import drawn_world

pytest.importorskip("torch")
pytest.importorskip("lightning")

from ddff_perception.deblurring.data import moving_scenes
from ddff_perception.deblurring.data.pictures import sharp_pictures
from ddff_perception.defocus.data.sources import view_files
from ddff_perception.registry import CAPABILITIES
from ddff_perception.restoration.data.pictures import clean_pictures
from ddff_perception.segmentation.data.sources import training_views
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


def test_judges_are_read_by_what_judges(tmp_path):
    world = tmp_path / "world"
    drawn_world(world, use="judge")
    assert len(view_files([world], tmp_path / "out", 0, judges=True).held_out) == 1
    assert len(training_views([world], "", 0, judges=True)) == 2
    assert len(clean_pictures([world], 0, judges=True).images) == 2

"""Labelled RGB-D folders as views: what a user fine-tunes on."""

import numpy as np
import pytest

from ddff_perception.files.rgbd_folder import RgbdFolder, RgbdImages, read_rgbd, write_rgbd
from ddff_perception.segmentation.data.real_frames import SIZE, folder_views
from ddff_perception.segmentation.data.sources import training_views
from ddff_perception.types import CameraModel, InputError

CAMERA = CameraModel.centred(64, 48, 60.0)


def images(labelled=True):
    colour = np.full((48, 64, 3), (10, 120, 240), np.uint8)
    depth = np.full((48, 64), 2000, np.uint16)
    depth[10:20, 10:20] = 0
    labels = np.full((48, 64), 11, np.uint8)
    labels[24:] = 4
    return RgbdImages(colour, depth, labels if labelled else None, (0.0, 1.0, 0.0))


@pytest.fixture
def folder(tmp_path):
    write_rgbd(tmp_path / "mine", RgbdFolder(tmp_path, [], camera=CAMERA), [images()] * 8)
    return tmp_path / "mine"


def test_frames_become_views_of_one_size_with_their_labels(folder):
    view = next(folder_views(read_rgbd(folder)))
    assert view.light.shape == (*SIZE, 3) and view.labels.shape == SIZE
    assert set(np.unique(view.labels)) == {4, 11}
    # A wall across the view: seen by its normal; holes are filled.
    assert np.median(view.hha[0, ..., 2]) == pytest.approx(128, abs=3)
    assert (view.hha[0, 20:220, 20:300, 0] > 0).all()


def test_training_takes_the_folder_and_remembers_what_it_is(folder):
    views = training_views((folder,), "", 0)
    assert len(views) == 8
    assert views.label_classes == 13
    assert views.facts["source"] == "the user's frames"


def test_frames_without_labels_are_told(tmp_path):
    write_rgbd(tmp_path / "x", RgbdFolder(tmp_path, [], camera=CAMERA), [images(labelled=False)])
    with pytest.raises(InputError, match="frame 0 has no labels"):
        training_views((tmp_path / "x",), "", 0)

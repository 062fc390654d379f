"""Views that are prepared and drawn: weights, cuts, missing modalities, other classes."""

import numpy as np
import pytest
import torch

from ddff_perception.segmentation.data.batches import (
    DrawnBatches,
    DrawSettings,
    WholeViews,
    label_table,
    median_frequency_weights,
)
from ddff_perception.segmentation.data.blocks import block_views
from ddff_perception.segmentation.data.colour import light_of_picture, packed_light, photograph
from ddff_perception.segmentation.data.sources import training_views
from ddff_perception.segmentation.data.views import PreparedViews, prepare_views
from ddff_perception.simulation.classes import NYU13, NYU40
from ddff_perception.types import InputError


@pytest.fixture
def views(tmp_path):
    return prepare_views(block_views(6, 13), 6, tmp_path / "views", {"classes": 13})


def drawn(views, **settings):
    torch.manual_seed(0)
    batches = DrawnBatches(views, range(len(views)), 4, DrawSettings(64, 96, 13, **settings))
    return batches, iter(batches)


def test_prepared_views_come_back_as_they_were(views):
    again = PreparedViews(views.folder)
    for number, view in enumerate(block_views(6, 13)):
        np.testing.assert_array_equal(again.light[number], view.light)
        np.testing.assert_array_equal(again.labels[number], view.labels)
        np.testing.assert_array_equal(again.hha[number], view.hha)


def test_batches_have_the_shapes_and_ranges_that_networks_take(views):
    _, batches = drawn(views)
    batch = next(batches)
    assert batch["colour"].shape == batch["hha"].shape == (4, 3, 64, 96)
    assert batch["labels"].shape == (4, 64, 96) and batch["labels"].dtype == torch.int64
    assert batch["colour"].min() >= 0 and batch["colour"].max() <= 255
    assert set(batch["labels"].unique().tolist()) <= {*range(13), 255}


def test_the_same_seed_gives_the_same_batches(views):
    first, second = next(drawn(views)[1]), next(drawn(views)[1])
    for name, values in first.items():
        assert torch.equal(values, second[name]), name


def test_a_missing_modality_is_black_and_said_and_never_both(views):
    _, batches = drawn(views, missing=0.3)
    seen = []
    for _ in range(12):
        batch = next(batches)
        for number, (colour, depth) in enumerate(batch["present"].tolist()):
            seen.append((colour, depth))
            assert bool(batch["colour"][number].any()) == bool(colour)
            assert bool(batch["hha"][number].any()) == bool(depth)
    assert {(1.0, 1.0), (0.0, 1.0), (1.0, 0.0)} == set(seen)
    assert 0.15 < np.mean([not colour for colour, _ in seen]) < 0.45


def test_weights_are_median_frequencies():
    counts = np.array([[60, 40, 0], [0, 50, 50]])
    # Shares where shown: 0.6, 0.45, 0.5; the median is 0.5.
    np.testing.assert_allclose(median_frequency_weights(counts), [0.5 / 0.6, 0.5 / 0.45, 1.0])
    assert median_frequency_weights(np.array([[5, 0], [5, 0]])).tolist() == [1.0, 0.0]


def test_views_of_rare_classes_are_drawn_more_often(tmp_path):
    class One:
        label_classes = 13
        hha = np.zeros((10, 1, 4, 4, 3), np.uint8)
        labels = np.zeros((10, 4, 4), np.uint8)

    One.labels[0] = 1
    batches = DrawnBatches(One, range(10), 1, DrawSettings(32, 32, 13, rare=0.5))
    assert batches._odds[0] > 2 * batches._odds[1]
    alike = DrawnBatches(One, range(10), 1, DrawSettings(32, 32, 13, rare=0.0))
    assert alike._odds[0] == pytest.approx(alike._odds[1])


def test_whole_views_are_the_same_each_time(views):
    settings = DrawSettings(64, 96, 13)
    first, second = WholeViews(views, [3, 4], settings)[1], WholeViews(views, [4], settings)[0]
    for name, values in first.items():
        assert torch.equal(values, second[name])


def test_labels_of_forty_classes_become_thirteen_or_thirty_seven():
    thirteen = label_table(40, 13)
    assert NYU13[thirteen[NYU40.index("desk")]] == "table"
    assert thirteen[255] == 255
    assert label_table(40, 37)[[36, 37, 39]].tolist() == [36, 255, 255]
    with pytest.raises(InputError, match="13 classes do not tell 40"):
        label_table(13, 40)


def test_light_survives_its_packing_and_pictures_look_alike():
    light = np.linspace(0, 3.9, 200, dtype=np.float32).reshape(10, 20)
    back = (packed_light(light) / 255.0) ** 2 * 4
    assert np.abs(back - light).max() < 0.035
    picture = np.full((8, 8, 3), (40, 120, 200), np.uint8)
    shown = np.mean(
        [photograph(light_of_picture(picture), np.random.default_rng(s)) for s in range(60)], 0
    )
    assert np.abs(shown.mean(axis=(0, 1)) - (40, 120, 200)).max() < 45
    assert shown.dtype == np.float64 and shown.shape == (8, 8, 3)


def test_a_cache_of_other_data_is_refused(tmp_path):
    made = training_views((), str(tmp_path / "cache"), 0)
    assert len(made) == len(training_views((), str(tmp_path / "cache"), 0))
    about = tmp_path / "cache" / "views.json"
    about.write_text(about.read_text().replace("coloured blocks", "something else"))
    with pytest.raises(InputError, match="views of other data"):
        training_views((), str(tmp_path / "cache"), 0)


def test_a_folder_that_is_none_is_refused(tmp_path):
    (tmp_path / "views.json").write_text('{"format": 9}')
    with pytest.raises(InputError, match="no prepared views"):
        PreparedViews(tmp_path)
    with pytest.raises(InputError, match="2 views came where 3"):
        prepare_views(block_views(2, 13), 3, tmp_path / "short", {})
    assert not (tmp_path / "short").exists()

import numpy as np
import pytest
import torch

from ddff_perception.depth_from_focus.data_light_field import (
    PATTERNS,
    light_field_batch,
    pick_sub_apertures,
)
from ddff_perception.depth_from_focus.network_ddffnet import DDFFNet
from ddff_perception.types import InputError


@pytest.mark.parametrize("pattern", [p for p in PATTERNS if p not in ("row", "column")])
def test_eleven_of_81_lie_around_the_central_one(pattern):
    places = pick_sub_apertures(9, 9, pattern)
    assert len({tuple(place) for place in places.tolist()}) == 11
    assert places[5].tolist() == [4, 4]
    np.testing.assert_array_equal(places + places[::-1], 8)


def test_patterns_are_where_their_names_say():
    assert pick_sub_apertures(9, 9, "row", 9).tolist() == [[4, u] for u in range(9)]
    assert pick_sub_apertures(5, 5, "column", 3).tolist() == [[0, 2], [2, 2], [4, 2]]
    cross = pick_sub_apertures(9, 9, "cross", 17)
    assert ((cross == 4).any(axis=1)).all()
    diagonals = pick_sub_apertures(9, 9, "diagonals", 17)
    assert (abs(diagonals[:, 0] - 4) == abs(diagonals[:, 1] - 4)).all()
    assert len(pick_sub_apertures(9, 9, "cross", 10)) == 10


def test_what_no_grid_has_is_told():
    with pytest.raises(InputError, match="pattern must be one of cross"):
        pick_sub_apertures(9, 9, "spiral")
    with pytest.raises(InputError, match="pattern row has 9"):
        pick_sub_apertures(9, 9, "row", 11)
    with pytest.raises(InputError, match="square grid with a central one"):
        pick_sub_apertures(8, 8)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_views_become_a_batch_that_a_network_takes(dtype):
    rng = np.random.default_rng(4)
    top = 1.0 if dtype == np.float32 else np.iinfo(dtype).max
    views = (rng.uniform(0, 1, (9, 9, 40, 48, 3)) * top).astype(dtype)
    truth = np.full((40, 48), 1.5, np.float32)
    truth[0, 0], truth[1, 1] = 0.0, np.nan
    batch = light_field_batch(views, (2.5, -2.5), truth=truth)
    assert batch["images"].shape == (1, 11, 3, 40, 48)
    assert 0 <= batch["images"].min() <= batch["images"].max() <= 1
    place = pick_sub_apertures(9, 9)[2]
    wanted = views[place[0], place[1], 7, 9].astype(np.float32) / np.float32(top)
    np.testing.assert_allclose(batch["images"][0, 2, :, 7, 9].numpy(), wanted, rtol=1e-6)
    assert batch["valid"].sum() == 40 * 48 - 2
    assert torch.isfinite(batch["truth"]).all()
    network = DDFFNet("cc3", slices=11, width=0.0625).eval()
    with torch.no_grad():
        found = network(batch["images"], batch["dioptres"])["disparity"]
    assert found.shape == (1, 40, 48)


def test_no_light_field_is_told():
    with pytest.raises(InputError, match="V x U x H x W x 3"):
        light_field_batch(np.zeros((9, 9, 8, 8), np.uint8), (1.0, 0.0))
    with pytest.raises(InputError, match="highest, lowest"):
        light_field_batch(np.zeros((9, 9, 8, 8, 3), np.uint8), (0.0, 1.0))

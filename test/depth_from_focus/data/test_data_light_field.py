import numpy as np
import pytest
import torch

from ddff_perception.depth_from_focus.data.light_field import light_field_batch, pick_views
from ddff_perception.depth_from_focus.networks.ddffnet import DDFFNet
from ddff_perception.depth_from_focus.networks.psp import PSPNet
from ddff_perception.types import InputError, LightField


def light_field(grid=(9, 9), size=(40, 48), dtype=np.uint8, colour=True) -> LightField:
    shape = (*grid, *size, 3) if colour else (*grid, *size)
    rng = np.random.default_rng(4)
    return LightField(rng.integers(0, np.iinfo(dtype).max, shape, dtype, endpoint=True))


@pytest.mark.parametrize("pattern", ["cross", "diagonals", "all", "disc"])
def test_eleven_of_81_lie_around_the_central_one(pattern):
    places = np.array(pick_views(light_field(size=(2, 2)), pattern))
    assert len({tuple(place) for place in places.tolist()}) == 11
    assert places[5].tolist() == [4, 4]
    np.testing.assert_array_equal(places + places[::-1], 8)


def test_a_whole_row_and_a_part_of_a_column():
    views = light_field(size=(2, 2))
    assert pick_views(views, "row", 9) == [(4, u) for u in range(9)]
    assert pick_views(views, "column", 3) == [(0, 4), (4, 4), (8, 4)]
    assert len(set(pick_views(views, "cross", 10))) == 10


@pytest.mark.parametrize(("dtype", "colour"), [(np.uint8, True), (np.uint16, False)])
def test_views_become_a_batch(dtype, colour):
    views = light_field(dtype=dtype, colour=colour)
    truth = np.full((40, 48), 1.5, np.float32)
    truth[1, 1] = np.nan
    batch = light_field_batch(views, (2.5, -2.5), truth=truth)
    assert batch["images"].shape == (1, 11, 3, 40, 48)
    assert batch["dioptres"].tolist() == [np.linspace(2.5, -2.5, 11).tolist()]
    row, column = pick_views(views)[2]
    wanted = views.views[row, column, 7, 9].astype(np.float32) / np.iinfo(dtype).max
    np.testing.assert_allclose(
        batch["images"][0, 2, :, 7, 9], np.broadcast_to(wanted, 3), rtol=1e-6
    )
    assert batch["valid"].sum() == 40 * 48 - 1
    assert torch.isfinite(batch["truth"]).all()


@pytest.mark.parametrize("network", [DDFFNet(slices=11, width=0.0625), PSPNet(11, "resnet10", 0.1)])
def test_both_networks_take_the_batch(network):
    batch = light_field_batch(light_field(), (2.5, -2.5))
    with torch.no_grad():
        found = network.eval()(batch["images"], batch["dioptres"])["disparity"]
    assert found.shape == (1, 40, 48)


def test_what_no_grid_has_is_told():
    views = light_field(size=(2, 2))
    with pytest.raises(InputError, match="no pattern 'spiral'"):
        pick_views(views, "spiral")
    with pytest.raises(InputError, match="pattern row has 9 views, not 11"):
        pick_views(views, "row", 11)
    with pytest.raises(InputError, match="highest, lowest"):
        light_field_batch(views, (0.0, 1.0))

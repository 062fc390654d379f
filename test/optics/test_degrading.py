"""Degradations: what each does, alone and in a chain."""

from __future__ import annotations

import numpy as np
import pytest

from ddff_perception.optics.degradation import (
    BLURS,
    DEGRADATIONS,
    degraded,
    mixed,
    sensor_noise,
    smaller,
)
from ddff_perception.optics.srgb import srgb_decode, srgb_encode
from ddff_perception.types import InputError

RNG = np.random.default_rng(0)
IMAGE = RNG.random((48, 64, 3)).astype(np.float32)


def draw() -> np.random.Generator:
    return np.random.default_rng(1)


@pytest.mark.parametrize("name", DEGRADATIONS)
def test_each_keeps_size_range_and_grey(name: str) -> None:
    for image in (IMAGE, IMAGE[..., 0]):
        found = degraded(image, [name], draw())
        assert found.shape == image.shape and found.dtype == np.float32
        assert found.min() >= -1e-5 and found.max() <= 1 + 1e-5
        if name != "demosaicking" or image.ndim == 3:
            assert np.abs(found - image).mean() > 1e-3
        np.testing.assert_array_equal(found, degraded(image, [name], draw()))


def test_the_kernels_are_those_of_the_thesis() -> None:
    assert BLURS == {2: 17, 4: 33, 6: 49}
    point = np.zeros((51, 51), np.float32)
    point[25, 25] = 1
    found = degraded(point, ["blur_2"], draw())
    rows, _ = np.indices(found.shape)
    assert np.sqrt((found * (rows - 25.0) ** 2).sum()) == pytest.approx(2, rel=0.01)
    assert found[25 + 9, 25] < 1e-9 < found[25 + 8, 25]


def test_photon_noise_has_the_variance_of_its_electrons_in_linear_light() -> None:
    level, well, read = 0.4, 800.0, 5.0
    flat = srgb_encode(np.full((200, 200), level, np.float32))
    light = srgb_decode(sensor_noise(flat, draw(), well, read))
    wanted = level / well + (read / well) ** 2
    assert light.mean() == pytest.approx(level, rel=0.01)
    assert light.var() == pytest.approx(wanted, rel=0.05)


def test_small_images_stay_small_if_asked() -> None:
    assert smaller(IMAGE, draw(), 3, back=False).shape == (16, 21, 3)


def test_a_function_of_ones_own_takes_its_place_in_a_chain() -> None:
    found = degraded(IMAGE, ["blur_2", lambda image, _: 1 - image], draw())
    np.testing.assert_allclose(found, 1 - degraded(IMAGE, ["blur_2"], draw()))
    with pytest.raises(InputError, match="there is no degradation 'rain'; there are: blur_2"):
        degraded(IMAGE, ["rain"], draw())


def test_mixed_ones_come_in_any_order_and_no_kind_twice() -> None:
    drawn = [mixed(np.random.default_rng(seed)) for seed in range(200)]
    assert {len(names) for names in drawn} == {1, 2, 3}
    assert {name for names in drawn for name in names} == set(DEGRADATIONS)
    kinds = [[n.split("_")[0].replace("low", "noise") for n in names] for names in drawn]
    assert all(len(set(names)) == len(names) for names in kinds)
    assert len({tuple(names) for names in drawn if set(names) >= {"noise", "jpeg"}}) > 1

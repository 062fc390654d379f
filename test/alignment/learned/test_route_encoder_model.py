"""The shipped descriptor in every engine, and what it tells apart."""

import numpy as np
import pytest
from drawn_drives import drive
from parity import ParityBattery

from ddff_perception.alignment.learned.encoder import network_input
from ddff_perception.alignment.methods import METHODS


class TestRouteEncoder(ParityBattery):
    name = "route_encoder"

    def given(self, model):
        yield {"image": np.stack([network_input(image) for image in drive()[:2]])}


def test_a_place_in_other_light_is_nearer_than_another_place():
    method = METHODS.create("encoder")
    places, darker = (np.stack([method(i) for i in drive(light=x)[::6]]) for x in (1.0, 0.6))
    np.testing.assert_allclose(np.linalg.norm(places, axis=1), 1.0, atol=1e-5)
    alike = places @ darker.T
    assert (alike.argmax(axis=1) == np.arange(10)).all()
    assert np.diag(alike).min() > np.median(alike) + 0.2
    method.close()


@pytest.mark.parametrize("shape, kind", [((90, 120), np.uint8), ((240, 320, 3), np.uint16)])
def test_grey_and_sixteen_bits_are_taken(shape, kind):
    image = np.random.default_rng(0).integers(0, np.iinfo(kind).max, shape).astype(kind)
    planes = network_input(image)
    assert planes.shape == (3, 128, 160) and planes.dtype == np.float32
    assert -1.0 <= planes.min() < planes.max() <= 1.01

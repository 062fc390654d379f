"""The sRGB curve."""

import numpy as np
import pytest

from ddff_perception.optics.srgb import srgb_bytes, srgb_decode, srgb_encode


def test_srgb_curve_has_its_fixed_points_and_an_inverse():
    assert srgb_encode(np.array(0.0)) == 0.0
    assert srgb_encode(np.array(1.0)) == pytest.approx(1.0)
    assert srgb_encode(np.array(0.18)) == pytest.approx(0.4613, abs=1e-3)
    values = np.linspace(0, 1, 1001)
    np.testing.assert_allclose(srgb_decode(srgb_encode(values)), values, atol=1e-6)


def test_float32_stays_float32_and_bytes_are_clipped():
    values = np.linspace(0, 1, 7, dtype=np.float32)
    assert srgb_encode(values).dtype == srgb_decode(values).dtype == np.float32
    np.testing.assert_array_equal(srgb_bytes(np.array([-1.0, 0.18, 3.0])), [0, 118, 255])

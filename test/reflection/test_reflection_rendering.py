import numpy as np
import pytest

from ddff_perception.reflection.capture.images import CaptureSettings, linearized
from ddff_perception.reflection.rendering import rendered

LINEAR = CaptureSettings()


@pytest.mark.parametrize(("kind", "top"), [("uint8", 255), ("uint16", 65535)])
@pytest.mark.parametrize("shape", [(5, 7), (5, 7, 3)])
def test_linear_layers_fill_the_type_and_are_clipped(kind, top, shape):
    layer = np.random.default_rng(0).uniform(-0.1, 1.2, shape).astype(np.float32)
    found = rendered(layer, kind, LINEAR)
    assert (found.dtype.name, found.shape) == (kind, shape)
    expected = np.rint(np.clip(layer, 0, 1).astype(np.float64) * top)
    assert np.abs(found - expected).max() <= 1
    assert found.min() == 0 and found.max() == top


@pytest.mark.parametrize("response", ["gamma", "srgb"])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_the_response_of_the_input_comes_back(response, dtype):
    values = CaptureSettings(response=response)
    image = np.arange(256, dtype=dtype).reshape(16, 16) * (257 if dtype is np.uint16 else 1)
    image = image.astype(dtype)
    linear = linearized(image, values)
    found = rendered(linear, np.dtype(dtype).name, values)
    assert np.abs(found.astype(int) - image).max() <= 1

"""Weights that lie in a file as float16 and compute as float32."""

import numpy as np
import onnx
import pytest
import torch
from torch import nn

from ddff_perception.engines.model_zoo import TensorCard
from ddff_perception.training.onnx_file import OnnxFile, write_onnx

CARD = (1, 3, "height", "width")


@pytest.fixture
def network():
    torch.manual_seed(0)
    torch.set_num_threads(1)
    return nn.Sequential(nn.Conv2d(3, 64, 3, padding=1), nn.ReLU(), nn.Conv2d(64, 2, 3, padding=1))


def written(network, path, half):
    file = OnnxFile(
        name="x",
        description="x",
        module=network.eval(),
        examples=(torch.rand(1, 3, 16, 16),),
        inputs=(TensorCard("image", CARD, "float32", "NCHW", "x"),),
        outputs=(TensorCard("scores", (1, 2, "height", "width"), "float32", "NCHW", "x"),),
        axes={"height": (8, 16, 64), "width": (8, 16, 64)},
        limits="none",
        by_tracing=True,
        half_storage=half,
    )
    return write_onnx(file, path)


def test_the_file_is_half_as_large_and_computes_the_same_in_float32(network, tmp_path):
    onnxruntime = pytest.importorskip("onnxruntime")
    whole = written(network, tmp_path / "whole.onnx", half=False)
    half = written(network, tmp_path / "half.onnx", half=True)
    onnx.checker.check_model(onnx.load(half), full_check=True)
    assert half.stat().st_size < 0.62 * whole.stat().st_size
    image = np.random.default_rng(0).random((1, 3, 24, 40), np.float32)
    first, second = (
        onnxruntime.InferenceSession(str(p)).run(None, {"image": image})[0] for p in (whole, half)
    )
    assert second.dtype == np.float32
    np.testing.assert_allclose(first, second, atol=2e-3)

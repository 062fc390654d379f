"""An ONNX file has the names and axes of its card, and nothing of the machine that wrote it."""

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
onnx = pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")

from torch import nn

from ddff_perception.engines.model_zoo import TensorCard
from ddff_perception.training.onnx_file import OnnxFile, write_onnx


class Halved(nn.Module):
    """Means of 2 x 2 pixels."""

    def forward(self, image):
        return nn.functional.avg_pool2d(image, 2)


@pytest.fixture(params=[False, True], ids=["read", "traced"])
def file(request):
    return OnnxFile(
        name="halved",
        description="means of 2 x 2 pixels",
        module=Halved().eval(),
        examples=(torch.rand(1, 3, 12, 20),),
        inputs=(TensorCard("image", (1, 3, "height", "width"), "float32", "NCHW", "any"),),
        outputs=(TensorCard("means", (1, 3, "rows", "columns"), "float32", "NCHW", "half"),),
        axes={"height": (4, 12, 64), "width": (4, 20, 64)},
        limits="none",
        multiples={"height": 2, "width": 2},
        by_tracing=request.param,
    )


def test_names_and_dynamic_axes_are_those_of_the_card(file, tmp_path):
    path = write_onnx(file, tmp_path / "halved.onnx")
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    (image,), (means,) = session.get_inputs(), session.get_outputs()
    assert (image.name, image.shape) == ("image", [1, 3, "height", "width"])
    assert (means.name, means.shape) == ("means", [1, 3, "rows", "columns"])
    for height, width in ((4, 64), (12, 20), (30, 6)):
        pixels = np.random.default_rng(1).random((1, 3, height, width), np.float32)
        (found,) = session.run(None, {"image": pixels})
        wanted = pixels.reshape(1, 3, height // 2, 2, width // 2, 2).mean(axis=(3, 5))
        np.testing.assert_allclose(found, wanted, atol=1e-6)


def test_nothing_of_the_machine_is_in_the_file(file, tmp_path):
    content = write_onnx(file, tmp_path / "halved.onnx").read_bytes()
    assert Path(__file__).name.encode() not in content
    assert str(Path.cwd()).encode() not in content
    assert b"site-packages" not in content
    assert content == write_onnx(file, tmp_path / "again.onnx").read_bytes()

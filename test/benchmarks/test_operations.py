"""`benchmarks/_operations.py`: multiply-adds counted in ONNX files."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from benchmarks._operations import cost_of, multiply_adds


def model(path):
    """A 3 x 3 convolution of 3 to 4 channels, then a transposed one to 2 of twice the size, and a
    product with a 5 x 6 matrix.
    """
    rng = np.random.default_rng(0)
    shapes = {"filters": (4, 3, 3, 3), "up": (4, 2, 2, 2), "matrix": (5, 6)}
    weights = [
        numpy_helper.from_array(rng.random(shape, np.float32), name)
        for name, shape in shapes.items()
    ]
    nodes = [
        helper.make_node("Conv", ["image", "filters"], ["seen"], pads=[1, 1, 1, 1]),
        helper.make_node("ConvTranspose", ["seen", "up"], ["doubled"], strides=[2, 2]),
        helper.make_node("MatMul", ["rows", "matrix"], ["product"]),
    ]
    kind = TensorProto.FLOAT
    inputs = [
        helper.make_tensor_value_info("image", kind, [1, 3, "height", "width"]),
        helper.make_tensor_value_info("rows", kind, ["count", 5]),
    ]
    outputs = [
        helper.make_tensor_value_info("doubled", kind, None),
        helper.make_tensor_value_info("product", kind, None),
    ]
    graph = helper.make_graph(nodes, "counted", inputs, outputs, weights)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)]), path)
    return path


def test_convolutions_and_products_count_their_multiply_adds(tmp_path):
    feeds = {"image": np.ones((1, 3, 8, 10), np.float32), "rows": np.ones((7, 5), np.float32)}
    count, outputs = multiply_adds(model(tmp_path / "counted.onnx"), feeds)
    assert count == 80 * 4 * 27 + 80 * 4 * 2 * 4 + 7 * 5 * 6
    assert outputs["doubled"].shape == (1, 2, 16, 20)


def test_the_cost_of_the_streaming_network_goes_with_the_area():
    small, large = (cost_of("focus_stream", 416, side)["operations_g"] for side in (416, 832))
    assert large == pytest.approx(2 * small, rel=0.03)
    # 416 pixels become 555, and 576 with the border.
    fine = cost_of("focus_stream fine", 416, 416)["operations_g"]
    assert fine == pytest.approx((576 / 416) ** 2 * small, rel=0.03)
    assert cost_of("focus_stream")["parameters_m"] < 3
    assert cost_of("multiscale") == {}

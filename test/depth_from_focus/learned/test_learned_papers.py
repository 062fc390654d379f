"""Networks over stacks at run time, with a small ONNX file that says which slice is brightest."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from thin_lens_sweeps import inner, thin_lens_stack, truth_dpt

from ddff_perception.depth_from_focus.estimator import DepthFromFocus
from ddff_perception.depth_from_focus.learned.stack_networks import as_network_input
from ddff_perception.engines.model_zoo import ModelCard, TensorCard, write_card
from ddff_perception.types import FocalStack, FocusSlice, InputError

SLICES = 4
SHARPNESS = 200.0


def brightest_slice_model(folder: Path, slices: int = SLICES, output: str = "disparity") -> Path:
    """`disparity` is the dioptres of the brightest slice, pixel by pixel."""
    constants = {
        "channels": np.array([2], np.int64),
        "stack": np.array([1], np.int64),
        "as_maps": np.array([1, slices, 1, 1], np.int64),
        "sharpness": np.array(SHARPNESS, np.float32),
    }
    nodes = [
        helper.make_node("ReduceMean", ["images", "channels"], ["grey"], keepdims=0),
        helper.make_node("Mul", ["grey", "sharpness"], ["scores"]),
        helper.make_node("Softmax", ["scores"], ["shares"], axis=1),
        helper.make_node("Reshape", ["dioptres", "as_maps"], ["places"]),
        helper.make_node("Mul", ["shares", "places"], ["weighted"]),
        helper.make_node("ReduceSum", ["weighted", "stack"], [output], keepdims=0),
    ]
    sides = ("height", "width")
    shapes = {"images": (1, slices, 3, *sides), "dioptres": (1, slices), output: (1, *sides)}
    infos = {n: helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in shapes.items()}
    graph = helper.make_graph(
        nodes,
        "brightest",
        [infos["images"], infos["dioptres"]],
        [infos[output]],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    path = folder / "brightest.onnx"
    path.write_bytes(model.SerializeToString())
    onnx.checker.check_model(model)
    layouts = {5: "BSCHW", 2: "BS", 3: "BHW"}
    tensors = {
        name: TensorCard(name, shape, "float32", layouts[len(shape)], "of the tests")
        for name, shape in shapes.items()
    }
    card = ModelCard(
        name="brightest",
        description="Which slice is brightest",
        inputs=(tensors["images"], tensors["dioptres"]),
        outputs=(tensors[output],),
        opset=18,
        precision="float32",
        training_command="none",
        seed=0,
        data="none",
        metrics={},
        limits="for tests only",
        licence="Apache-2.0",
        axes={side: (8, 64, 512) for side in sides},
    )
    write_card(path, card)
    return path


def bright_stack(
    places: np.ndarray, winners: np.ndarray, dtype: type = np.uint8, colour: bool = True
) -> FocalStack:
    """Slices at `places` (1/m); slice `winners[y, x]` is bright at (x, y), the others dark."""
    white = np.iinfo(dtype).max
    slices = []
    for number, place in enumerate(places):
        image = np.where(winners == number, white, white // 4).astype(dtype)
        image = np.repeat(image[..., None], 3, axis=2) if colour else image
        slices.append(FocusSlice(image, 1.0 / place))
    return FocalStack(tuple(slices))


def estimator(path: Path, method: str = "ddffnet") -> DepthFromFocus:
    settings = {"model": str(path), "engine": "onnxruntime", "threads": 1}
    return DepthFromFocus(method, settings)


@pytest.mark.parametrize("method", ["ddffnet", "dynamic_fusion"])
@pytest.mark.parametrize(("dtype", "colour"), [(np.uint8, True), (np.uint16, False)])
def test_the_network_s_disparity_becomes_depth(tmp_path, method, dtype, colour):
    places = np.array([0.5, 1.0, 2.0, 4.0])
    winners = np.random.default_rng(1).integers(0, 4, (45, 70))
    stack = bright_stack(places, winners, dtype, colour)
    estimate = estimator(brightest_slice_model(tmp_path), method).process(stack)
    # Of evenly spaced positions 1.67 and 2.83 the third slice is nearest to both.
    told = winners != 1
    np.testing.assert_allclose(1.0 / estimate.depth[told], places[winners][told], rtol=1e-4)
    assert estimate.confidence.shape == (45, 70)
    assert 0 <= estimate.confidence.min() <= estimate.confidence.max() < 1


@pytest.mark.parametrize(("method", "share"), [("ddffnet", 0.6), ("dynamic_fusion", 0.15)])
def test_the_networks_that_ship_find_textured_planes(method, share):
    """`share`: of the error of the best constant map (measured: 0.38 and 0.04 to 0.065)."""
    estimate = DepthFromFocus(method, {"engine": "onnxruntime", "threads": 1}).process(
        thin_lens_stack()
    )
    truth = truth_dpt()[inner()]
    constant = np.abs(truth - np.median(truth)).mean()
    assert np.abs(1 / estimate.depth[inner()] - truth).mean() < share * constant


def test_more_slices_than_the_network_takes_are_thinned(tmp_path):
    places = np.linspace(0.5, 2.0, 10)
    winners = np.full((32, 40), 3)
    estimate = estimator(brightest_slice_model(tmp_path)).process(bright_stack(places, winners))
    np.testing.assert_allclose(1.0 / estimate.depth, places[3], rtol=1e-4)


def test_a_new_slice_takes_the_place_of_its_own(tmp_path):
    places = np.array([0.5, 1.0, 1.5, 2.0])
    first, second = np.full((32, 32), 1), np.full((32, 32), 2)
    running = estimator(brightest_slice_model(tmp_path))
    before = running.process(bright_stack(places, first))
    np.testing.assert_allclose(before.depth, 1.0, rtol=1e-4)
    for item in bright_stack(places, second).slices:
        running.update(item)
    np.testing.assert_allclose(running.estimate().depth, 1 / 1.5, rtol=1e-4)


def test_confidence_is_higher_where_a_slice_is_sharp(tmp_path):
    stack = thin_lens_stack(sweep=(0.25, 0.75, 1.25, 1.75, 2.25))
    plain = np.full(stack.images[0].shape, 90, np.uint8)
    cut = stack.images[0].shape[1] // 2
    slices = tuple(
        FocusSlice(np.hstack([item.image[:, :cut], plain[:, cut:]]), item.focus_distance_m)
        for item in stack.slices
    )
    estimate = estimator(brightest_slice_model(tmp_path)).process(FocalStack(slices))
    textured, blank = estimate.confidence[8:-8, 8 : cut - 12], estimate.confidence[8:-8, cut + 12 :]
    assert textured.mean() > blank.mean() + 0.05


def test_images_become_planes_between_0_and_1():
    image = np.random.default_rng(3).integers(0, 256, (40, 50, 3), np.uint8)
    given = as_network_input(image)
    assert given.dtype == np.float32
    np.testing.assert_allclose(given, image.transpose(2, 0, 1) / 255.0, atol=1e-6)
    deep = as_network_input(np.full((8, 9), 65535, np.uint16))
    np.testing.assert_array_equal(deep, np.ones((3, 8, 9), np.float32))


def test_models_that_are_not_over_stacks_are_refused(tmp_path):
    path = brightest_slice_model(tmp_path, output="depth")
    with pytest.raises(InputError, match="is no network over stacks"):
        estimator(path)
    with pytest.raises(InputError, match="there is no model file"):
        estimator(tmp_path / "none.onnx")
    whole = brightest_slice_model(tmp_path)
    with pytest.raises(InputError, match="no float16 file beside"):
        DepthFromFocus("ddffnet", {"model": str(whole), "precision": "float16"})

import math

import numpy as np
import pytest
from thin_lens_sweeps import SWEEP_DPT, texture, thin_lens_stack

from ddff_perception.depth_from_focus.estimator import COMMON_PARAMETERS, DepthFromFocus
from ddff_perception.depth_from_focus.methods import METHODS, create_method, method_parameters
from ddff_perception.depth_from_focus.solution import Solution, either_way
from ddff_perception.engines.model_zoo import shipped_models
from ddff_perception.types import FocalStack, FocusSlice, InputError


def network_of(name: str) -> str | None:
    """The ONNX file that a method needs by default."""
    table = method_parameters(name)
    if "model" not in table:
        return None
    model = str(table["model"].default)
    return f"{model}_head" if name == "focus_stream" else model


@pytest.mark.parametrize("name", sorted(set(METHODS) - {"multiscale"}))
def test_a_network_that_does_not_ship_is_asked_for_in_one_sentence(name):
    if network_of(name) in (None, *shipped_models()):
        assert create_method(name) is not None
        return
    with pytest.raises(InputError, match=r"shipped are .*; give your own"):
        create_method(name)


def test_the_methods_are_those_of_the_papers_and_ours():
    names = ["multiscale", "focus_stream", "focus_measure", "yardstick", "vdff", "tv", "nonlinear"]
    names += ["ddffnet", "dynamic_fusion"]
    assert list(METHODS) == names
    assert COMMON_PARAMETERS["method"].default == names[0]
    assert COMMON_PARAMETERS["method"].choices == tuple(names)


@pytest.mark.parametrize("name", METHODS)
def test_every_method_is_one_line_and_a_table_of_its_own(name):
    assert 10 < len(METHODS[name].description) < 100
    assert "\n" not in METHODS[name].description
    table = method_parameters(name)
    assert len(list(table)) >= 1
    assert not {p.name for p in table} & {p.name for p in COMMON_PARAMETERS}


# Those whose network ships; a user brings the other networks.
COMPLETE = [name for name in METHODS if network_of(name) in (None, *shipped_models())]


@pytest.mark.parametrize("name", COMPLETE)
def test_a_method_keeps_its_slices_apart(name):
    rng = np.random.default_rng(2)
    images = [rng.integers(0, 256, (24, 32), np.uint8) for _ in range(4)]
    positions = np.array([0.5, 1.0, 1.5])

    def solve(method):
        solution = method.solve([0, 1, 2], positions)
        assert solution.position.shape == solution.confidence.shape == (24, 32)
        assert solution.position.dtype == solution.confidence.dtype == np.float32
        assert positions[0] <= solution.position.min() <= solution.position.max() <= positions[-1]
        assert 0 <= solution.confidence.min() <= solution.confidence.max() <= 1
        return solution

    plain, other = create_method(name), create_method(name)
    for slot, image in enumerate(images[:3]):
        plain.add(slot, image)
    for slot in (3, 2, 0):
        other.add(slot, images[slot])
    other.add(1, images[3])
    other.remove(3)
    other.remove(17)
    assert not np.array_equal(solve(other).position, solve(plain).position)
    other.add(1, images[1])
    np.testing.assert_array_equal(solve(other).position, solve(plain).position)
    np.testing.assert_array_equal(solve(other).confidence, solve(plain).confidence)


@pytest.fixture(scope="module")
def photographs():
    """A sweep over three bands with a plain patch in them."""
    sharp = texture(96, 128)
    sharp[30:60, 40:80] = 120
    return thin_lens_stack(SWEEP_DPT, sharp=sharp).images


@pytest.mark.parametrize("name", COMPLETE)
@pytest.mark.parametrize("smoothing", [0.0, 0.5])
def test_photographs_in_reverse_order_give_one_minus_depth_and_the_same_confidence(
    name, smoothing, photographs
):
    found = []
    for images in (photographs, photographs[::-1]):
        stack = FocalStack(tuple(FocusSlice(image, math.nan) for image in images))
        found.append(DepthFromFocus(name, {"regularisation": smoothing}).process(stack))
    ahead, behind = found
    assert np.ptp(ahead.depth) > 0.1
    np.testing.assert_allclose(behind.depth, 1 - ahead.depth, atol=1e-3)
    np.testing.assert_allclose(behind.confidence, ahead.confidence, atol=1e-3)


def test_two_readings_that_disagree_are_worth_nothing():
    sure = np.full((2, 2), 0.8, np.float32)
    low, high = np.full((2, 2), 0.2, np.float32), np.full((2, 2), 0.82, np.float32)
    same = either_way(Solution(low, sure), Solution(high, sure))
    np.testing.assert_allclose(same.position, 0.19, atol=1e-6)
    assert same.confidence.min() > 0.7
    assert not either_way(Solution(low, sure), Solution(low, sure)).confidence.any()


@pytest.mark.parametrize("name", COMPLETE)
def test_every_parameter_of_a_method_can_be_given_at_its_limits(name):
    for parameter in method_parameters(name):
        values = [v for v in (parameter.minimum, parameter.maximum) if v is not None]
        if isinstance(parameter.default, int) and not isinstance(parameter.default, bool):
            values = [int(v) for v in values]
        # TensorRT is not installed where the tests run; the others are.
        choices = [choice for choice in parameter.choices if choice != "tensorrt"]
        for value in (*values, *choices):
            create_method(name, {parameter.name: value})


def test_unknown_names_are_told_with_those_that_there_are():
    with pytest.raises(InputError, match="no method 'laplace'; there are: multiscale, "):
        create_method("laplace")
    with pytest.raises(InputError, match="no method 'laplace'"):
        method_parameters("laplace")
    with pytest.raises(InputError, match="no parameter 'alpha'; there are: blur_scale, "):
        create_method("multiscale", {"alpha": 1.0})

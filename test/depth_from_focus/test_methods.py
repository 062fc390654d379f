import numpy as np
import pytest

from ddff_perception.depth_from_focus.estimator import COMMON_PARAMETERS
from ddff_perception.depth_from_focus.methods import METHODS, create_method, method_parameters
from ddff_perception.engines.model_zoo import shipped_models
from ddff_perception.types import InputError


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

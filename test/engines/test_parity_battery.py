"""The battery itself, on small networks; and ONNX Runtime against onnx's own arithmetic."""

import numpy as np
import pytest
from onnx.reference import ReferenceEvaluator
from parity import CONFIGURATIONS, HAS_BFLOAT16, ParityBattery, sized

from ddff_perception.engines.create import create_engine
from ddff_perception.engines.parity import ParityError, check_parity, compare_outputs, parity_feeds


class TestConvolutions(ParityBattery):
    sizes = ({"height": 49, "width": 33}, {"height": 121, "width": 77})

    @pytest.fixture(scope="class")
    def model(self, networks):
        return networks["conv"]

    def given(self, model):
        ramp = np.linspace(0.0, 1.0, 3 * 40 * 56, dtype=np.float32).reshape(1, 3, 40, 56)
        yield {"image": ramp}
        yield {"image": np.zeros_like(ramp)}
        yield {"image": np.ones_like(ramp)}


class TestHalfPrecision(ParityBattery):
    @pytest.fixture(scope="class")
    def model(self, networks):
        return networks["conv_float16"]


class TestAnyNumberOfSlices(ParityBattery):
    sizes = tuple({"slices": count, "height": 19, "width": 23} for count in (1, 3, 4, 15, 3))

    @pytest.fixture(scope="class")
    def model(self, networks):
        return networks["slices"]


def test_both_processors_libraries_are_in_the_battery():
    wanted = {"onnxruntime", "openvino", *(["openvino-bfloat16"] if HAS_BFLOAT16 else [])}
    assert wanted <= set(CONFIGURATIONS)


@pytest.mark.parametrize("name", ["conv", "slices"])
def test_onnxruntime_computes_what_onnx_defines(networks, name):
    model = networks[name]
    signature = model.card.signature
    shapes = sized(signature, {"slices": 4, "height": 13, "width": 18})
    feeds = signature.random_feeds(shapes)
    wanted = ReferenceEvaluator(str(model.path)).run(None, feeds)
    with create_engine(model, "onnxruntime") as engine:
        found = engine.run(feeds)
    for spec, value in zip(signature.outputs, wanted, strict=True):
        np.testing.assert_allclose(found[spec.name], value, atol=1e-5)


class Changed:
    """An engine whose outputs are changed on the way out."""

    def __init__(self, engine, change):
        self._engine, self._change = engine, change
        self.description, self.signature = "changed", engine.signature

    def run(self, feeds):
        return {name: self._change(value.copy()) for name, value in self._engine.run(feeds).items()}


def with_nan(value):
    value.flat[0] = np.nan
    return value


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda v: v * 1.01, "differs from onnxruntime by 0.0"),
        (lambda v: v + 1, "differs from onnxruntime"),
        (np.zeros_like, "differs from onnxruntime by 1 of its largest value"),
        (with_nan, "is not finite"),
        (lambda v: v[..., :1], "not (1, 8, 24, 32) float32"),
        (lambda v: v.astype(np.float64), "float64, not"),
    ],
)
def test_outputs_that_differ_are_found(networks, change, words):
    with create_engine(networks["conv"], "onnxruntime") as engine:
        feeds = parity_feeds(engine)
        check_parity(Changed(engine, lambda v: v), engine, feeds, "float32")
        with pytest.raises(ParityError) as caught:
            check_parity(Changed(engine, change), engine, feeds, "float32")
    assert words in str(caught.value)


def test_errors_are_shares_of_the_largest_value():
    wanted = {"a": np.array([0.0, 10.0, -20.0], np.float32)}
    (row,) = compare_outputs({"a": np.array([0.0, 11.0, -20.0], np.float32)}, wanted)
    assert row.largest_error == pytest.approx(0.05)
    assert row.median_error == 0.0
    assert row.finite == row.reference_finite == 1.0


def test_where_both_have_no_number_nothing_is_compared():
    nothing = {"a": np.full(4, np.nan, np.float32)}
    (row,) = compare_outputs(nothing, nothing)
    assert (row.largest_error, row.finite, row.reference_finite) == (0.0, 0.0, 0.0)

"""The battery that every network and every backend passes; a network's tests inherit it.

class TestFocusStreamEncoder(ParityBattery):
    name = "focus_stream_encoder"          # a shipped model, or override `model`
    usual = {"height": 96, "width": 128}     # where the typical size takes long
    sizes = ({"height": 97, "width": 131},)  # more sizes than the battery makes itself

    def given(self, model):                # real inputs, as often as there are some
        yield {"image": ...}
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

import numpy as np
import pytest
from numpy.typing import NDArray

from ddff_perception.engines.base import Engine
from ddff_perception.engines.create import available_backends, create_engine
from ddff_perception.engines.libraries import processor_flags
from ddff_perception.engines.model_zoo import Model, find_model
from ddff_perception.engines.parity import TOLERANCES, check_parity, compare_outputs
from ddff_perception.engines.tensors import EngineError, Signature

Feeds = Mapping[str, NDArray[Any]]
# Backend, its options, and what it computes float32 networks in.
ALL_CONFIGURATIONS = {
    "onnxruntime": ("onnxruntime", {"engine.threads": 1}, "float32"),
    "openvino": ("openvino", {"engine.cpu_precision": "float32"}, "float32"),
    "openvino-bfloat16": ("openvino", {"engine.cpu_precision": "bfloat16"}, "bfloat16"),
    "tensorrt": ("tensorrt", {}, "tf32"),
}
HAS_BFLOAT16 = bool({"amx_bf16", "avx512_bf16"} & processor_flags())
CONFIGURATIONS = {
    name: entry
    for name, entry in ALL_CONFIGURATIONS.items()
    if entry[0] in available_backends() and (entry[2] != "bfloat16" or HAS_BFLOAT16)
}


def sized(signature: Signature, sizes: Mapping[str, int]) -> dict[str, tuple[int, ...]]:
    """Shapes of the inputs with these sizes of the dynamic axes, typical ones elsewhere."""
    return {
        spec.name: tuple(
            axis if isinstance(axis, int) else sizes.get(axis, signature.axes[axis].typical)
            for axis in spec.shape
        )
        for spec in signature.inputs
    }


def odd_sizes(signature: Signature, usual: Mapping[str, int], multiple: int = 1) -> dict[str, int]:
    """Each dynamic axis at an odd size, times `multiple`, near its usual (or else typical) one."""

    def odd(size: int) -> int:
        return ((size // multiple - 1) | 1) * multiple

    return {
        name: min(max(axis.minimum, odd(usual.get(name, axis.typical))), axis.maximum)
        for name, axis in signature.axes.items()
    }


def kept(outputs: Feeds) -> dict[str, NDArray[Any]]:
    return {name: value.copy() for name, value in outputs.items()}


class Reference:
    """What an engine computes, once for each input: every configuration is compared with it."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.backend = engine.backend
        self._found: dict[object, dict[str, NDArray[Any]]] = {}

    def run(self, feeds: Feeds) -> dict[str, NDArray[Any]]:
        key = tuple(
            (name, value.shape, value.dtype, hashlib.sha256(value.tobytes()).digest())
            for name, value in feeds.items()
        )
        if key not in self._found:
            self._found[key] = kept(self._engine.run(feeds))
        return self._found[key]


# Of a class's scope like the engines: making one compiles the network, which is most of the time.
@pytest.mark.parametrize("configuration", CONFIGURATIONS, scope="class")
class ParityBattery:
    """Give `name` or override `model` (with the scope of a class); the rest follows from the card.

    The tests of one class share their engines, as frames of a stream do.
    """

    name: ClassVar[str] = ""
    # Of a large network smaller than typical, which is then run where sizes change.
    usual: ClassVar[Mapping[str, int]] = {}
    sizes: ClassVar[tuple[Mapping[str, int], ...]] = ()
    # What height and width have to be multiples of.
    multiple: ClassVar[int] = 1
    tolerance: ClassVar[float | None] = None

    @pytest.fixture(scope="class")
    def model(self) -> Model:
        return find_model(self.name)

    def given(self, model: Model) -> Iterator[Feeds]:
        """Real inputs; random ones are made anyway."""
        return iter(())

    @pytest.fixture(scope="class")
    def reference(self, model: Model):
        with create_engine(model, "onnxruntime") as engine:
            yield Reference(engine)

    @pytest.fixture(scope="class")
    def engine(self, model: Model, configuration: str):
        backend, options, _ = CONFIGURATIONS[configuration]
        with create_engine(model, backend, options) as engine:
            assert engine.backend == backend
            yield engine

    def precision(self, model: Model, configuration: str) -> str:
        """The coarser of what the file holds and what the backend computes in."""
        computed = CONFIGURATIONS[configuration][2]
        if model.card.minimum_precision == "float32":
            computed = "float32"
        return max(model.card.precision, computed, key=lambda name: TOLERANCES[name])

    def feeds(self, engine, seed: int = 0) -> dict[str, NDArray[Any]]:
        """Random inputs of the usual sizes."""
        return engine.signature.random_feeds(sized(engine.signature, self.usual), seed)

    def check(self, engine, reference, feeds, precision: str) -> None:
        if self.tolerance is None:
            check_parity(engine, reference, feeds, precision)
            return
        for inputs in feeds:
            for row in compare_outputs(engine.run(inputs), reference.run(inputs)):
                assert row.largest_error <= self.tolerance, row
                assert row.finite >= row.reference_finite, row

    def test_random_inputs_give_the_same_outputs(self, engine, reference, model, configuration):
        feeds = [self.feeds(engine, seed) for seed in range(3)]
        self.check(engine, reference, feeds, self.precision(model, configuration))

    def test_given_inputs_give_the_same_outputs(self, engine, reference, model, configuration):
        self.check(engine, reference, self.given(model), self.precision(model, configuration))

    def test_sizes_may_be_odd_and_change_from_run_to_run(
        self, engine, reference, model, configuration
    ):
        signature = engine.signature
        small = {name: axis.minimum for name, axis in signature.axes.items()}
        odd = odd_sizes(signature, self.usual, self.multiple)
        turns = [odd, small, *self.sizes, {}, odd]
        feeds = [
            signature.random_feeds(sized(signature, turn), seed) for seed, turn in enumerate(turns)
        ]
        self.check(engine, reference, feeds, self.precision(model, configuration))

    def test_the_same_input_gives_the_same_output_again(self, engine, configuration):
        feeds = self.feeds(engine)
        first = kept(engine.run(feeds))
        engine.run(self.feeds(engine, seed=7))
        again = engine.run(feeds)
        for name, value in first.items():
            np.testing.assert_array_equal(again[name], value)

    def test_outputs_are_as_the_card_says(self, engine, configuration):
        feeds = self.feeds(engine)
        engine.warm_up({name: value.shape for name, value in feeds.items()})
        outputs = engine.run(feeds)
        assert list(outputs) == [spec.name for spec in engine.outputs]
        for spec in engine.outputs:
            value = outputs[spec.name]
            assert value.dtype == spec.dtype
            assert value.ndim == len(spec.shape)
            fixed = [(a, size) for a, size in zip(spec.shape, value.shape, strict=True)]
            assert all(a == size for a, size in fixed if isinstance(a, int))

    def test_a_frame_finds_its_memory_ready(self, engine, configuration):
        feeds = self.feeds(engine)
        engine.warm_up({name: value.shape for name, value in feeds.items()})
        places = {name: value.ctypes.data for name, value in engine.run(feeds).items()}
        for _ in range(3):
            again = engine.run(feeds)
            assert {name: value.ctypes.data for name, value in again.items()} == places

    def test_what_is_no_input_is_refused(self, engine, configuration):
        feeds = self.feeds(engine)
        with pytest.raises(EngineError, match="is missing"):
            engine.run({})
        with pytest.raises(EngineError, match="there is no input other"):
            engine.run({**feeds, "other": np.zeros(1, np.float32)})
        first = engine.inputs[0].name
        with pytest.raises(EngineError, match=r"must be \w+, not float64"):
            engine.run({**feeds, first: feeds[first].astype(np.float64)})
        with pytest.raises(EngineError, match="axes"):
            engine.run({**feeds, first: feeds[first][None]})

"""Tensors by name: what a network's inputs and outputs must look like, and whether arrays do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..types import InputError

# What networks are fed with. Anything else (texts, complex numbers) is no tensor of ours.
DTYPES = (
    "float32", "float16", "float64", "uint8", "int8", "uint16", "int16", "int32", "int64", "bool",
)  # fmt: skip


class EngineError(InputError):
    """What an engine cannot do, in one sentence; the same sentence on every backend."""


class StoppedError(EngineError):
    """Whoever waited for an engine does so no longer."""


@dataclass(frozen=True, slots=True)
class TensorSpec:
    """Name, shape and type of one input or output.

    An axis in `shape` is its size, or the name of a dynamic axis; axes of one name have one size
    in all inputs of a run.
    """

    name: str
    shape: tuple[int | str, ...]
    dtype: np.dtype[Any]

    def __str__(self) -> str:
        axes = ", ".join(str(axis) for axis in self.shape)
        return f"{self.name} ({axes}) {self.dtype.name}"


@dataclass(frozen=True, slots=True)
class AxisSizes:
    """Sizes that a dynamic axis may have: a TensorRT engine is built for them and tuned for
    `typical`; every backend refuses others.
    """

    minimum: int
    typical: int
    maximum: int


@dataclass(frozen=True, slots=True)
class Signature:
    """All inputs and outputs of a network, sizes of its dynamic axes, and the range that the
    values of an input must lie in (none: not checked).
    """

    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    axes: Mapping[str, AxisSizes] = field(default_factory=lambda: MappingProxyType({}))
    ranges: Mapping[str, tuple[float, float]] = field(default_factory=lambda: MappingProxyType({}))

    def check_feeds(self, feeds: Mapping[str, NDArray[Any]]) -> None:
        """Raises EngineError where names, types, ranks or sizes are not those of the inputs."""
        check_names(feeds, self.inputs)
        sizes: dict[str, int] = {}
        for spec in self.inputs:
            array = feeds[spec.name]
            if not isinstance(array, np.ndarray):
                raise EngineError(
                    f"input {spec.name} must be a numpy array, not a {type(array).__name__}"
                )
            if array.dtype != spec.dtype:
                raise EngineError(
                    f"input {spec.name} must be {spec.dtype.name}, not {array.dtype.name}"
                )
            self._check_shape(spec, array.shape, sizes)

    def check_shapes(self, shapes: Mapping[str, tuple[int, ...]]) -> None:
        """The same for shapes alone."""
        check_names(shapes, self.inputs)
        sizes: dict[str, int] = {}
        for spec in self.inputs:
            self._check_shape(spec, tuple(shapes[spec.name]), sizes)

    def check_ranges(self, feeds: Mapping[str, NDArray[Any]]) -> None:
        """Raises EngineError where a value lies outside its range; NaN lies outside of each."""
        for name, (low, high) in self.ranges.items():
            values = feeds[name]
            least, greatest = float(values.min()), float(values.max())
            if not (least >= low and greatest <= high):
                raise EngineError(
                    f"input {name} must lie in {low:g} .. {high:g} without NaN, "
                    f"not in {least:g} .. {greatest:g}"
                )

    def _check_shape(self, spec: TensorSpec, shape: tuple[int, ...], sizes: dict[str, int]) -> None:
        if len(shape) != len(spec.shape):
            raise EngineError(f"input {spec} has {len(spec.shape)} axes, but {shape} was given")
        for axis, size in zip(spec.shape, shape, strict=True):
            if isinstance(axis, int):
                if size != axis:
                    raise EngineError(f"input {spec} was given as {shape}")
                continue
            allowed = self.axes.get(axis, _ANY_SIZE)
            if not allowed.minimum <= size <= allowed.maximum:
                raise EngineError(
                    f"axis {axis} of input {spec.name} must be {allowed.minimum} .. "
                    f"{allowed.maximum} long, not {size}"
                )
            if sizes.setdefault(axis, size) != size:
                raise EngineError(
                    f"axis {axis} is {sizes[axis]} long in one input and {size} in {spec.name}"
                )

    def typical_shapes(self, which: str = "typical") -> dict[str, tuple[int, ...]]:
        """The inputs' shapes with each dynamic axis at its `minimum`, `typical` or `maximum`."""
        return {
            spec.name: tuple(
                axis if isinstance(axis, int) else int(getattr(self.axes[axis], which))
                for axis in spec.shape
            )
            for spec in self.inputs
        }

    def mild_feeds(self, shapes: Mapping[str, tuple[int, ...]]) -> dict[str, NDArray[Any]]:
        """Arrays of these shapes that every check lets pass: the middle of the range, or 0."""
        feeds: dict[str, NDArray[Any]] = {}
        for spec in self.inputs:
            low, high = self.ranges.get(spec.name, (0.0, 0.0))
            feeds[spec.name] = np.full(shapes[spec.name], (low + high) / 2).astype(spec.dtype)
        return feeds

    def random_feeds(
        self, shapes: Mapping[str, tuple[int, ...]], seed: int = 0
    ) -> dict[str, NDArray[Any]]:
        """Random arrays of these shapes, evenly within the range (-1..1 where there is none)."""
        generator = np.random.default_rng(seed)
        feeds: dict[str, NDArray[Any]] = {}
        for spec in self.inputs:
            kind = spec.dtype.kind
            low, high = self.ranges.get(spec.name, (-1.0, 1.0) if kind == "f" else (0.0, 1.0))
            values = generator.uniform(low, high, shapes[spec.name])
            feeds[spec.name] = (values if kind == "f" else np.rint(values)).astype(spec.dtype)
        return feeds


_ANY_SIZE = AxisSizes(1, 1, 2**31 - 1)


def check_names(given: Iterable[str], specs: Iterable[TensorSpec]) -> None:
    """Raises EngineError unless exactly the inputs are given."""
    names, wanted = set(given), {spec.name for spec in specs}
    if names == wanted:
        return
    missing, unknown = sorted(wanted - names), sorted(map(str, names - wanted))
    parts = [f"input {', '.join(missing)} is missing"] if missing else []
    parts += [f"there is no input {', '.join(unknown)}"] if unknown else []
    raise EngineError(f"{' and '.join(parts)}: the inputs are {', '.join(sorted(wanted))}")


def check_found(
    kind: str, wanted: Iterable[TensorSpec], found: Mapping[str, tuple[tuple[int, ...], str]]
) -> None:
    """Raises EngineError where a loaded network's tensors are not those of its card.

    `found`: shape (below 1: dynamic) and type per name, as the library sees the file.
    """
    specs = {spec.name: spec for spec in wanted}
    if set(specs) != set(found):
        raise EngineError(
            f"the card names the {kind}s {', '.join(sorted(specs))}, the network has "
            f"{', '.join(sorted(found))}: write the card anew"
        )
    for name, spec in specs.items():
        shape, dtype = found[name]
        same_rank = len(shape) == len(spec.shape)
        fixed = same_rank and all(
            real < 1 or not isinstance(axis, int) or axis == real
            for axis, real in zip(spec.shape, shape, strict=True)
        )
        if not fixed or dtype != spec.dtype.name:
            real_axes = ", ".join("?" if size < 1 else str(size) for size in shape)
            raise EngineError(
                f"the card says {kind} {spec}, the network has ({real_axes}) {dtype}: "
                "write the card anew"
            )

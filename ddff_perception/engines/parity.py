"""Whether an engine computes what ONNX Runtime computes: before its first use, and in tests."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .base import Engine
from .tensors import EngineError

# Largest error that rounding explains, as a share of the output's largest value, by what is
# computed in. int8 is the step of 8 bits over a few layers; bfloat16 was up to 0.085 over the fifty
# layers of an EfficientNet on AMD's AVX512_BF16, where the median was 0.004.
TOLERANCES: Mapping[str, float] = {
    "float32": 1e-4,
    "tf32": 5e-3,
    "float16": 1e-2,
    "bfloat16": 1e-1,
    "int8": 1e-1,
}


class ParityError(EngineError):
    """An engine computes something else than ONNX Runtime does."""


@dataclass(frozen=True, slots=True)
class OutputParity:
    """One output against the reference: errors as shares of the reference's largest value;
    `finite` and `reference_finite` are the shares of finite values.
    """

    output: str
    largest_error: float
    median_error: float
    finite: float
    reference_finite: float

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def compare_outputs(
    found: Mapping[str, NDArray[Any]], wanted: Mapping[str, NDArray[Any]]
) -> list[OutputParity]:
    """Each output of `found` against that of `wanted`; raises ParityError on other shapes."""
    rows = []
    for name, reference in wanted.items():
        values = found[name]
        if values.shape != reference.shape or values.dtype != reference.dtype:
            raise ParityError(
                f"output {name} is {values.shape} {values.dtype.name}, not {reference.shape} "
                f"{reference.dtype.name}"
            )
        a, b = values.astype(np.float64), reference.astype(np.float64)
        both = np.isfinite(a) & np.isfinite(b)
        scale = float(np.abs(b[both]).max(initial=0.0)) or 1.0
        errors = np.abs(a[both] - b[both]) / scale
        rows.append(
            OutputParity(
                name,
                float(errors.max(initial=0.0)),
                float(np.median(errors)) if errors.size else 0.0,
                _finite_share(a),
                _finite_share(b),
            )
        )
    return rows


def check_parity(
    engine: Engine,
    reference: Engine,
    feeds: Iterable[Mapping[str, NDArray[Any]]],
    precision: str,
) -> list[OutputParity]:
    """Runs both on each of `feeds`; the worst row per output.

    Raises ParityError where an output is further from the reference than the precision explains,
    or has NaN or infinity where the reference has none.
    """
    worst: dict[str, OutputParity] = {}
    for inputs in feeds:
        for row in compare_outputs(engine.run(inputs), reference.run(inputs)):
            seen = worst.get(row.output)
            if seen is None or row.largest_error > seen.largest_error or row.finite < seen.finite:
                worst[row.output] = row
    allowed = TOLERANCES[precision]
    for row in worst.values():
        if row.finite < row.reference_finite:
            raise ParityError(
                f"{engine.description}: {1 - row.finite:.1%} of output {row.output} is not finite, "
                f"{1 - row.reference_finite:.1%} on {reference.backend}"
            )
        if not row.largest_error <= allowed:
            raise ParityError(
                f"{engine.description}: output {row.output} differs from {reference.backend} by "
                f"{row.largest_error:.2g} of its largest value, {precision} explains {allowed:g}"
            )
    return list(worst.values())


def parity_feeds(engine: Engine) -> list[dict[str, NDArray[Any]]]:
    """Random inputs of the smallest and the typical sizes, and an even one."""
    signature = engine.signature
    typical = signature.typical_shapes()
    return [
        signature.random_feeds(typical, seed=1),
        signature.random_feeds(signature.typical_shapes("minimum"), seed=2),
        signature.mild_feeds(typical),
    ]


def _finite_share(values: NDArray[np.float64]) -> float:
    return float(np.isfinite(values).mean()) if values.size else 1.0

"""The depth pipeline by the node's parameters: what it takes, and one made from their values."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ..engines.settings import ENGINE_PARAMETERS
from ..optics.lens_table import LensTable, read_lens_table
from ..parameters import ParameterTable, Value, group
from ..ros.interface import method_tables
from ..types import CameraModel
from .capture.alignment_settings import AlignmentSettings
from .capture.settings import CaptureSettings
from .estimator import EstimatorSettings
from .methods import METHODS, method_parameters
from .pipeline import DepthPipeline


def estimator_parameters(*methods: str) -> ParameterTable:
    """What says how depth is found in slices, where the method is one of these (all if none)."""
    tables = {name: method_parameters(name) for name in methods or METHODS}
    return (
        EstimatorSettings.table()
        + method_tables(tables, ENGINE_PARAMETERS)
        + AlignmentSettings.table()
    )


def pipeline_parameters(*methods: str) -> ParameterTable:
    """The same with what says how messages become slices."""
    return estimator_parameters(*methods) + CaptureSettings.table().prefixed("capture")


def pipeline_from(values: Mapping[str, Value], camera: CameraModel | None = None) -> DepthPipeline:
    """The pipeline that the node runs with these values, by its own names; defaults elsewhere.

    Raises InputError where they do not fit or their lens table cannot be read.
    """
    method, parameters = method_values(values)
    return DepthPipeline(
        method,
        parameters,
        group(values, "capture"),
        camera,
        lens_table_of(values),
        AlignmentSettings.table().part(values),
    )


def lens_table_of(values: Mapping[str, Value]) -> LensTable | None:
    """The lens table that the node's values name; raises InputError where it cannot be read."""
    path = str(values.get("lens_table", ""))
    return read_lens_table(Path(path).expanduser()) if path else None


def method_values(values: Mapping[str, Value]) -> tuple[str, dict[str, Value]]:
    """The method and what `DepthFromFocus` takes for it, of the node's values."""
    own = EstimatorSettings.of(values).values()
    method = str(own.pop("method"))
    engine = ENGINE_PARAMETERS.part(values) if METHODS[method].network else {}
    return method, {**own, **group(values, method), **engine}

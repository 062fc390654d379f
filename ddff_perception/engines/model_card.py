"""The card of a network: what goes in, what comes out, how it was made, what it is good for."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from ..files.atomic import write_json
from ..types import InputError
from .tensors import DTYPES, AxisSizes, Signature, TensorSpec

CARD_FORMAT = 1
PRECISIONS = ("float32", "float16", "bfloat16", "int8")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")


@dataclass(frozen=True, slots=True)
class TensorCard:
    """One input or output: its shape, and what the numbers in it are.

    `shape`: sizes, and names of dynamic axes. `layout`: the axes in letters, such as `NCHW`.
    `unit`: of the values, "" for none. `range`: values that an input must have (inclusive, an
    image's 0..1); None where they are not checked, such as features of another network.
    """

    name: str
    shape: tuple[int | str, ...]
    dtype: str
    layout: str
    description: str
    unit: str = ""
    range: tuple[float, float] | None = None

    @property
    def spec(self) -> TensorSpec:
        return TensorSpec(self.name, self.shape, np.dtype(self.dtype))


@dataclass(frozen=True, slots=True)
class ModelCard:
    """What `<name>.json` beside `<name>.onnx` says.

    `precision`: the type of the weights in the file. `minimum_precision`: `float32` where a
    backend must not compute in bfloat16 or TF32 even so, such as a head that weighs positions.
    `axes`: for each dynamic axis the smallest, typical and largest size. `sha256` and `size_bytes`
    are of the ONNX file; `write_card` fills them. `training_command` is the one command that makes
    the file anew, with `seed`; `data` says what it was trained on, `metrics` what it reached on
    which test data, `limits` what it is not good for, `licence` how it may be used. `assets`: keys
    of the assets that its training scenes showed, for their credits.
    """

    name: str
    description: str
    inputs: tuple[TensorCard, ...]
    outputs: tuple[TensorCard, ...]
    opset: int
    precision: str
    training_command: str
    seed: int
    data: str
    metrics: Mapping[str, Any]
    limits: str
    licence: str
    axes: Mapping[str, tuple[int, int, int]] = field(default_factory=lambda: MappingProxyType({}))
    parameters: int | None = None
    minimum_precision: str = "bfloat16"
    assets: tuple[str, ...] = ()
    sha256: str = ""
    size_bytes: int = 0

    def __post_init__(self) -> None:
        _check(self)

    @property
    def signature(self) -> Signature:
        """Inputs, outputs and their limits, as engines use them."""
        return Signature(
            tuple(tensor.spec for tensor in self.inputs),
            tuple(tensor.spec for tensor in self.outputs),
            {name: AxisSizes(*sizes) for name, sizes in self.axes.items()},
            {tensor.name: tensor.range for tensor in self.inputs if tensor.range is not None},
        )

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        content = {f.name: getattr(self, f.name) for f in fields(self)}
        for key in ("inputs", "outputs"):
            content[key] = [asdict(tensor) for tensor in content[key]]
        for key in ("axes", "metrics"):
            content[key] = dict(content[key])
        return {"format": CARD_FORMAT, **content}


def read_card(path: Path) -> ModelCard:
    """The card at `path`; raises InputError where it is no whole, valid card."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"cannot read the model card {path}: {error.strerror}") from error
    except ValueError as error:
        raise InputError(f"the model card {path} is not JSON: write it anew") from error
    try:
        return card_from_dict(content)
    except InputError as error:
        raise InputError(f"the model card {path} cannot be used: {error}") from error


def write_card_file(path: Path, card: ModelCard) -> None:
    """The card as JSON at `path`, atomically."""
    write_json(path, card.to_dict())


def card_from_dict(content: Any) -> ModelCard:
    """The card that JSON holds; raises InputError that names what is wrong."""
    if not isinstance(content, dict):
        raise InputError("it is not a JSON object")
    values = dict(content)
    version = values.pop("format", None)
    if version != CARD_FORMAT:
        raise InputError(f"its format is {version!r}, this version reads {CARD_FORMAT}")
    _check_keys("the card", values, ModelCard)
    for key in ("inputs", "outputs"):
        if not isinstance(values[key], list):
            raise InputError(f"{key} must be a list")
        values[key] = tuple(_tensor(item, key) for item in values[key])
    axes = values.get("axes", {})
    if not isinstance(axes, dict) or not all(isinstance(s, list) for s in axes.values()):
        raise InputError("axes must hold [smallest, typical, largest] per dynamic axis")
    values["axes"] = {name: tuple(sizes) for name, sizes in axes.items()}
    if not isinstance(values.get("assets", []), list):
        raise InputError("assets must be a list of keys")
    values["assets"] = tuple(values.get("assets", ()))
    return ModelCard(**values)


def _tensor(item: Any, key: str) -> TensorCard:
    if not isinstance(item, dict):
        raise InputError(f"{key} must hold objects")
    _check_keys(f"one of the {key}", item, TensorCard)
    values = dict(item)
    if not isinstance(values["shape"], list):
        raise InputError(f"the shape of one of the {key} must be a list")
    values["shape"] = tuple(values["shape"])
    if values.get("range") is not None:
        if not isinstance(values["range"], list):
            raise InputError(f"the range of one of the {key} must be [low, high]")
        values["range"] = tuple(values["range"])
    return TensorCard(**values)


def _check_keys(what: str, values: Mapping[str, Any], kind: type[ModelCard | TensorCard]) -> None:
    known = {f.name: f for f in fields(kind)}
    unknown = sorted(set(values) - set(known))
    optional = {"axes", "parameters", "minimum_precision", "assets", "unit", "range"}
    missing = sorted(set(known) - optional - set(values))
    if unknown or missing:
        said = [f"lacks {', '.join(missing)}"] if missing else []
        said += [f"has the unknown entry {', '.join(unknown)}"] if unknown else []
        raise InputError(f"{what} {' and '.join(said)}")


def _check(card: ModelCard) -> None:
    """Raises InputError on the first entry that cannot be right."""
    texts = ("name", "description", "training_command", "data", "limits", "licence")
    for name in texts:
        value = getattr(card, name)
        if not isinstance(value, str) or not value.strip():
            raise InputError(f"{name} must be a text that says something, not {value!r}")
    if not _NAME.fullmatch(card.name):
        raise InputError(f"name must be letters, digits, dots and dashes, not {card.name!r}")
    if card.precision not in PRECISIONS:
        raise InputError(
            f"precision must be one of {', '.join(PRECISIONS)}, not {card.precision!r}"
        )
    if card.minimum_precision not in ("float32", "bfloat16"):
        raise InputError("minimum_precision must be float32 or bfloat16")
    _check_numbers(card)
    if not all(isinstance(key, str) for key in card.assets):
        raise InputError("assets must be texts, the keys of assets")
    if not isinstance(card.metrics, Mapping):
        raise InputError("metrics must be an object of names and numbers")
    for key, tensors in (("inputs", card.inputs), ("outputs", card.outputs)):
        names = [tensor.name for tensor in tensors]
        if not names or len(set(names)) != len(names):
            raise InputError(f"{key} must be one or more, each with a name of its own")
        for tensor in tensors:
            _check_tensor(tensor)
    _check_axes(card)


def _check_numbers(card: ModelCard) -> None:
    for name, least in (("opset", 1), ("seed", 0), ("size_bytes", 0)):
        if not _is_int(getattr(card, name), least):
            raise InputError(f"{name} must be a whole number of {least} or more")
    if card.parameters is not None and not _is_int(card.parameters, 1):
        raise InputError("parameters must be a whole number of 1 or more")
    if card.sha256 != "" and not (isinstance(card.sha256, str) and _SHA256.fullmatch(card.sha256)):
        raise InputError("sha256 must be 64 hexadecimal digits")


def _check_tensor(tensor: TensorCard) -> None:
    where = f"tensor {tensor.name!r}"
    for name in ("name", "layout", "description"):
        value = getattr(tensor, name)
        if not isinstance(value, str) or not value.strip():
            raise InputError(f"{where}: {name} must be a text that says something")
    if not isinstance(tensor.unit, str):
        raise InputError(f"{where}: unit must be a text")
    if tensor.dtype not in DTYPES:
        raise InputError(f"{where}: dtype must be one of {', '.join(DTYPES)}, not {tensor.dtype!r}")
    for axis in tensor.shape:
        if not _is_int(axis, 1) and not (isinstance(axis, str) and axis.isidentifier()):
            raise InputError(f"{where}: an axis is a size or the name of one, not {axis!r}")
    if len(tensor.layout) != len(tensor.shape):
        raise InputError(
            f"{where}: layout {tensor.layout} has not one letter per axis of {tensor.shape}"
        )
    if tensor.range is not None:
        numbers = all(isinstance(v, int | float) and not isinstance(v, bool) for v in tensor.range)
        if len(tensor.range) != 2 or not numbers or not tensor.range[0] < tensor.range[1]:
            raise InputError(f"{where}: range must be [low, high] with low < high")


def _check_axes(card: ModelCard) -> None:
    dynamic = {axis for t in card.inputs for axis in t.shape if isinstance(axis, str)}
    if set(card.axes) != dynamic:
        raise InputError(
            f"axes must say the sizes of exactly the inputs' dynamic axes ({_listed(dynamic)}), "
            f"not of {_listed(set(card.axes))}"
        )
    for name, sizes in card.axes.items():
        whole = len(sizes) == 3 and all(_is_int(size, 1) for size in sizes)
        if not whole or not sizes[0] <= sizes[1] <= sizes[2]:
            raise InputError(f"axis {name} must be [smallest, typical, largest], not {list(sizes)}")


def _is_int(value: Any, least: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= least


def _listed(names: set[str]) -> str:
    return ", ".join(sorted(names)) or "none"

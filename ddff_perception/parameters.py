"""What can be set, declared once: the fields of a dataclass say name, type, range and unit.

    @dataclass(frozen=True)
    class BlurSettings(Settings):
        radius: int = parameter(4, "reach of the window", "px", (0, 64))

    BlurSettings.from_values({"radius": 7}).radius

The class gives the typed values, its table declares a node's ROS parameters, checks `--param
name=value` of the command line, and fills `config/*.yaml` and the tables of the documentation.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any, TypeVar

from .types import InputError

if TYPE_CHECKING:
    from typing import Self

Value = bool | int | float | str | list[float] | list[str]
T = TypeVar("T", bool, int, float, str, list[float], list[str])


@dataclass(frozen=True, slots=True)
class Parameter:
    """One settable value. The type is the default's type.

    `minimum` and `maximum` are inclusive. `choices` limits a string. `dynamic` is False where a
    change needs a restart of the node (a read-only ROS parameter). `spelled` gives the choice that
    a text stands for which people write in more than one way.
    """

    name: str
    default: Value
    description: str
    unit: str = ""
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()
    dynamic: bool = True
    spelled: Callable[[str], str] | None = None

    def check(self, value: Value) -> Value:
        """`value` in the parameter's type; raises InputError with the allowed range."""
        if isinstance(self.default, list):
            return self._check_list(value)
        if isinstance(self.default, bool) is not isinstance(value, bool):
            raise InputError(f"{self.name} must be {type(self.default).__name__}, not {value!r}")
        if isinstance(self.default, float) and isinstance(value, int):
            value = float(value)
        if not isinstance(value, type(self.default)):
            raise InputError(f"{self.name} must be {type(self.default).__name__}, not {value!r}")
        if self.spelled is not None and isinstance(value, str):
            value = self.spelled(value)
        if self.choices and value not in self.choices:
            raise InputError(f"{self.name} must be one of {', '.join(self.choices)}, not {value!r}")
        self._check_range(value)
        return value

    def parse(self, text: str) -> Value:
        """The value that `text` (from a command line) stands for."""
        try:
            if isinstance(self.default, bool):
                return {"true": True, "false": False, "1": True, "0": False}[text.lower()]
            if isinstance(self.default, int | float):
                return self.check(type(self.default)(text))
            if isinstance(self.default, list):
                parts = [part for part in text.split(",") if part]
                return self.check(parts if self._of_texts else [float(p) for p in parts])
        except (KeyError, ValueError) as error:
            if isinstance(error, InputError):
                raise
            kind = type(self.default).__name__
            raise InputError(f"{self.name} must be {kind}, not {text!r}") from error
        return self.check(text)

    @property
    def _of_texts(self) -> bool:
        """Whether a list holds texts; an empty default says numbers."""
        return isinstance(self.default, list) and any(isinstance(v, str) for v in self.default)

    def _check_list(self, value: object) -> Value:
        if not isinstance(value, list | tuple):
            raise InputError(f"{self.name} must be a list")
        if self._of_texts:
            for item in value:
                if not isinstance(item, str):
                    raise InputError(f"{self.name} must be a list of texts, not {item!r}")
            return list(value)
        for item in value:
            if isinstance(item, bool) or not isinstance(item, int | float):
                raise InputError(f"{self.name} must be a list of numbers, not {item!r}")
            self._check_range(item)
        return [float(item) for item in value]

    def _check_range(self, value: object) -> None:
        if isinstance(value, bool) or not isinstance(value, int | float):
            return
        if isinstance(value, float) and math.isnan(value):
            raise InputError(f"{self.name} must be a number, not NaN")
        low = -math.inf if self.minimum is None else self.minimum
        high = math.inf if self.maximum is None else self.maximum
        if not low <= value <= high:
            unit = f" {self.unit}" if self.unit else ""
            raise InputError(f"{self.name} must lie in {low:g} .. {high:g}{unit}, not {value:g}")


class ParameterTable:
    """An ordered set of parameters with unique names.

    `aliases`: today's name by an older one, which stands for it wherever values are given.
    """

    def __init__(
        self, parameters: Iterable[Parameter], aliases: Mapping[str, str] | None = None
    ) -> None:
        self.aliases = dict(aliases or {})
        self._by_name: dict[str, Parameter] = {}
        for parameter in parameters:
            if parameter.name in self._by_name:
                raise ValueError(f"parameter {parameter.name} is declared twice")
            parameter.check(parameter.default)
            self._by_name[parameter.name] = parameter

    def __iter__(self) -> Iterator[Parameter]:
        return iter(self._by_name.values())

    def __contains__(self, name: str) -> bool:
        return name in self._by_name

    def __getitem__(self, name: str) -> Parameter:
        try:
            return self._by_name[name]
        except KeyError:
            known = ", ".join(sorted(self._by_name))
            raise InputError(f"there is no parameter {name!r}; there are: {known}") from None

    def __add__(self, other: ParameterTable) -> ParameterTable:
        return ParameterTable([*self, *other], self.aliases | other.aliases)

    def prefixed(self, prefix: str) -> ParameterTable:
        """The same table with `prefix.` before each name."""
        aliases = {f"{prefix}.{old}": f"{prefix}.{new}" for old, new in self.aliases.items()}
        return ParameterTable((replace(p, name=f"{prefix}.{p.name}") for p in self), aliases)

    def canonical(self, name: str) -> str:
        """Today's name of what may be an older one; any other name as it is."""
        return self.aliases.get(name, name)

    def part(self, values: Mapping[str, Value]) -> dict[str, Value]:
        """Those of `values` that are in the table."""
        return {name: value for name, value in values.items() if name in self}

    def complete(self, values: Mapping[str, Value] | None = None) -> dict[str, Value]:
        """Every parameter's value: the given ones checked, the default elsewhere."""
        result: dict[str, Value] = {p.name: p.check(p.default) for p in self}
        for name, value in (values or {}).items():
            parameter = self[self.canonical(name)]
            result[parameter.name] = parameter.check(value)
        return result

    def parse(self, assignments: Iterable[str]) -> dict[str, Value]:
        """Values of `name=value` texts; raises InputError on an unknown name or a bad value."""
        values: dict[str, Value] = {}
        for name, text in map(assignment, assignments):
            values[name] = self[name].parse(text)
        return values


def assignment(text: str) -> tuple[str, str]:
    """Name and value of `name=value`; raises InputError on anything else."""
    name, separator, value = text.partition("=")
    if not separator:
        raise InputError(f"{text!r} is not name=value")
    return name.strip(), value.strip()


def group(values: Mapping[str, Value], prefix: str) -> dict[str, Value]:
    """Those of `values` whose names begin with `prefix.`, without it."""
    start = f"{prefix}."
    return {name[len(start) :]: value for name, value in values.items() if name.startswith(start)}


def parameter(
    default: T,
    description: str,
    unit: str = "",
    limits: tuple[float | None, float | None] = (None, None),
    choices: tuple[str, ...] = (),
    dynamic: bool = True,
    spelled: Callable[[str], str] | None = None,
) -> T:
    """The field of a `Settings` that declares one `Parameter`, of the field's name."""
    declared = Parameter("", default, description, unit, *limits, choices, dynamic, spelled)
    own: dict[str, Any] = (
        {"default_factory": default.copy} if isinstance(default, list) else {"default": default}
    )
    made: T = field(metadata={"parameter": declared}, **own)
    return made


class Settings:
    """Base of frozen dataclasses whose fields are made by `parameter`: typed and checked values.

    Raises InputError on a value that its parameter does not allow, however it is made. Subclasses
    that check more do so in `__post_init__`, after this one's.
    """

    def __post_init__(self) -> None:
        for declared in self.table():
            value = declared.check(getattr(self, declared.name))
            object.__setattr__(self, declared.name, value)

    @classmethod
    def table(cls) -> ParameterTable:
        """The parameters that the fields declare, in their order."""
        if cls not in _TABLES:
            made_by: Any = cls
            declared = ((item.name, item.metadata["parameter"]) for item in fields(made_by))
            _TABLES[cls] = ParameterTable(replace(made, name=name) for name, made in declared)
        return _TABLES[cls]

    @classmethod
    def from_values(cls, values: Mapping[str, Value] | None = None) -> Self:
        """The given values, defaults elsewhere; raises InputError on a name that is not there."""
        table = cls.table()
        given: dict[str, Any] = {}
        for name, value in (values or {}).items():
            given[table[table.canonical(name)].name] = value
        return cls(**given)

    @classmethod
    def of(cls, values: Mapping[str, Value], prefix: str = "") -> Self:
        """What among `values` (of a whole node) is these settings', below `prefix.` if given."""
        start = f"{prefix}." if prefix else ""
        names = (declared.name for declared in cls.table())
        given: dict[str, Any] = {n: values[start + n] for n in names if start + n in values}
        return cls(**given)

    def values(self) -> dict[str, Value]:
        """The values by name."""
        return {declared.name: getattr(self, declared.name) for declared in self.table()}


_TABLES: dict[type[Settings], ParameterTable] = {}

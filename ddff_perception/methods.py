"""Methods that are functions: by name, with their settings and what runs their networks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from .capability import chosen
from .engines.create import available_backends, choose_backend
from .engines.loading import EngineSet
from .engines.model_zoo import find_parts
from .engines.settings import ENGINE_PARAMETERS, EngineSettings
from .parameters import Parameter, ParameterTable, Settings, Value, group
from .pipeline import Change, check_methods
from .types import InputError


@dataclass(frozen=True)
class NoSettings(Settings):
    """A method that takes none."""


@dataclass(frozen=True, slots=True)
class MethodEntry:
    """What a method is in one line, the function, and its `Settings`.

    `code` takes the input and these, and after them its engines where it runs a `network`, which
    the setting `model` names. `auto_on`: the backends on which it keeps a robot's rate, which the
    method auto asks for; empty for any.
    """

    description: str
    code: Callable[..., Any]
    settings: type[Settings] = NoSettings
    network: bool = False
    auto_on: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Method:
    """A method with its values, and what runs its network (None without one), which it owns."""

    name: str
    values: Mapping[str, Value]
    entry: MethodEntry
    settings: Settings
    engines: EngineSet | None = None

    @property
    def parameters(self) -> dict[str, Value]:
        """The values, by the names that a node has for them."""
        shared = ENGINE_PARAMETERS
        return {n if n in shared else f"{self.name}.{n}": v for n, v in self.values.items()}

    def __call__(self, given: Any) -> Any:
        """What the method finds; raises InputError where `given` does not suit it."""
        engines = () if self.engines is None else (self.engines,)
        return self.entry.code(given, self.settings, *engines)

    def close(self) -> None:
        """Frees the engine."""
        if self.engines is not None:
            self.engines.close()


AUTO = "auto"


class Methods(dict[str, MethodEntry]):
    """The methods of a capability; the first is the default.

    With `auto`, names of methods, that is the default: the first of them whose model is there, and
    an engine to run it, if it is a network.
    """

    def __init__(self, auto: Sequence[str] = (), **entries: MethodEntry) -> None:
        super().__init__(entries)
        self._auto = tuple(auto)

    @property
    def default(self) -> str:
        return AUTO if self._auto else next(iter(self))

    def resolved(self, name: str, values: Mapping[str, Value] | None = None) -> str:
        """The method that `name` means, with a node's `values`."""
        if name != AUTO or not self._auto:
            return name
        return next((n for n in self._auto if self._can_run(n, values or {})), self._auto[-1])

    def _can_run(self, name: str, values: Mapping[str, Value]) -> bool:
        entry = self[name]
        if not entry.network:
            return True
        settings = entry.settings.of(values, name)
        try:
            find_parts(str(settings.values()["model"]), entry.parts)
        except InputError:
            return False
        wanted = str(values.get("engine.backend", AUTO))
        if entry.auto_on and choose_backend(wanted) not in entry.auto_on:
            return False
        return bool(available_backends())

    def table(self, name: str) -> ParameterTable:
        """The parameter table of the method `name`, with that of its engine where it runs a
        network. Raises InputError where there is no such method.
        """
        entry: MethodEntry = chosen(self, "method", self.resolved(name))
        table = entry.settings.table()
        return table + ENGINE_PARAMETERS if entry.network else table

    def parameters(self, *names: str) -> ParameterTable:
        """What a node takes for these methods (all if none), each below the method's name."""
        wanted = [self.resolved(name) for name in names or self]
        return method_tables({name: self.table(name) for name in wanted}, ENGINE_PARAMETERS)

    def choice(self, description: str) -> ParameterTable:
        """The parameter `method` of a node."""
        names = (AUTO, *self) if self._auto else tuple(self)
        said = f"{description}; auto: the first of {', '.join(self._auto)} that can run here"
        text = said if self._auto else description
        return ParameterTable([Parameter("method", self.default, text, choices=names)])

    def create(self, name: str, parameters: Mapping[str, Value] | None = None) -> Method:
        """The method `name` with `parameters` checked and completed; its engine is made when used.

        Raises InputError on an unknown method, parameter or network, and on values out of range or
        against each other.
        """
        name = self.resolved(name)
        values = self.table(name).complete(parameters)
        entry, engines = self[name], None
        settings = entry.settings.of(values)
        if entry.network:
            options = EngineSettings.of(values, "engine").values()
            models = find_parts(str(settings.values()["model"]), entry.parts)
            engines = EngineSet(models, options=options)
        return Method(name, values, entry, settings, engines)

    def chosen(self, values: Mapping[str, Value]) -> tuple[str, dict[str, Value]]:
        """The method and what it takes, of a node's values."""
        name = self.resolved(str(values.get("method", self.default)), values)
        engine = ENGINE_PARAMETERS.part(values) if self[name].network else {}
        return name, group(values, name) | engine


class ChosenMethod:
    """The method that a pipeline works with; another one is made aside before it takes its place.

    Raises InputError where it cannot be made.
    """

    def __init__(
        self, methods: Methods, name: str, parameters: Mapping[str, Value] | None = None
    ) -> None:
        self._methods = methods
        self._values: Mapping[str, Value] = {}
        self.now = methods.create(name, parameters)
        if self.now.engines is not None:
            self.now.engines.load()

    @classmethod
    def from_values(cls, methods: Methods, values: Mapping[str, Value]) -> ChosenMethod:
        """The one that a node's values choose; those of the others are checked, too."""
        check_methods(methods, methods.table, methods.create, values, {})
        made = cls(methods, *methods.chosen(values))
        made._values = dict(values)
        return made

    @property
    def engines(self) -> EngineSet | None:
        return self.now.engines

    def prepare(self, values: Mapping[str, Value]) -> Change:
        """As `Pipeline.prepare`: what a node's values choose, ready to go on with."""
        methods = self._methods
        check_methods(methods, methods.table, methods.create, values, self._values)
        other = self._other(*methods.chosen(values))

        def apply() -> None:
            self._values = dict(values)
            if other is not None:
                before, self.now = self.now, other
                self._free(before)

        return Change(apply, lambda: self._free(other))

    def _other(self, name: str, parameters: Mapping[str, Value]) -> Method | None:
        """What is not the method of now, ready; None where it would be the same."""
        other = self._methods.create(name, parameters)
        if (other.name, other.values) == (self.now.name, self.now.values):
            return None
        if other.engines is None:
            return other
        engines = other.engines.gone_on_with(self.engines)
        engines.load()
        return replace(other, engines=engines)

    def _free(self, method: Method | None) -> None:
        """Frees the engine of a method that is not in use, but for the one that is."""
        if method is not None and method.engines is not self.engines:
            method.close()


def method_tables(tables: Mapping[str, ParameterTable], shared: ParameterTable) -> ParameterTable:
    """Each method's parameters with its name before them (`vdff.alpha`), and `shared` if used.

    What a method's table has of `shared` (the engine's) is there once for all; under the method's
    name it is an older spelling.
    """
    own: list[Parameter] = []
    aliases: dict[str, str] = {}
    used = False
    for name, table in tables.items():
        own += ParameterTable(p for p in table if p.name not in shared).prefixed(name)
        common = {p.name: p.name for p in table if p.name in shared}
        aliases |= {f"{name}.{old}": new for old, new in (common | table.aliases).items()}
        used |= bool(common)
    methods = ParameterTable(own, aliases)
    return methods + shared if used else methods

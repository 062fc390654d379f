"""The methods by name, behind one interface: per-slice work once, one step over the slices."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ..parameters import ParameterTable, Value
from ..types import InputError
from .solution import SweepMethod


@dataclass(frozen=True, slots=True)
class MethodEntry:
    """How a method is made, what it takes, and what it is in one line."""

    create: Callable[[Mapping[str, Value]], SweepMethod]
    parameters: Callable[[], ParameterTable]
    description: str


def create_method(name: str, parameters: Mapping[str, Value] | None = None) -> SweepMethod:
    """The method `name` with `parameters` checked and completed from its table.

    Raises InputError on an unknown method or parameter, or a value out of range.
    """
    return _entry(name).create(method_parameters(name).complete(parameters))


def method_parameters(name: str) -> ParameterTable:
    """The parameter table of the method `name`."""
    return _entry(name).parameters()


def _entry(name: str) -> MethodEntry:
    try:
        return METHODS[name]
    except KeyError:
        known = ", ".join(METHODS)
        raise InputError(f"there is no method {name!r}; there are: {known}") from None


def _multiscale(parameters: Mapping[str, Value]) -> SweepMethod:
    from .classical.multiscale import MultiscaleMethod

    return MultiscaleMethod(parameters)


def _multiscale_parameters() -> ParameterTable:
    from .classical.multiscale import MULTISCALE_PARAMETERS

    return MULTISCALE_PARAMETERS


def _focus_stream(parameters: Mapping[str, Value]) -> SweepMethod:
    from .learned.focus_stream import FocusStreamMethod

    return FocusStreamMethod(parameters)


def _focus_stream_parameters() -> ParameterTable:
    from .learned.focus_stream import FOCUS_STREAM_PARAMETERS

    return FOCUS_STREAM_PARAMETERS


def _volume(kind: str) -> MethodEntry:
    def create(parameters: Mapping[str, Value]) -> SweepMethod:
        from .classical.volume import create_volume_method

        return create_volume_method(kind, parameters)

    def table() -> ParameterTable:
        from .classical.volume import volume_parameters

        return volume_parameters(kind)

    descriptions = {
        "focus_measure": "one focus measure, one window, sub-slice peak",
        "yardstick": "sum-modified Laplacian, box mean, argmax: as everyone writes it",
        "vdff": "variational depth from focus (Moeller et al. 2015), the papers' baseline",
        "tv": "convex total-variation depth from focus",
        "nonlinear": "non-linear filtering of the focus volume",
    }
    return MethodEntry(create, table, descriptions[kind])


def _stack_network(name: str, description: str) -> MethodEntry:
    def create(parameters: Mapping[str, Value]) -> SweepMethod:
        from .learned.stack_networks import StackNetworkMethod

        return StackNetworkMethod(parameters)

    def table() -> ParameterTable:
        from .learned.stack_networks import stack_network_parameters

        return stack_network_parameters(name)

    return MethodEntry(create, table, description)


METHODS: dict[str, MethodEntry] = {
    "multiscale": MethodEntry(
        _multiscale,
        _multiscale_parameters,
        "matched filter over the whole focus curve, three octaves, growing windows: the default",
    ),
    "focus_stream": MethodEntry(
        _focus_stream,
        _focus_stream_parameters,
        "a network trained on blurred scenes: sharper edges, plain walls; needs an engine",
    ),
    **{kind: _volume(kind) for kind in ("focus_measure", "yardstick", "vdff", "tv", "nonlinear")},
    "ddffnet": _stack_network("ddffnet", "DDFFNet (Hazirbas et al. 2018), a network over stacks"),
    "dynamic_fusion": _stack_network(
        "dynamic_fusion", "dynamic fusion network (Piao et al. 2021), a network over stacks"
    ),
}

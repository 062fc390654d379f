"""The methods by name, behind one interface: per-slice work once, one step over the slices."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..capability import Reference, chosen
from ..engines.settings import ENGINE_PARAMETERS, EngineSettings
from ..parameters import ParameterTable, Value
from .solution import SweepMethod


@dataclass(frozen=True, slots=True)
class MethodEntry:
    """What a method is in one line, what makes it, and its `Settings`.

    `code` takes these, and after them `EngineSettings` where it runs a `network`.
    """

    description: str
    code: Reference
    settings: Reference
    network: bool = False


def create_method(name: str, parameters: Mapping[str, Value] | None = None) -> SweepMethod:
    """The method `name` with `parameters` checked and completed from its table.

    Raises InputError on an unknown method or parameter, or a value out of range.
    """
    values = method_parameters(name).complete(parameters)
    entry = METHODS[name]
    settings = [entry.settings.load().of(values)]
    if entry.network:
        settings.append(EngineSettings.of(values, "engine"))
    method: SweepMethod = entry.code.load()(*settings)
    return method


def method_parameters(name: str) -> ParameterTable:
    """The parameter table of the method `name`, with that of its engine where it runs a network.

    Raises InputError where there is no such method.
    """
    entry: MethodEntry = chosen(METHODS, "method", name)
    table: ParameterTable = entry.settings.load().table()
    return table + ENGINE_PARAMETERS if entry.network else table


def _classical(name: str, description: str) -> MethodEntry:
    code, _, settings = name.partition(" ")
    room = f"{__package__}.classical"
    return MethodEntry(description, Reference(f"{room}.{code}"), Reference(f"{room}.{settings}"))


def _learned(name: str, description: str) -> MethodEntry:
    code, _, settings = name.partition(" ")
    room = f"{__package__}.learned"
    return MethodEntry(
        description, Reference(f"{room}.{code}"), Reference(f"{room}.{settings}"), network=True
    )


METHODS: dict[str, MethodEntry] = {
    "multiscale": _classical(
        "multiscale:MultiscaleMethod multiscale:MultiscaleSettings",
        "matched filter over the whole focus curve, three octaves, growing windows: the default",
    ),
    "focus_stream": _learned(
        "focus_stream:FocusStreamMethod focus_stream:FocusStreamSettings",
        "a network trained on blurred scenes: sharper edges, plain walls; needs an engine",
    ),
    "focus_measure": _classical(
        "volume:focus_measure_method volume:FocusMeasureSettings",
        "one focus measure, one window, sub-slice peak",
    ),
    "yardstick": _classical(
        "volume:yardstick_method volume:YardstickSettings",
        "sum-modified Laplacian, box mean, argmax: as everyone writes it",
    ),
    "vdff": _classical(
        "volume:vdff_method variational:VdffSettings",
        "variational depth from focus (Moeller et al. 2015), the papers' baseline",
    ),
    "tv": _classical(
        "volume:tv_method volume:TvMethodSettings",
        "convex total-variation depth from focus",
    ),
    "nonlinear": _classical(
        "volume:nonlinear_method volume:NonlinearMethodSettings",
        "non-linear filtering of the focus volume",
    ),
    "ddffnet": _learned(
        "stack_networks:StackNetworkMethod stack_networks:DdffnetSettings",
        "DDFFNet (Hazirbas et al. 2018), a network over stacks",
    ),
    "dynamic_fusion": _learned(
        "stack_networks:StackNetworkMethod stack_networks:DynamicFusionSettings",
        "dynamic fusion network (Piao et al. 2021), a network over stacks",
    ),
}

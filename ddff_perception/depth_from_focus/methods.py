"""The methods by name, behind one interface: per-slice work once, one step over the slices."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..capability import Reference, chosen
from ..engines.settings import ENGINE_PARAMETERS, EngineSettings
from ..files.limits import GIB, VOLUME_GIB
from ..parameters import ParameterTable, Value
from ..types import InputError
from .solution import SweepMethod


@dataclass(frozen=True, slots=True)
class MethodEntry:
    """What a method is in one line, what makes it, and its `Settings`.

    `code` takes these, and after them `EngineSettings` where it runs a `network`. `volume`: bytes
    per pixel and slice of what it holds of all slices at once, 0 where that is small.
    """

    description: str
    code: Reference
    settings: Reference
    network: bool = False
    volume: int = 0


def require_memory(method: str, slices: int, shape: tuple[int, ...]) -> None:
    """Raises InputError where `method` would hold more than `limits.VOLUME_GIB` of as many slices
    of `shape`, with the width that they would have to be shrunken to.
    """
    need = METHODS[method].volume * slices * shape[0] * shape[1] / GIB
    limit = VOLUME_GIB.value
    if need > limit:
        width = int(shape[1] * (limit / need) ** 0.5)
        raise InputError(
            f"the method {method} holds all {slices} slices at once, {need:.1f} GiB at "
            f"{shape[1]}x{shape[0]}: shrink them by --width {width}, take multiscale, which needs "
            f"none of it, or set the environment variable {VOLUME_GIB.name} if it is meant"
        )


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


def _classical(name: str, description: str, volume: int = 0) -> MethodEntry:
    code, _, settings = name.partition(" ")
    room = f"{__package__}.classical"
    made, values = Reference(f"{room}.{code}"), Reference(f"{room}.{settings}")
    return MethodEntry(description, made, values, volume=volume)


def _learned(name: str, description: str, volume: int = 0) -> MethodEntry:
    code, _, settings = name.partition(" ")
    room = f"{__package__}.learned"
    made, values = Reference(f"{room}.{code}"), Reference(f"{room}.{settings}")
    return MethodEntry(description, made, values, network=True, volume=volume)


METHODS: dict[str, MethodEntry] = {
    "multiscale": _classical(
        "multiscale:MultiscaleMethod multiscale:MultiscaleSettings",
        "matched filter over the whole focus curve, three octaves, growing windows: the default",
    ),
    "focus_stream": _learned(
        "focus_stream:FocusStreamMethod focus_stream:FocusStreamSettings",
        "a network trained on blurred scenes: sharper edges, plain walls; needs an engine",
        volume=13,
    ),
    "focus_measure": _classical(
        "volume:focus_measure_method volume:FocusMeasureSettings",
        "one focus measure, one window, sub-slice peak",
        volume=22,
    ),
    "yardstick": _classical(
        "volume:yardstick_method volume:YardstickSettings",
        "sum-modified Laplacian, box mean, argmax: as everyone writes it",
        volume=14,
    ),
    "vdff": _classical(
        "volume:vdff_method variational:VdffSettings",
        "variational depth from focus (Moeller et al. 2015), the papers' baseline",
        volume=28,
    ),
    "tv": _classical(
        "volume:tv_method volume:TvMethodSettings",
        "convex total-variation depth from focus",
        volume=22,
    ),
    "nonlinear": _classical(
        "volume:nonlinear_method volume:NonlinearMethodSettings",
        "non-linear filtering of the focus volume",
        volume=29,
    ),
    "ddffnet": _learned(
        "stack_networks:StackNetworkMethod stack_networks:DdffnetSettings",
        "DDFFNet (Hazirbas et al. 2018), a network over stacks",
        volume=66,
    ),
    "dynamic_fusion": _learned(
        "stack_networks:StackNetworkMethod stack_networks:DynamicFusionSettings",
        "dynamic fusion network (Piao et al. 2021), a network over stacks",
        volume=66,
    ),
}

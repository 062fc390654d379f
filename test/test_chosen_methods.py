"""The method `auto`: the first of several that can run on this machine, as it is now."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import pytest

from ddff_perception.methods import ChosenMethod, MethodEntry, Methods
from ddff_perception.parameters import Settings, parameter
from ddff_perception.types import InputError


@dataclass(frozen=True)
class Learned(Settings):
    """Values of a network."""

    model: str = parameter("no_such_model", "which network")
    side: int = parameter(8, "how large", limits=(1, 99))


@dataclass(frozen=True)
class Plain(Settings):
    """Values of what needs no engine."""

    level: int = parameter(3, "how much", limits=(0, 9))


def learned(given: Any, settings: Learned, engines: Any) -> str:
    return f"learned {given}"


def plain(given: Any, settings: Plain) -> str:
    return f"plain {given} {settings.level}"


ENTRIES = {
    "learned": MethodEntry("by a network", learned, Learned, network=True),
    "plain": MethodEntry("without one", plain, Plain),
}
BOTH = Methods(auto=("learned", "plain"), **ENTRIES)


def test_without_its_model_the_network_makes_way() -> None:
    assert BOTH.default == "auto" and BOTH.resolved("auto") == "plain"
    method = ChosenMethod.from_values(BOTH, {"plain.level": 5}).now
    assert (method.name, method("x")) == ("plain", "plain x 5")
    assert method.parameters == {"plain.level": 5}


def test_with_a_model_that_is_there_the_network_is_taken() -> None:
    pytest.importorskip("onnxruntime")
    values = {"method": "auto", "learned.model": "reflection_surface"}
    assert BOTH.resolved("auto", values) == "learned"
    assert BOTH.chosen(values)[0] == "learned"


def test_a_network_that_is_slow_here_makes_way(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("onnxruntime")
    fast = replace(ENTRIES["learned"], auto_on=("tensorrt",))
    methods = Methods(auto=("learned", "plain"), **ENTRIES | {"learned": fast})
    values = {"learned.model": "reflection_surface"}
    for engine, expected in (("onnxruntime", "plain"), ("tensorrt", "learned")):
        monkeypatch.setattr("ddff_perception.methods.choose_backend", lambda _, e=engine: e)
        assert methods.resolved("auto", values) == expected


def test_what_is_asked_for_by_name_is_not_replaced() -> None:
    with pytest.raises(InputError, match="no_such_model"):
        BOTH.create("learned")


def test_the_parameter_offers_auto_and_says_what_it_means() -> None:
    (found,) = BOTH.choice("how it is done")
    assert found.choices == ("auto", "learned", "plain") and found.default == "auto"
    assert "the first of learned, plain that can run here" in found.description
    assert "plain.level" in BOTH.parameters("auto")
    assert {"learned.side", "plain.level", "engine.backend"} <= {p.name for p in BOTH.parameters()}


def test_without_auto_there_is_none() -> None:
    methods = Methods(plain=ENTRIES["plain"])
    assert methods.default == "plain" and next(iter(methods.choice("how"))).choices == ("plain",)
    with pytest.raises(InputError, match="no method 'auto'"):
        methods.table("auto")

"""The parameters of a node as widgets that really set them."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from ..parameters import Parameter, Value
from ..types import InputError
from . import words
from .source import Source

if TYPE_CHECKING:
    import viser

_GENERAL = "general"
_TYPED_S = 0.3
# QoS is fixed when a topic is made: nothing that one would change here.
_HIDDEN = ("qos_overrides.",)

Later = Callable[[Callable[[], None]], None]


class ParameterPanel:
    """Widgets of the chosen node's parameters in folders by group; texts and numbers are taken with
    Enter or "Set", the others at once. `later` runs what the browser asks for in the page's thread.
    """

    def __init__(self, gui: viser.GuiApi, container: Any, source: Source, later: Later) -> None:
        self._gui, self._container, self._source, self._later = gui, container, source, later
        self._folders: list[Any] = []
        self._widgets: dict[str, Any] = {}
        self._shown: Mapping[str, Parameter] = {}
        with container:
            self._said = gui.add_html("", order=-1.0)

    def tick(self) -> None:
        """Shows what the node has now."""
        found = self._source.parameters()
        settable = {
            name: parameter
            for name, parameter in (found or {}).items()
            if not name.startswith(_HIDDEN)
        }
        if list(settable) != list(self._shown):
            self.clear()
            self._shown = settable
            self._build()
        for name, parameter in settable.items():
            # What somebody is typing meanwhile stays.
            widget, before = self._widgets[name], self._shown[name]
            if parameter != before and widget.value == shown_value(before):
                widget.value = shown_value(parameter)
        self._shown = settable
        if not settable and not self._folders:
            reason = "waiting for the node's parameters" if found is None else "no parameters"
            self._said.content = words.caption(reason)

    def clear(self) -> None:
        """Another node is looked at."""
        for folder in self._folders:
            folder.remove()
        self._folders, self._widgets, self._shown = [], {}, {}
        self._said.content = ""

    def _build(self) -> None:
        groups: dict[str, list[Parameter]] = {}
        for parameter in self._shown.values():
            group = parameter.name.rpartition(".")[0] or _GENERAL
            groups.setdefault(group, []).append(parameter)
        with self._container:
            for group in sorted(groups, key=lambda name: (name != _GENERAL, name)):
                self._add_group(group, groups[group])

    def _add_group(self, group: str, parameters: list[Parameter]) -> None:
        form = self._gui.add_form(group, expand_by_default=group == _GENERAL)
        self._folders.append(form)
        typed = [p for p in parameters if _is_typed(p) and p.dynamic]
        with form:
            for parameter in parameters:
                self._widgets[parameter.name] = self._add_widget(parameter)
            if typed:
                button = self._gui.add_button("Set", color="blue")
                button.on_click(lambda _: form.submit())
                form.on_submit(lambda _: self._submit_soon(typed))

    def _add_widget(self, parameter: Parameter) -> Any:
        label = parameter.name.rpartition(".")[2]
        given = {"hint": hint(parameter), "disabled": not parameter.dynamic}
        value = parameter.default
        if _is_typed(parameter):
            return self._gui.add_text(label, shown_value(parameter), **given)
        if isinstance(value, bool):
            widget: Any = self._gui.add_checkbox(label, value, **given)
        else:
            widget = self._gui.add_dropdown(
                label,
                parameter.choices,
                initial_value=str(value),
                **given,
            )

        def changed(event: Any) -> None:
            if event.client is not None:
                chosen = event.target.value
                self._later(lambda: self._set(parameter.name, chosen))

        widget.on_update(changed)
        return widget

    def _submit_soon(self, typed: list[Parameter]) -> None:
        """In a thread of viser's: a browser sends what was typed last a moment after "Enter"."""
        time.sleep(_TYPED_S)
        self._later(lambda: self._submit(typed))

    def _submit(self, typed: list[Parameter]) -> None:
        for parameter in typed:
            now = self._shown.get(parameter.name)
            text = self._widgets[parameter.name].value if now is not None else ""
            if now is None or text == shown_value(now):
                continue
            try:
                self._set(now.name, given_value(now, text))
            except InputError as error:
                self._refuse(now.name, str(error))

    def _set(self, name: str, value: Value) -> None:
        def answered(reason: str) -> None:
            if reason:
                self._refuse(name, reason)
            else:
                self._said.content = words.caption(f"{name} is {value} now")

        self._source.set_parameter(name, value, answered)

    def _refuse(self, name: str, reason: str) -> None:
        """Says why, and shows what the node has instead of what was asked for."""
        text = reason if name in reason else f"{name}: {reason}"
        self._said.content = words.problem(text)
        if name in self._widgets:
            self._widgets[name].value = shown_value(self._shown[name])


def hint(parameter: Parameter) -> str:
    """What a parameter is, its range, and whether it can be changed."""
    low, high = parameter.minimum, parameter.maximum
    parts = [parameter.description or parameter.name]
    if low is not None or high is not None:
        ends = (-math.inf if low is None else low, math.inf if high is None else high)
        parts.append(f"{ends[0]:g} .. {ends[1]:g}")
    if not parameter.dynamic:
        parts.append("read-only while the node runs")
    return "; ".join(parts)


def shown_value(parameter: Parameter) -> Any:
    """A parameter's value as its widget has it."""
    value = parameter.default
    if not _is_typed(parameter):
        return value
    if isinstance(value, list):
        return ", ".join(_text(item) for item in value)
    return _text(value)


def given_value(parameter: Parameter, text: str) -> Value:
    """The value that was typed, in the parameter's type; whether it fits is for the node to say.

    Raises InputError where it is none of that type.
    """
    value = parameter.default
    try:
        if isinstance(value, list):
            parts = [part.strip() for part in text.split(",") if part.strip()]
            texts = any(isinstance(item, str) for item in value)
            return parts if texts else [float(part) for part in parts]
        return text if isinstance(value, str) else type(value)(text)
    except ValueError:
        kind = "a list of numbers" if isinstance(value, list) else type(value).__name__
        raise InputError(f"{parameter.name} must be {kind}, not {text[:80]!r}") from None


def _text(value: object) -> str:
    return f"{value:.10g}" if isinstance(value, float) else str(value)


def _is_typed(parameter: Parameter) -> bool:
    value = parameter.default
    chosen = isinstance(value, str) and value in parameter.choices
    return not isinstance(value, bool) and not chosen

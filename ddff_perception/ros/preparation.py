"""What changed parameters need, made before they are accepted: in a thread where a service asks."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from rcl_interfaces.msg import Parameter as ParameterMessage
from rcl_interfaces.msg import SetParametersResult
from rcl_interfaces.srv import SetParameters, SetParametersAtomically
from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.exceptions import ParameterNotDeclaredException
from rclpy.parameter import Parameter
from rclpy.qos import qos_profile_parameters
from rclpy.task import Future

from ..parameters import Value
from ..pipeline import Change
from ..types import InputError

T = TypeVar("T")

# How often what was made may be out of date when it is ready, as other values changed meanwhile.
_TRIES = 3


@dataclass(frozen=True, slots=True)
class _Made:
    values: Mapping[str, Value]
    change: Change
    era: int
    refusal: InputError | None = None


class Preparation:
    """Lets the `prepare_values` of `node`, a `PerceptionNode`, make what changed values need.

    A network's engine takes a second, and a node must answer meanwhile: its services that set
    parameters let a thread make it, and the values are accepted or refused when it is there. Others
    may be set meanwhile.
    """

    def __init__(self, node: Any) -> None:
        self._node = node
        self._ahead: _Made | None = None
        self._change = Change()
        self._era = 0

    def begin_again(self) -> None:
        """What is being made is for a pipeline that is gone."""
        self._era += 1

    def check(self, values: Mapping[str, Value]) -> None:
        """Makes what these values need; `take` gives it. Raises InputError if it cannot be made."""
        self._change.discard()
        self._change = Change()
        ahead, self._ahead = self._ahead, None
        if ahead is None or not self._suits(ahead, values):
            self._discard(ahead)
            ahead = self._make(values)
        if ahead.refusal is not None:
            raise ahead.refusal
        self._change = ahead.change

    def take(self) -> Change:
        """What was made for the values that are now accepted."""
        change, self._change = self._change, Change()
        return change

    def serve(self) -> None:
        """Takes the place of rclpy's services that set parameters."""
        answers = {SetParameters: self._set, SetParametersAtomically: self._set_atomically}
        for service in list(self._node.services):
            if service.srv_type in answers:
                self._node.destroy_service(service)
        for kind, answer in answers.items():
            name = "set_parameters" if kind is SetParameters else "set_parameters_atomically"
            self._node.create_service(
                kind,
                f"~/{name}",
                answer,
                qos_profile=qos_profile_parameters,
                callback_group=ReentrantCallbackGroup(),
            )

    async def _set(self, request: Any, response: Any) -> Any:
        for message in request.parameters:
            response.results.append(await self._result([message]))
        return response

    async def _set_atomically(self, request: Any, response: Any) -> Any:
        response.result = await self._result(request.parameters)
        return response

    async def _result(self, messages: Sequence[ParameterMessage]) -> SetParametersResult:
        changes = [Parameter.from_parameter_msg(message) for message in messages]
        ahead = await self._make_ahead(changes)
        self._ahead = ahead
        try:
            return self._node.set_parameters_atomically(changes)
        except ParameterNotDeclaredException as error:
            return SetParametersResult(successful=False, reason=str(error))
        finally:
            if self._ahead is not None:
                # They were refused before it was needed.
                self._discard(self._ahead)
                self._ahead = None

    async def _make_ahead(self, changes: Sequence[Parameter]) -> _Made | None:
        """What the values need as they will be; None where that cannot be said."""
        made: _Made | None = None
        for _ in range(_TRIES):
            try:
                values = self._node.values_after(changes)
            except InputError:
                break
            if values is None or (made is not None and self._suits(made, values)):
                break
            self._discard(made)
            made = await in_thread(self._node, partial(self._make, values))
        return made

    def _make(self, values: Mapping[str, Value]) -> _Made:
        era = self._era
        try:
            return _Made(values, self._node.prepare_values(values), era)
        except InputError as error:
            return _Made(values, Change(), era, error)
        except Exception as error:  # whatever a library says to them: they are refused
            return _Made(values, Change(), era, InputError(f"{type(error).__name__}: {error}"))

    def _suits(self, made: _Made, values: Mapping[str, Value]) -> bool:
        return (made.era, made.values) == (self._era, values)

    @staticmethod
    def _discard(made: _Made | None) -> None:
        if made is not None:
            made.change.discard()


async def in_thread(node: Any, job: Callable[[], T]) -> T:
    """What `job` returns; the node's executor goes on meanwhile."""
    done = Future(executor=node.executor)

    def work() -> None:
        found = job()
        if node.context.ok():
            done.set_result(found)

    threading.Thread(target=work, daemon=True).start()
    result: T = await done
    return result

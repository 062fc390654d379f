"""The node `focus_sweeper`: moves the lens of a camera driver and says where it is."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from rcl_interfaces.msg import Parameter as ParameterMessage
from rcl_interfaces.msg import ParameterType, ParameterValue
from rcl_interfaces.srv import SetParameters
from std_msgs.msg import Float64
from std_srvs.srv import SetBool

from ...msg import FocusState
from ...optics.lens_table import LensTable, read_lens_table
from ...parameters import Value
from ...ros.lifecycle import run_node
from ...ros.messages import focus_state_message, header_at
from ...ros.sensor_node import TickingNode
from ...srv import SetFocusDistance
from ...types import InputError
from ..interface import FOCUS_SWEEPER
from .sweeper import Command, LensDrive, MoveTo, SweepController, SweepSettings

_UNITS = {
    "steps": FocusState.UNIT_STEPS,
    "dioptres": FocusState.UNIT_DIOPTRES,
    "metres": FocusState.UNIT_METRES,
    "volts": FocusState.UNIT_VOLTS,
}


class FocusSweeperNode(TickingNode):
    """Asks a `SweepController` what is due, and carries it out."""

    interface = FOCUS_SWEEPER
    _controller: SweepController | None = None
    _client: Any = None
    _unit = FocusState.UNIT_UNKNOWN
    # Counts commands: an answer to an older one must not confirm the present one.
    _command = 0

    def __init__(self, **node_arguments: Any) -> None:
        super().__init__(**node_arguments)
        self.reporter.before_report(self._report)
        self.create_services({"~/set_focus": self._set_focus, "~/sweep": self._sweep})

    def check_values(self, values: Mapping[str, Value]) -> None:
        SweepSettings.of(values, "sweep")
        if values["raw_positions"] and values["lens_table"]:
            raise InputError("raw_positions are for a lens without lens_table: remove one of them")

    def configure(self) -> None:
        settings, sweep = self.settings, SweepSettings.of(self.settings.values, "sweep")
        table = self._lens()
        whole = settings["target"] == "parameter" and settings["driver_type"] == "integer"
        if whole and table is None:
            raise InputError(
                "whole-number lens positions need a lens_table: make one with "
                "`ddff calibrate focus`, or set raw_positions to sweep without one"
            )
        step = max(sweep.position_step, 1.0 if whole else 0.0)
        drive = LensDrive(table, settings["lens_unit"], step)
        confirm_s = sweep.confirm_timeout_s if settings["target"] == "parameter" else 0.0
        if settings["raw_positions"]:
            distances = [drive.focus_distance_m(p) for p in settings["raw_positions"]]
            sweep = replace(sweep, distances_m=distances)
        self._controller = SweepController(sweep, drive, confirm_s)
        unit = table.unit if table is not None else settings["lens_unit"]
        self._unit = _UNITS.get(unit, FocusState.UNIT_UNKNOWN)
        if settings["target"] == "parameter":
            name = f"{settings['driver_node']}/set_parameters"
            self._client = self.create_client(SetParameters, name)

    def activate(self) -> None:
        self.tick_every(1.0 / self.settings["state_rate_hz"], steady=True)
        if self._controller is not None and self.settings["sweep_on_start"]:
            self._carry_out(self._controller.start(self._now_ns()))

    def deactivate(self) -> None:
        super().deactivate()
        if self._controller is not None:
            self._controller.stop()

    def cleanup(self) -> None:
        if self._client is not None:
            self.destroy_client(self._client)
        self._client = self._controller = None

    def values_changed(self, changed: frozenset[str]) -> None:
        raw = bool(self.settings["raw_positions"])
        if self._controller is None or raw or not any(n.startswith("sweep.") for n in changed):
            return
        self._controller.set_plan(SweepSettings.of(self.settings.values, "sweep"))

    def _lens(self) -> LensTable | None:
        if self.settings["lens_table"]:
            return read_lens_table(Path(self.settings["lens_table"]).expanduser())
        positions = np.unique(np.array(self.settings["raw_positions"], dtype=np.float64))
        if not positions.size:
            return None
        # Numbers in the place of dioptres: they only tell the positions apart.
        numbers = np.linspace(1.0, 2.0, positions.size)
        return LensTable(positions, numbers, np.ones_like(positions))

    def _now_ns(self) -> int:
        return int(self.get_clock().now().nanoseconds)

    def tick(self) -> None:
        if self._controller is None:
            return
        now_ns = self._now_ns()
        self._carry_out(self._controller.step(now_ns))
        reading = self._controller.reading(now_ns)
        distance = math.nan if self.settings["raw_positions"] else reading.focus_distance_m
        self.send(
            "focus_state",
            focus_state_message(
                header_at(now_ns, self.settings["frame_id"]),
                distance,
                lens_position=reading.lens_position,
                unit=self._unit,
                settled=reading.settled,
            ),
        )
        self.diagnostics.count_output(now_ns, now_ns)

    def _carry_out(self, commands: Iterable[Command]) -> None:
        for command in commands:
            if isinstance(command, MoveTo):
                self._move(command.position)

    def _move(self, position: float) -> None:
        self._command += 1
        self.diagnostics.count("moves")
        if self._client is None:
            self.send("lens_command", Float64(data=position))
        elif not self._client.service_is_ready():
            self._fail(
                f"there is no node {self.settings['driver_node']}: start the camera driver, or "
                "name it in the parameter driver_node"
            )
        else:
            number = self._command
            request = SetParameters.Request(parameters=[self._assignment(position)])
            future = self._client.call_async(request)
            future.add_done_callback(lambda done: self._on_answer(number, done))

    def _assignment(self, position: float) -> ParameterMessage:
        if self.settings["driver_type"] == "integer":
            value = ParameterValue(
                type=ParameterType.PARAMETER_INTEGER, integer_value=round(position)
            )
        else:
            value = ParameterValue(type=ParameterType.PARAMETER_DOUBLE, double_value=position)
        return ParameterMessage(name=self.settings["driver_parameter"], value=value)

    def _on_answer(self, number: int, done: Any) -> None:
        if number != self._command or self._controller is None or done.result() is None:
            return
        refused = [result.reason for result in done.result().results if not result.successful]
        if refused:
            self._fail(
                f"the driver refuses to set {self.settings['driver_parameter']}: {refused[0]}"
            )
        else:
            self._controller.confirm(self._now_ns())

    def _fail(self, text: str) -> None:
        self.reject("lens command", text)
        if self._controller is not None:
            self._controller.fail(self._now_ns())

    def _set_focus(
        self, request: SetFocusDistance.Request, response: SetFocusDistance.Response
    ) -> SetFocusDistance.Response:
        response.success = False
        if self._controller is None or not self.ticking:
            response.message = "activate the node first"
        elif self.settings["raw_positions"]:
            response.message = "focus distances are unknown while raw_positions are swept"
        else:
            try:
                commands = self._controller.set_distance(request.focus_distance, self._now_ns())
            except InputError as error:
                response.message = str(error)
                return response
            self._carry_out(commands)
            goal = self._controller.reading(self._now_ns())
            response.success = not math.isnan(goal.focus_distance_m)
            response.message = (
                f"going to {goal.focus_distance_m:.4g} m (lens position {goal.lens_position:g})"
                if response.success
                else "the driver does not answer"
            )
        return response

    def _sweep(self, request: SetBool.Request, response: SetBool.Response) -> SetBool.Response:
        if self._controller is None or not self.ticking:
            response.success, response.message = False, "activate the node first"
            return response
        if request.data:
            self._carry_out(self._controller.start(self._now_ns()))
        else:
            self._controller.stop()
        response.success, response.message = True, "sweeping" if request.data else "resting"
        return response

    def _report(self) -> None:
        if self._controller is None:
            return
        self.diagnostics.set("sweeping", self._controller.sweeping)
        self.diagnostics.set("lens", self._controller.phase.value)
        self.diagnostics.set_total("failed moves", self._controller.failures)


main = partial(run_node, FocusSweeperNode)

if __name__ == "__main__":
    raise SystemExit(main())

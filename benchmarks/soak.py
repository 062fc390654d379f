"""The node for long under faults of every kind: `python benchmarks/soak.py --minutes 20`.

A camera sweeps at 30 Hz before `depth_from_focus`, over real DDS, with every output subscribed.
Each minute has each kind of fault once, in an order that turns. Wanted: the node lives, its memory
is flat, its diagnostics tell each fault within two periods and its end within two, and depth is
right again within one sweep. Exit status 1 where that is not so, as on a machine that is too busy:
`depths_per_s` of the record tells what it gave the node.
"""

from __future__ import annotations

import argparse
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from _faulty_camera import Fault, FaultyCamera
from _live import PATIENCE_S, live, resident_mib, ros_values, write_sweep
from _record import run, write_record
from _soak_listener import Heard, Listener
from rich.console import Console
from rich.table import Table

from ddff_perception.types import FloatArray

NODE, MODULE = "depth_from_focus", "ddff_perception.depth_from_focus.node"
PERIOD_S = 0.5
STILL_S = AGE_S = 0.7
PAUSE_S = 1.5
"""Longer than a sweep, also of a busy machine that loses images: what came before is forgotten."""
PARAMETERS = {
    "diagnostics_period_s": PERIOD_S,
    "still_warning_s": STILL_S,
    "capture__max_age_s": AGE_S,
    "focal_stack_period_s": 0.5,
}
RUNNING = "running"
LIMIT_PERIODS = 2
"""A fault and its end are told within so many reports."""
RIGHT_WITHIN = 0.02
"""Median error that counts as right, dioptres, beyond one and a half times that before faults."""
FLAT_MIB = 16.0
"""Memory may grow by so much after the first minute (or a twentieth, if that is more)."""

FAULTS = {
    "the camera stops": Fault({"images": False}, "image_rect: nothing has come for"),
    "focus states stop": Fault({"states": False}, "focus_state: nothing has come for"),
    "the lens stands": Fault({"only": 1}, "the lens has not moved for", wait_s=STILL_S),
    "two slices alone": Fault({"only": 2}, "fewer slices than minimum_slices", wait_s=AGE_S),
    "stamps far apart": Fault({"late_s": 0.5}, "further apart in time", wait_s=AGE_S),
    "the camera shakes": Fault({"roll_px": 40}, "depth is held back"),
    "an encoding that is none": Fault({"changes": {"encoding": "none"}}, "none"),
    "a step that lies": Fault({"changes": {"step": 7}}, "step"),
    "any value in any field": Fault({"noise": True}, "image_rect"),
    "two cameras": Fault({"other_frame": True}, "images of two cameras"),
    "stamps of the future": Fault({"ahead_s": 1e6}, "lie far in the future"),
    "a width that changes": Fault({"resized": True}, counter="capture: size_changes"),
    "stamps that jump back": Fault({"jump_s": -100.0}, counter="capture: time_jumps"),
    "stamps twice": Fault({"twice": True}, counter="capture: dropped_repeated"),
    "images swapped": Fault({"swapped": True}, counter="capture: dropped_out_of_order"),
    "camera_info of another size": Fault({"wrong_info": True}, "camera_info"),
    "nobody listens meanwhile": Fault({}, "nobody listens", least_s=PAUSE_S),
    "deactivated, activated": Fault({}, "inactive", least_s=PAUSE_S),
    "a parameter that cannot be": Fault(),
}
"""Kinds of faults by name; the last three are not the camera's but done to the node."""


class Soak:
    """The node under test, its camera and its listener."""

    def __init__(self, node: Any, process: Any, camera: FaultyCamera) -> None:
        self._node = node
        self.process = process
        self.camera = camera
        self.listener = Listener(node, NODE)
        self.limit_dioptres = 0.0
        self.rows: dict[str, list[dict[str, Any]]] = {name: [] for name in FAULTS}

    def shoot_until(self, done: Callable[[], Any], timeout_s: float) -> bool:
        """Takes images until something is so; whether it was."""
        until = time.monotonic() + timeout_s
        while time.monotonic() < until:
            self.process.check()
            self.camera.shoot()
            if done():
                return True
        return False

    def errors_since(self, stamp_ns: int) -> list[tuple[int, float]]:
        """Stamp and median error, dioptres, of each depth of images since `stamp_ns`."""
        from ddff_perception.ros.messages import image_array
        from ddff_perception.ros.messages import stamp_ns as stamp_of

        truth: FloatArray = 1.0 / self.camera.truth
        errors = []
        for message in list(self.listener.depths):
            stamp = stamp_of(message.header.stamp)
            depth = image_array(message)
            if stamp > stamp_ns and depth.shape == truth.shape:
                found = np.isfinite(depth) & (depth > 0)
                error = np.abs(1.0 / depth[found] - truth[found])
                errors.append((stamp, float(np.median(error)) if found.any() else np.inf))
        return errors

    def warm_up(self) -> None:
        """Until depth comes and the node is well; what is right is measured then."""

        def well() -> bool:
            last = self.listener.reports[-3:]
            return len(last) == 3 and all(report.sentence == RUNNING for report in last)

        if not self.shoot_until(well, PATIENCE_S):
            said = [report.sentence for report in self.listener.reports[-3:]]
            raise SystemExit(f"the node does not get well: {said}")
        errors = [error for _, error in self.errors_since(0)[-20:]]
        self.limit_dioptres = 1.5 * float(np.median(errors)) + RIGHT_WITHIN

    def inject(self, name: str) -> None:
        """Makes a fault, waits until it is told, mends it, waits until all is well."""
        fault = FAULTS[name]
        begun_s, before = time.monotonic(), self.listener.reports[-1].values
        told = self._made(name, fault)
        waits = LIMIT_PERIODS + int(np.ceil(fault.wait_s / PERIOD_S))

        def is_told() -> bool:
            return any(_tells(report, fault, before) for report in self.listener.after(begun_s))

        if told is None:
            self.shoot_until(is_told, (waits + 3) * PERIOD_S)
            reports = self.listener.after(begun_s)
            told = next((n for n, r in enumerate(reports, 1) if _tells(r, fault, before)), None)
        self.shoot_until(lambda: time.monotonic() > begun_s + fault.least_s, fault.least_s)
        mended_s, mended_ns = time.monotonic(), self._mend(name)
        sweep_ns = self.camera.sweep_ns

        def is_well() -> bool:
            seen = self.errors_since(mended_ns + sweep_ns)
            return bool(seen) and any(r.sentence == RUNNING for r in self.listener.after(mended_s))

        self.shoot_until(is_well, 8 * PERIOD_S)
        reports = self.listener.after(mended_s)
        ended = next((n for n, r in enumerate(reports, 1) if r.sentence == RUNNING), None)
        self.rows[name].append(
            {
                "told": told,
                "allowed": waits,
                "ended": ended,
                "right_sweeps": self._right_after(mended_ns, sweep_ns),
                "during": [r.sentence for r in self.listener.after(begun_s) if r.at_s < mended_s],
                "after": [r.sentence for r in reports],
                "errors": [
                    (round((stamp - mended_ns) / sweep_ns, 2), round(error, 4))
                    for stamp, error in self.errors_since(mended_ns)
                ],
            }
        )

    def _right_after(self, mended_ns: int, sweep_ns: int) -> float | None:
        """Sweeps until depth was right and stayed so; None where it was not."""
        right: float | None = None
        for stamp, error in self.errors_since(mended_ns):
            if error > self.limit_dioptres:
                right = None
            elif right is None:
                right = (stamp - mended_ns) / sweep_ns
        return right

    def _made(self, name: str, fault: Fault) -> int | None:
        """Makes the fault; 1 where the answer tells of it at once."""
        self.camera.set(fault.camera)
        if name == "nobody listens meanwhile":
            self.listener.leave()
            self.camera.mirrored = not self.camera.mirrored
        elif name == "deactivated, activated":
            self._change("deactivate")
            self.camera.mirrored = not self.camera.mirrored
        elif name == "a parameter that cannot be":
            return 1 if self._is_refused("focus_measure.window", 4) else None
        return None

    def _mend(self, name: str) -> int:
        """No fault any more; since which stamp the node gets images without one."""
        if name == "nobody listens meanwhile":
            self.listener.listen()
        elif name == "deactivated, activated":
            self._change("activate")
        self.camera.set({})
        self.shoot_until(lambda: self.camera.is_heard, PATIENCE_S)
        return time.time_ns()

    def _change(self, label: str) -> None:
        from lifecycle_msgs.msg import Transition
        from lifecycle_msgs.srv import ChangeState

        request = ChangeState.Request(transition=Transition(label=label))
        request.transition.id = getattr(Transition, f"TRANSITION_{label.upper()}")
        if not self._call(ChangeState, f"{NODE}/change_state", request).success:
            raise SystemExit(f"the node did not {label}")

    def _is_refused(self, parameter: str, value: Any) -> bool:
        from rcl_interfaces.srv import SetParameters
        from rclpy.parameter import Parameter

        message = Parameter(parameter, value=value).to_parameter_msg()
        request = SetParameters.Request(parameters=[message])
        (result,) = self._call(SetParameters, f"{NODE}/set_parameters", request).results
        return not result.successful and bool(result.reason)

    def _call(self, kind: Any, name: str, request: Any) -> Any:
        client = self._node.create_client(kind, name)
        self.shoot_until(client.service_is_ready, PATIENCE_S)
        answer = client.call_async(request)
        if not self.shoot_until(answer.done, PATIENCE_S):
            raise SystemExit(f"no answer of {name}")
        self._node.executor.create_task(self._node.destroy_client, client)
        return answer.result()


def _tells(report: Heard, fault: Fault, before: dict[str, str]) -> bool:
    if fault.counter:
        return int(report.values.get(fault.counter, 0)) > int(before.get(fault.counter, 0))
    return bool(fault.words) and fault.words in report.sentence


def minutes(soak: Soak, count: float) -> Iterator[dict[str, float]]:
    """Each minute's faults, and what the node took."""
    begun_s, names = time.monotonic(), list(FAULTS)
    minute = 0
    while time.monotonic() < begun_s + 60.0 * count:
        for name in names[minute % len(names) :] + names[: minute % len(names)]:
            soak.inject(name)
        minute += 1
        soak.shoot_until(lambda m=minute: time.monotonic() >= begun_s + 60.0 * m, 60.0)
        yield {
            "minute": minute,
            "rss_mib": round(resident_mib(soak.process), 1),
            "images": soak.camera.sent,
            "depths": soak.listener.counts["depth/image_rect"],
        }


def summary(rows: dict[str, list[dict[str, Any]]]) -> list[dict[str, Any]]:
    """The worst of each kind of fault; None where something did not come at all."""

    def worst(all_of: list[Any]) -> Any:
        return None if not all_of or None in all_of else max(all_of)

    return [
        {
            "fault": name,
            "times": len(done),
            "told_worst_reports": worst([row["told"] for row in done]),
            "allowed_reports": done[0]["allowed"] if done else None,
            "ended_worst_reports": worst([row["ended"] for row in done]),
            "right_worst_sweeps": None
            if (sweeps := worst([row["right_sweeps"] for row in done])) is None
            else round(sweeps, 2),
            "late": sum(is_late(row) for row in done),
        }
        for name, done in rows.items()
    ]


def is_late(row: dict[str, Any]) -> bool:
    """Whether a fault was not told, ended or got over in time."""
    told, ended, right = row["told"], row["ended"], row["right_sweeps"]
    return (
        told is None
        or told > row["allowed"]
        or ended is None
        or ended > LIMIT_PERIODS
        or right is None
        or right > 1.0 + 0.1 * LIMIT_PERIODS
    )


def soaked(count: float, rate_hz: float, width: int, verbose: bool) -> dict[str, Any]:
    """The whole run: what is recorded."""
    import rclpy
    from rclpy.executors import SingleThreadedExecutor

    from ddff_perception.files.stack_folder import read_stack

    with live() as (nodes, _, folder):
        stack = read_stack(write_sweep(folder / "stack", width, width * 3 // 4)).stack
        truth = np.tile(1.0 / np.linspace(2.0, 0.4, width), (width * 3 // 4, 1))
        node = rclpy.create_node("soak")
        process = nodes.start(NODE, MODULE, ros_values(**PARAMETERS))
        soak = Soak(node, process, FaultyCamera(node, stack, truth, rate_hz))
        executor = SingleThreadedExecutor()
        executor.add_node(node)
        spinning = threading.Thread(target=executor.spin, daemon=True)
        spinning.start()
        try:
            soak.warm_up()
            table = []
            for line in minutes(soak, count):
                table.append(line)
                print(f"minute {line['minute']}: {line}", flush=True)
            process.stop()
        finally:
            executor.shutdown()
            spinning.join(5.0)
            node.destroy_node()
    if verbose:
        for name, done in soak.rows.items():
            for row in filter(is_late, done):
                print(name, row)
    return {"rows": summary(soak.rows), "minutes": table, "right_below": soak.limit_dioptres}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=20.0)
    parser.add_argument("--rate", type=float, default=30.0, help="images per second")
    parser.add_argument("--width", type=int, default=320, help="of the images, pixels")
    parser.add_argument("--only", nargs="*", default=list(FAULTS), help="these kinds of faults")
    parser.add_argument("--no-record", action="store_true", help="measure and print alone")
    options = parser.parse_args()
    for name in set(FAULTS) - set(options.only):
        del FAULTS[name]
    loads = [os.getloadavg()[0]]
    found = soaked(options.minutes, options.rate, options.width, verbose=True)
    loads.append(os.getloadavg()[0])
    table = Table(title=f"{options.minutes:g} minutes at {options.rate:g} Hz")
    for head in found["rows"][0]:
        table.add_column(head.replace("_", " "))
    for row in found["rows"]:
        table.add_row(*(str(value) for value in row.values()))
    Console(width=140).print(table)
    memory = [line["rss_mib"] for line in found["minutes"]]
    grown = memory[-1] - memory[0]
    flat = grown <= max(FLAT_MIB, memory[0] / 20)
    late = sum(row["late"] for row in found["rows"])
    depths = found["minutes"][-1]["depths"]
    print(f"memory {memory[0]} .. {memory[-1]} MiB, {late} of all faults not in time")
    if not options.no_record:
        facts = {
            "grown_mib": round(grown, 1),
            "period_s": PERIOD_S,
            "rate_hz": options.rate,
            "width": options.width,
            "depths_per_s": round(depths / (60.0 * options.minutes), 1),
            "load_average": [round(load, 1) for load in loads],
            "minutes": found["minutes"],
            "right_below_dioptres": round(found["right_below"], 4),
        }
        print(f"recorded in {write_record('soak', found['rows'], **facts)}")
    if late or not flat:
        sys.exit(1)


if __name__ == "__main__":
    run(main)

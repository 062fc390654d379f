"""What the node costs beside the estimator per 640x480 frame: `python benchmarks/node_overhead.py`.

The node runs alone in a process, fed at 30 Hz by sim_camera, heard by another process. Its
overhead is the processor time of that process less that of the estimator's calls, per frame.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from _live import PATIENCE_S, live, ros_values, write_sweep
from _record import write_record
from rich.console import Console
from rich.table import Table

FRAMES = 400
RATE_HZ = 30.0
WARM_UP = 100
LISTENERS = {
    "depth": ("depth/image_rect",),
    "depth, confidence, camera_info": (
        "depth/image_rect",
        "depth/confidence",
        "depth/camera_info",
    ),
    "all but points": (
        "depth/image_rect",
        "depth/confidence",
        "depth/camera_info",
        "image_all_in_focus",
    ),
    "all with points": (
        "depth/image_rect",
        "depth/confidence",
        "depth/camera_info",
        "image_all_in_focus",
        "points",
    ),
}


def run_node(report: Path) -> int:
    """The node under test, which writes its processor times per frame at its end."""
    from ddff_perception.depth_from_focus import estimator
    from ddff_perception.depth_from_focus.node import main

    # Then the calling thread's time is all the time of the estimator.
    cv2.setNumThreads(1)
    spent = {"estimator_s": 0.0, "estimates": 0, "slices": 0}

    def timed(name: str, counter: str) -> None:
        inner = getattr(estimator.DepthFromFocus, name)

        def outer(self: Any, *arguments: Any, **named: Any) -> Any:
            started = time.thread_time()
            try:
                return inner(self, *arguments, **named)
            finally:
                spent["estimator_s"] += time.thread_time() - started
                spent[counter] += 1
                marks.append((time.process_time(), spent["estimator_s"]))

        setattr(estimator.DepthFromFocus, name, outer)

    marks: list[tuple[float, float]] = []
    timed("update", "slices")
    timed("estimate", "estimates")
    status = main(sys.argv[:1] + sys.argv[sys.argv.index("--ros-args") :])
    # The first sweeps page in code and memory.
    begin, end = marks[WARM_UP], marks[-1]
    frames = (len(marks) - 1 - WARM_UP) / 2
    report.write_text(
        json.dumps(
            {
                "cpu_ms": (end[0] - begin[0]) / frames * 1e3,
                "estimator_ms": (end[1] - begin[1]) / frames * 1e3,
                "frames": frames,
            }
        )
    )
    return status


def measure(name: str) -> dict[str, object]:
    """One set of listeners."""
    from sensor_msgs.msg import CameraInfo, Image, PointCloud2

    from ddff_perception.ros.qos import PROFILES

    with live() as (nodes, ear, folder):
        stack = write_sweep(folder / "stack")
        for topic in LISTENERS[name]:
            kinds = {"points": PointCloud2, "depth/camera_info": CameraInfo}
            ear.listen(kinds.get(topic, Image), topic, PROFILES["sensor"]())
        report = folder / "times.json"
        script = ["--node", str(report), *ros_values()]
        node = nodes.start("depth_from_focus", Path(__file__).stem, script)
        values = ros_values(source=stack, rate_hz=RATE_HZ, wait_for_subscribers=1)
        nodes.start("sim_camera", "ddff_perception.simulation.focus_camera.node", values)
        done = "depth_from_focus", "outputs"
        ear.spin_until(lambda: ear.number(*done) >= FRAMES, "the node", 3 * PATIENCE_S)
        stages = ear.diagnostics["depth_from_focus"]
        node.stop()
        times = json.loads(report.read_text())
    return {
        "listeners": name,
        "frames": times["frames"],
        "cpu_ms": round(times["cpu_ms"], 2),
        "estimator_ms": round(times["estimator_ms"], 2),
        "overhead_ms": round(times["cpu_ms"] - times["estimator_ms"], 2),
        "latency_median_ms": float(stages["latency median [ms]"]),
        "latency_95_ms": float(stages["latency 95 % [ms]"]),
    }


def measure_conversions() -> list[dict[str, object]]:
    """Median milliseconds of each conversion at 640x480, in this process."""
    from ddff_perception.optics.camera_geometry import PointGrid
    from ddff_perception.ros import messages
    from ddff_perception.types import CameraModel

    random = np.random.default_rng(0)
    colour = random.integers(0, 256, (480, 640, 3), np.uint8)
    depth = random.uniform(0.5, 5.0, (480, 640)).astype(np.float32)
    header = messages.header_at(1, "camera_optical_frame")
    grid = PointGrid(CameraModel(640, 480, 500.0, 500.0, 319.5, 239.5))
    cloud = messages.CloudBuffer(grid.shape)
    bgr, rgb = (messages.image_message(colour, header, name) for name in ("bgr8", "rgb8"))
    jobs: dict[str, Callable[[], object]] = {
        "bgr8 message to array (view)": lambda: messages.image_array(bgr),
        "rgb8 message to array": lambda: messages.image_array(rgb),
        "bgr8 array to message": lambda: messages.image_message(colour, header),
        "32FC1 array to message": lambda: messages.image_message(depth, header),
        "depth to 16UC1 message": lambda: messages.depth_message(depth, header, "16UC1"),
        "points from depth and colour, in the message": lambda: grid.points(
            depth, colour, out=cloud.points
        ),
    }
    return [{"conversion": name, "ms": round(median_ms(job), 3)} for name, job in jobs.items()]


def median_ms(job: Callable[[], object], repeats: int = 200) -> float:
    times = []
    for _ in range(repeats):
        started = time.perf_counter()
        job()
        times.append((time.perf_counter() - started) * 1e3)
    return statistics.median(times)


def main() -> int:
    if "--node" in sys.argv:
        return run_node(Path(sys.argv[sys.argv.index("--node") + 1]))
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, help="another file for the record")
    options = parser.parse_args()
    conversions = measure_conversions()
    rows = [measure(name) for name in LISTENERS]
    table = Table(title="processor time per 640x480 frame, ms")
    heads = ("listeners", "cpu_ms", "estimator_ms", "overhead_ms", "latency_median_ms")
    for head in heads:
        table.add_column(head.replace("_ms", "").replace("_", " "))
    for row in rows:
        table.add_row(*(str(row[head]) for head in heads))
    Console().print(table)
    for item in conversions:
        print(f"{item['conversion']}: {item['ms']} ms")
    path = write_record("node_overhead", rows, options.output, conversions=conversions)
    print(f"recorded in {path}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

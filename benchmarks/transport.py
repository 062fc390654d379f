"""What arrives over DDS on one host: `python benchmarks/transport.py`.

First, images of several sizes from one process to another at 20 Hz, best effort, with and without
the shipped Fast DDS profile. Then a minute at 30 Hz through depth_from_focus, by the default and by
the network that streams.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path

from _live import PATIENCE_S, live, resident_mib, ros_values, write_sweep
from _record import write_record
from rich.console import Console
from rich.table import Table

SIZES = {"640x480 bgr8": (640, 480), "1280x720 bgr8": (1280, 720), "1920x1080 bgr8": (1920, 1080)}
FRAMES = 60
RATE_HZ = 20.0
LONG_FRAMES = 1800
LONG_RATE_HZ = 30.0
METHODS = ("multiscale", "focus_stream")


def measure_loss(name: str, profile: bool) -> dict[str, object]:
    """Sends `FRAMES` images and counts what a best-effort subscriber in this process gets."""
    from sensor_msgs.msg import Image

    from ddff_perception.ros.qos import PROFILES

    width, height = SIZES[name]
    with live(profile) as (nodes, ear, folder):
        stack = write_sweep(folder / "stack", width, height, 3)
        ear.listen(Image, "image_rect", PROFILES["sensor"]())
        values = ros_values(
            source=stack,
            rate_hz=RATE_HZ,
            order="up",
            loop=False,
            dwell_frames=FRAMES // 3,
            wait_for_subscribers=1,
            **{"qos_overrides__/image_rect__publisher__reliability": "best_effort"},
        )
        nodes.start("sim_camera", "ddff_perception.simulation.focus_camera.node", values)
        sent = "sim_camera", "outputs"
        ear.spin_until(lambda: ear.number(*sent) >= FRAMES, "the camera", PATIENCE_S)
        ear.spin(1.0)
        received = ear.counts["image_rect"]
    return {
        "what": f"{FRAMES} images at {RATE_HZ:g} Hz, best effort",
        "message": name,
        "megabytes": round(width * height * 3 / 1e6, 2),
        "profile": "fastdds_shm.xml" if profile else "none",
        "sent": FRAMES,
        "received": received,
        "lost": FRAMES - received,
    }


def measure_long_run(method: str) -> dict[str, object]:
    """`LONG_FRAMES` frames through the node, with its memory at the start and at the end."""
    from sensor_msgs.msg import Image

    from ddff_perception.ros.qos import PROFILES

    memory: list[float] = []
    with live() as (nodes, ear, folder):
        stack = write_sweep(folder / "stack")
        ear.listen(Image, "depth/image_rect", PROFILES["sensor"]())
        module = "ddff_perception.depth_from_focus.node"
        node = nodes.start("depth_from_focus", module, ros_values(method=method))
        values = ros_values(
            source=stack,
            rate_hz=LONG_RATE_HZ,
            wait_for_subscribers=1,
        )
        nodes.start("sim_camera", "ddff_perception.simulation.focus_camera.node", values)
        while ear.number("sim_camera", "outputs") < LONG_FRAMES:
            ear.spin(1.0)
            nodes.check()
            if ear.number("depth_from_focus", "outputs") > LONG_FRAMES / 10:
                memory.append(resident_mib(node))
        # The camera ends its sweep, so that what was sent is known for certain.
        ear.set_parameter("sim_camera", "loop", False)
        ear.spin(4.0)
        sent = int(ear.number("sim_camera", "outputs"))
        values_of_node = ear.diagnostics["depth_from_focus"]
        depths = ear.counts["depth/image_rect"]
    number = {key: int(float(text)) for key, text in values_of_node.items() if _whole(text)}
    received = number["image_rect in"]
    return {
        "what": f"{LONG_RATE_HZ:g} Hz through depth_from_focus, {method}",
        "message": "640x480 bgr8",
        "profile": "fastdds_shm.xml",
        "sent": sent,
        "received": received,
        "lost": sent - received,
        "depth_images": number["outputs"],
        "depth_images_received": depths,
        "dropped": {key: n for key, n in number.items() if key.startswith("dropped:")},
        "latency_median_ms": float(values_of_node["latency median [ms]"]),
        "latency_95_ms": float(values_of_node["latency 95 % [ms]"]),
        "memory_start_mib": round(memory[0], 1),
        "memory_end_mib": round(memory[-1], 1),
        "memory_most_mib": round(max(memory), 1),
    }


def _whole(text: str) -> bool:
    try:
        return float(text).is_integer()
    except ValueError:
        return False


def show(rows: list[dict[str, object]]) -> Table:
    table = Table(title="transport on one host")
    for heading in ("what", "message", "profile", "sent", "received", "lost"):
        table.add_column(heading)
    for row in rows:
        cells = (row[k] for k in ("what", "message", "profile", "sent", "received", "lost"))
        table.add_row(*(str(cell) for cell in cells))
    return table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--one", nargs=2, metavar=("SIZE", "PROFILE"), help=argparse.SUPPRESS)
    parser.add_argument("--output", type=Path, help="another file for the record")
    options = parser.parse_args()
    if options.one is not None:
        # Fast DDS reads its profile once per process.
        print(json.dumps(measure_loss(options.one[0], options.one[1] == "with")))
        return
    rows: list[dict[str, object]] = []
    for name in SIZES:
        for profile in ("without", "with"):
            rows.append(_in_a_process(name, profile))
    long_runs = [measure_long_run(method) for method in METHODS]
    rows += long_runs
    Console().print(show(rows))
    for row in long_runs:
        print(row["what"])
        for key in ("depth_images", "dropped", "latency_median_ms", "latency_95_ms"):
            print(f"  {key}: {row[key]}")
        print(f"  memory: {row['memory_start_mib']} -> {row['memory_end_mib']} MiB")
    print(f"recorded in {write_record('transport', rows, options.output)}")


def _in_a_process(name: str, profile: str) -> dict[str, object]:
    command = [sys.executable, __file__, "--one", name, profile]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(done.stderr)
    row: dict[str, object] = json.loads(done.stdout.splitlines()[-1])
    return row


if __name__ == "__main__":
    main()

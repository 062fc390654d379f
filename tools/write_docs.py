"""Writes what the code and the benchmark records know into `docs/`: run after either changed.

    python tools/write_docs.py

`docs/nodes.md` comes from the nodes' tables, `docs/benchmarks.md` from `docs/benchmarks/*.json`,
the parameters in `docs/engines.md` and `docs/training.md` from theirs.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ddff_perception.engines.settings import ENGINE_PARAMETERS
from ddff_perception.ros.describe import markdown, parameter_table
from ddff_perception.ros.nodes import NODE_NAMES, node_interface
from ddff_perception.training.presets import FIT_PARAMETERS

DOCS = Path(__file__).resolve().parent.parent / "docs"
# What comes after this line of the page on training is written here.
_SETTINGS = "<!-- written by tools/write_docs.py -->"
# What each record is about, in the order of the page: title, what to say, columns by key.
SECTIONS: dict[str, tuple[str, str, dict[str, str]]] = {
    "accuracy": (
        "Accuracy on path-traced stacks",
        "Eight stacks of rooms and table tops, half with plain walls, rendered by Mitsuba's "
        "thin lens with seeds that nothing was tuned on. Mean absolute error in dioptres over"
        " all pixels at full coverage; `ratio` is to the yardstick (sum-modified Laplacian as"
        " everyone writes it); the confident half is the 50 % of the pixels with the highest "
        "confidence, its ratio to the yardstick's error on all pixels. `calibration`: "
        "expected calibration error of the confidence.",
        {
            "method": "method",
            "mae_dpt": "error [1/m]",
            "ratio_to_yardstick": "ratio",
            "half_mae_dpt": "confident half [1/m]",
            "half_ratio_to_yardstick": "ratio",
            "abs_rel": "Abs rel",
            "delta_1": "δ %",
            "delta_2": "δ² %",
            "delta_3": "δ³ %",
            "bumpiness": "bumpiness",
            "calibration_error": "calibration",
            "median_s": "s per stack",
        },
    ),
    "speed": (
        "Speed",
        "One new 640x480 slice to new depth (`new slice` + `new depth`), default method. "
        "`ratio` is to one yardstick slice: its share of filter2D, box mean, and stack and "
        "argmax over the slices. `ratio to measure` is to filter2D and box mean alone, the "
        "strictest reading.",
        {
            "slices": "slices",
            "yardstick_slice_ms": "yardstick slice [ms]",
            "yardstick_measure_ms": "its measure [ms]",
            "slice_ms": "new slice [ms]",
            "depth_ms": "new depth [ms]",
            "all_in_focus_ms": "all-in-focus [ms]",
            "ratio": "ratio",
            "ratio_measure": "ratio to measure",
            "kept_bytes_per_slice": "kept per slice [bytes]",
        },
    ),
    "node_overhead": (
        "Node overhead",
        "640x480 through the live node over DDS, CPU time per frame by who listens. Overhead "
        "is everything but the estimator: transport, conversion, capture, points, messages, "
        "diagnostics.",
        {
            "listeners": "listeners",
            "frames": "frames",
            "cpu_ms": "CPU [ms]",
            "estimator_ms": "estimator [ms]",
            "overhead_ms": "overhead [ms]",
            "latency_median_ms": "latency [ms]",
            "latency_95_ms": "95 % [ms]",
        },
    ),
    "transport": (
        "Transport",
        "Best-effort images from one process to another on one host, with and without "
        "`config/fastdds_shm.xml`, and a long run through the node.",
        {
            "what": "what",
            "message": "message",
            "profile": "profile",
            "sent": "sent",
            "received": "received",
            "lost": "lost",
            "depth_images": "depth images",
            "dropped": "dropped by the node",
            "latency_median_ms": "latency [ms]",
            "memory_start_mib": "memory at start [MiB]",
            "memory_end_mib": "at end [MiB]",
        },
    ),
    "real_stacks": (
        "Real captures",
        "No capture has a depth map; what is known of it is scored. Aligned slices, 960 "
        "pixels wide. The command writes the pictures to `out/real_stacks/report.html`.",
        {
            "capture": "capture",
            "slices": "slices",
            "alignment": "alignment",
            "residual_px": "residual [px]",
            "method": "method",
            "score_is": "score",
            "score": "value",
            "seconds": "s",
        },
    ),
    "engine_precision": (
        "Engines: float32 and bfloat16",
        "Six 3x3 convolutions of 48 channels on half of 640x480, two threads, engines in turns. "
        "`ratio` is to OpenVINO in float32; `error` is the largest, as a share of the largest "
        "value, to ONNX Runtime in float32. Without AMX, bfloat16 is slower than float32: "
        "`engine.cpu_precision` auto takes it only with AMX.",
        {
            "instructions": "instructions",
            "backend": "backend",
            "precision": "computed in",
            "ms": "run [ms]",
            "ratio": "ratio",
            "error": "error",
        },
    ),
    "tensorrt_check": (
        "TensorRT",
        "The checklist of `benchmarks/tensorrt_check.py` on a machine with a GPU.",
        {"model": "model", "claim": "claim", "holds": "holds", "result": "result"},
    ),
    "grid_search": (
        "VDFF: the papers' baseline, and its grid search",
        "On the development stacks. The search changes two parameters; the paper's values "
        "stay the defaults.",
        {"method": "method", "mae_dioptres": "error [1/m]"},
    ),
}


def main() -> None:
    (DOCS / "nodes.md").write_text(nodes_page(), encoding="utf-8")
    (DOCS / "benchmarks.md").write_text(benchmarks_page(), encoding="utf-8")
    (DOCS / "engines.md").write_text(engines_page(), encoding="utf-8")
    (DOCS / "training.md").write_text(training_page(), encoding="utf-8")


def training_page() -> str:
    """The page on training, its table of settings anew."""
    head, mark, _ = (DOCS / "training.md").read_text(encoding="utf-8").partition(_SETTINGS)
    return f"{head}{mark}\n\n{parameter_table(FIT_PARAMETERS)}\n"


def engines_page() -> str:
    """The page as it is, with the table of its parameters anew."""
    head, title, rest = (
        (DOCS / "engines.md").read_text(encoding="utf-8").partition("\n## Parameters\n\n")
    )
    after = rest[rest.index("\n## ") :]
    return f"{head}{title}{parameter_table(ENGINE_PARAMETERS)}\n{after}"


def nodes_page() -> str:
    """Every node's topics, services and parameters."""
    head = (
        "# Nodes\n\nWritten by `python tools/write_docs.py` from the tables the nodes run on.\n\n"
    )
    return head + "\n".join(markdown(node_interface(name)) for name in NODE_NAMES)


def benchmarks_page() -> str:
    """Every benchmark record as a table, and what falls short in prose (`shortfalls.md`)."""
    parts = [
        "# Benchmarks\n\nWritten by `python tools/write_docs.py` from `docs/benchmarks/*.json`."
    ]
    shortfalls = DOCS / "benchmarks" / "shortfalls.md"
    if shortfalls.is_file():
        parts.append(shortfalls.read_text(encoding="utf-8").strip())
    for name, (title, text, columns) in SECTIONS.items():
        file = DOCS / "benchmarks" / f"{name}.json"
        if file.is_file():
            parts.append(
                _section(json.loads(file.read_text(encoding="utf-8")), title, text, columns)
            )
    return "\n\n".join(parts) + "\n"


def _section(record: Mapping[str, Any], title: str, text: str, columns: Mapping[str, str]) -> str:
    machine = record["hardware"]
    source = (
        f"`{record['command']}`, {record['date']}, commit {record['commit']}, "
        f"{machine['processor']}, {machine['cores']} cores, Python {machine['python']}, "
        f"OpenCV {machine['opencv']}."
    )
    return f"## {title}\n\n{text}\n\n{_table(record['rows'], columns)}\n\n{source}"


def _table(rows: Sequence[Mapping[str, Any]], columns: Mapping[str, str]) -> str:
    lines = [" | ".join(columns.values()), " | ".join("---" for _ in columns)]
    lines += [" | ".join(_cell(row.get(key)) for key in columns) for row in rows]
    return "\n".join(f"| {line} |" for line in lines)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, Mapping):
        return ", ".join(f"{key}: {number}" for key, number in value.items()) or "none"
    return f"{value:.3g}" if isinstance(value, float) else str(value)


if __name__ == "__main__":
    main()

"""The networks on an NVIDIA GPU in torch: one new 640x480 slice to new depth, and a whole stack.

What TensorRT would run, by the framework that they were trained in: an upper bound of the cost on
that GPU where no TensorRT is installed (`benchmarks/tensorrt_check.py` measures it where it is).
Times are medians by the clock, images uploaded and results downloaded. Weights are random: no time
depends on them.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from _record import write_record
from torch import Tensor, nn

from ddff_perception.depth_from_focus.networks.focus_stream import FocusStream
from ddff_perception.depth_from_focus.training.focus_stream_onnx import network_in_precision
from ddff_perception.depth_from_focus.training.papers_presets import DDFFNETS, DYNAMIC_FUSION

WIDTH, HEIGHT, SLICES, REPEATS = 640, 480, 10, 50
PAPERS = (
    ("ddffnet_cc3, width 1", DDFFNETS["ddffnet_cc3"], "paper"),
    ("ddffnet_cc3, gpu preset", DDFFNETS["ddffnet_cc3"], "gpu"),
    ("dynamic_fusion, gpu preset", DYNAMIC_FUSION, "gpu"),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--record", type=Path, help="where the record goes")
    path = parser.parse_args().record
    rows = [_streaming(kind) for kind in ("float32", "float16")]
    rows += [_whole(name, part, preset) for name, part, preset in PAPERS]
    for row in rows:
        print("  ".join(f"{key} {value}" for key, value in row.items()))
    found = write_record("learned_speed_gpu", rows, path, gpu=torch.cuda.get_device_name())
    print(f"recorded in {found}")


@torch.no_grad()
def _streaming(precision: str) -> dict[str, Any]:
    network = network_in_precision(FocusStream(), precision).cuda()
    slices = torch.randint(0, 256, (SLICES, HEIGHT, WIDTH, 3), dtype=torch.uint8).pin_memory()
    positions = torch.linspace(0, 1, SLICES, device="cuda")[None]
    templates = torch.randn(1, 3, SLICES, network.settings.bins, device="cuda")
    shown = torch.zeros(1, HEIGHT, WIDTH, 3, dtype=torch.uint8, device="cuda")

    def encode() -> Tensor:
        return network.encoder(shown.permute(0, 3, 1, 2).float())

    kept = encode()
    encodings = torch.stack([kept[0] for _ in range(SLICES)])[None].contiguous()

    def solve() -> Tensor:
        base, offset, scale, _ = network.head.placed(encodings, positions, templates)
        return torch.cat([base.float(), offset, scale], dim=1)

    def take(number: int) -> None:
        shown.copy_(slices[number : number + 1], non_blocking=True)
        encodings[0, number].copy_(encode()[0])

    def step() -> None:
        take(3)
        solve().cpu()

    def whole() -> None:
        for number in range(SLICES):
            take(number)
        solve().cpu()

    one, ten = _milliseconds(step), _milliseconds(whole)
    return {
        "network": "focus_stream",
        "precision": precision,
        "step_ms": one,
        "stack_ms": ten,
        "ratio": round(one / ten, 3),
    }


@torch.no_grad()
def _whole(name: str, part: Any, preset: str) -> dict[str, Any]:
    own = part.own.from_values({**part.PRESET_VALUES[preset], "slices": SLICES})
    network: nn.Module = part.make(own).eval().cuda()
    images = torch.rand(1, SLICES, 3, HEIGHT, WIDTH).pin_memory()
    dioptres = torch.linspace(2.0, 0.2, SLICES, device="cuda")[None]

    def run() -> None:
        with torch.autocast("cuda", torch.float16):
            network(images.cuda(non_blocking=True), dioptres)["position"].cpu()

    count = sum(p.numel() for p in network.parameters())
    return {
        "network": name,
        "precision": "float16",
        "stack_ms": _milliseconds(run),
        "parameters": count,
    }


def _milliseconds(call: Callable[[], None]) -> float:
    for _ in range(5):
        call()
    times = []
    for _ in range(REPEATS):
        torch.cuda.synchronize()
        started = time.perf_counter()
        call()
        torch.cuda.synchronize()
        times.append(time.perf_counter() - started)
    return round(statistics.median(times) * 1e3, 3)


if __name__ == "__main__":
    main()

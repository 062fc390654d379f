"""`ddff simulate bag`: a recorded focus sweep with true depth, from a stack or a random scene."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Annotated

import typer

from ..console import progress_bar, say
from ..simulation.focus_camera.replay import ORDERS


def bag(
    output: Annotated[Path, typer.Option("--output", "-o", help="The new bag's folder.")],
    stack: Annotated[
        Path | None,
        typer.Argument(help="Stack folder; left out, a random scene is rendered (needs Mitsuba)."),
    ] = None,
    storage: Annotated[str, typer.Option(help="mcap or sqlite3.")] = "mcap",
    compress: Annotated[bool, typer.Option(help="Pack with zstd.")] = False,
    sweeps: Annotated[int, typer.Option(help="How often the focus goes through its range.")] = 3,
    rate: Annotated[float, typer.Option(help="Frames per second.")] = 10.0,
    order: Annotated[str, typer.Option(help=f"One of: {', '.join(ORDERS)}.")] = "ping_pong",
    moving_frames: Annotated[int, typer.Option(help="Frames while the lens moves.")] = 0,
    dwell_frames: Annotated[int, typer.Option(help="Frames at each focus distance.")] = 1,
    noise: Annotated[float, typer.Option(help="Noise, 8-bit grey levels.")] = 0.0,
    drop: Annotated[float, typer.Option(help="Share of images left out, 0 .. 1.")] = 0.0,
    seed: Annotated[int, typer.Option(help="Of the scene, the noise and the drops.")] = 0,
    namespace: Annotated[str, typer.Option(help="Namespace of the topics.")] = "/camera",
) -> None:
    """Record a focus sweep with camera_info, focus states and true depth as a rosbag2 bag.

    The same arguments give the same messages.

    Examples:
      ddff simulate bag my_stack -o sweep_bag

      ddff simulate bag my_stack -o sweep_bag --storage sqlite3 --sweeps 5 --rate 30 --drop 0.05

      ddff simulate bag -o random_bag --seed 7

    """
    from ..simulation.focus_camera.bag import SweepBagSettings, write_sweep_bag

    settings = SweepBagSettings(
        sweeps=sweeps,
        rate_hz=rate,
        order=order,
        moving_frames=moving_frames,
        dwell_frames=dwell_frames,
        noise=noise,
        drop=drop,
        seed=seed,
        namespace=namespace,
    )
    with tempfile.TemporaryDirectory() as temporary:
        folder = stack if stack is not None else _rendered(Path(temporary), seed)
        with progress_bar("writing frames") as report:
            count = write_sweep_bag(
                folder, output, settings, storage=storage, compress=compress, progress=report
            )
    say(f"{count} messages in {output}")


def _rendered(folder: Path, seed: int) -> Path:
    """A stack folder with a rendered sweep of a random scene."""
    from ..files.stack_folder import write_stack
    from ..simulation.focus_camera.sweep import SweepSettings, render_sweep
    from ..simulation.rendering.scenes import SceneSettings

    with progress_bar("rendering") as report:
        sweep = render_sweep(SweepSettings(scene=SceneSettings(seed=seed)), report)
    write_stack(folder / "stack", sweep.stack, truth=sweep.truth, all_in_focus=sweep.all_in_focus)
    return folder / "stack"
